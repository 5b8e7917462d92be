"""The ledger beside Partner Center's own records: what they settle, and where the two differ.

Whatever order the records come in, however often one comes, and whoever else's are among them:

- What has succeeded by an answer stays so. A row is settled as not changed only when every request of it that was
  unclear is recorded as failed. That nothing is recorded proves nothing.
- A password is given as in force only when nothing recorded speaks against it; one that may be in force is never left
  out of the hand-over.

Records that were seen once are kept: all is decided anew from the answers and from every record ever seen.
"""

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from batchreset.core.audit import CLOCK_SKEW, AuditRecord, Recorded
from batchreset.core.certainty import Certainty, certainty
from batchreset.core.correlation import correlation_id
from batchreset.core.outcome import Outcome

_UNNOTED_AT_MOST: Final = 16
"""Exchanges of a row are noted a moment after each: when a process is killed, more than one or two may be missing only
where the disk is very slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAttempt:
    """One exchange of the ledger; `correlation_id` lower case."""

    correlation_id: str
    succeeded: bool
    unclear: bool
    sent_at: dt.datetime
    ended_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One password of a row.

    Attributes:
        cut_off: a process was killed while it may have been sent; that exchange is not among the attempts.
        request_id: that was noted with it.
        exchanges: noted of the row up to now, with this password and with those before it.
    """

    number: int
    noted_at: dt.datetime
    cut_off: bool
    request_id: str = ""
    exchanges: int = 0
    attempts: tuple[SentAttempt, ...] = ()

    @property
    def unnoted_ids(self) -> frozenset[str]:
        """Correlation ids of exchanges that may have been under way when a process was killed."""
        if not self.cut_off or not self.request_id:
            return frozenset()
        sent = {attempt.correlation_id for attempt in self.attempts}
        numbers = range(1, self.exchanges + _UNNOTED_AT_MOST + 1)
        return frozenset(correlation_id(self.request_id, number) for number in numbers) - sent


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """A row with at least one password noted.

    Attributes:
        outcome: the valid one that answers led to, whatever records have made of it since; None: there is none.
        generations: oldest first.
    """

    row: int
    customer_tenant_id: str
    user_id: str
    outcome: Outcome | None
    generations: tuple[Generation, ...]

    @property
    def was_sent(self) -> bool:
        """Whether anything was sent for it, as far as can be told."""
        return any(generation.attempts or generation.cut_off for generation in self.generations)

    @property
    def correlation_ids(self) -> frozenset[str]:
        """Of every request that was sent for it, or may have been."""
        noted = (attempt.correlation_id for password in self.generations for attempt in password.attempts)
        return frozenset(noted).union(*(password.unnoted_ids for password in self.generations))


class Difference(enum.StrEnum):
    """Where the two differ; the words are the contract of reconcile.csv."""

    IN_DOUBT = "in_doubt"
    """The row stays in doubt: the records do not tell (yet)."""
    NOT_RECORDED = "not_recorded"
    """It succeeded, and there is no record of it (yet)."""
    RECORDED_FAILED = "recorded_failed"
    """It succeeded, and is recorded as failed."""
    RECORDED_SUCCEEDED = "recorded_succeeded"
    """It failed by an answer, and is recorded as succeeded."""
    RECORDED_LATER = "recorded_later"
    """An earlier password of this run is recorded after a later one, or perhaps after it."""
    SOMEBODY_ELSE = "somebody_else"
    """A reset is recorded that this run did not send."""
    PERHAPS_OURS = "perhaps_ours"
    """The same, of an account whose request was under way when a process of this run was killed."""
    NO_USER = "no_user"
    """A reset is recorded in a customer of this run, and whose is not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference; `record` is the one that it is about, if it is about one."""

    what: Difference
    record: AuditRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What answers and records together say of one row.

    Attributes:
        outcome: how the row ends; None: it has no outcome of its own yet.
        settled: records decided that, and not the answers.
        certainties: of each of its passwords, how sure it is, None for one that is surely not in force; empty: as
            `core.certainty` has it by the outcome.
        differences: in a fixed order.
    """

    outcome: Outcome | None
    settled: bool = False
    certainties: Mapping[int, Certainty | None] = field(default_factory=dict)
    differences: tuple[Found, ...] = ()


class _Standing(enum.Enum):
    APPLIED = enum.auto()
    UNCLEAR = enum.auto()
    NOT_APPLIED = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One password by ledger and records.

    Attributes:
        doubted: as the ledger alone has it.
        done: records of its requests as succeeded.
        denied: records as failed of requests whose answer was a success.
        since: it was surely carried out at this moment or later, by the service's clock.
    """

    number: int
    standing: _Standing
    doubted: bool
    done: tuple[AuditRecord, ...]
    denied: tuple[AuditRecord, ...]
    since: dt.datetime


def reconcile_row(row: LedgerRow, records: Iterable[AuditRecord]) -> Reconciled:
    """Compare one row with the records of its account, in any order."""
    own = row.correlation_ids
    recorded: defaultdict[str, list[AuditRecord]] = defaultdict(list)
    others: list[AuditRecord] = []
    in_order = sorted(set(records), key=_order)
    since = _since(row, (record for record in in_order if record.correlation_id in own))
    for record in in_order:
        if record.correlation_id in own:
            recorded[record.correlation_id].append(record)
        elif record.is_reset and record.status is not Recorded.FAILED and (record.at is None or record.at >= since):
            others.append(record)
    judged = [_judge(generation, recorded) for generation in row.generations]
    if row.outcome is Outcome.SUCCEEDED:
        judged[-1] = replace(judged[-1], standing=_Standing.APPLIED)
    outcome = _outcome(row, judged)
    sure = _certainties(outcome, judged, others)
    by_ledger = {
        one.number: certainty(
            generation=one.number,
            outcome=outcome or Outcome.IN_DOUBT,
            outcome_generation=judged[-1].number if outcome is Outcome.SUCCEEDED else None,
            unclear=one.doubted,
        )
        for one in judged
    }
    differences = [*_own(row, outcome, judged), *(_strange(row, others) if row.was_sent else ())]
    # A row without an outcome goes on when the run does: a doubt is none.
    own_outcome = None if row.outcome is None and outcome is Outcome.IN_DOUBT else outcome
    return Reconciled(
        outcome=own_outcome,
        settled=own_outcome is not row.outcome,
        certainties={} if sure == by_ledger else sure,
        differences=tuple(differences),
    )


def _since(row: LedgerRow, own: Iterable[AuditRecord]) -> dt.datetime:
    """What was recorded before this was replaced by the row's first request, by the service's clock.

    This machine's clock may be further ahead than it should be: no later than the first record of its own requests.
    """
    noted = min(generation.noted_at for generation in row.generations) - CLOCK_SKEW
    return min([noted, *(record.at for record in own if record.at is not None)])


def _order(record: AuditRecord) -> tuple[str, ...]:
    return (record.at.isoformat() if record.at else "", record.correlation_id, record.status, record.by)


def _judge(generation: Generation, recorded: Mapping[str, Sequence[AuditRecord]]) -> _Judged:
    answered = against = open_ = False
    since = [generation.noted_at - CLOCK_SKEW]
    every_done: list[AuditRecord] = []
    denied: list[AuditRecord] = []
    # One that was not noted is known by its record alone.
    for name in sorted(generation.unnoted_ids & recorded.keys()):
        every_done += [record for record in recorded[name] if record.status is Recorded.SUCCEEDED]
        against |= len({record.status for record in recorded[name]} - {Recorded.OPEN}) > 1
    for attempt in generation.attempts:
        found = recorded.get(attempt.correlation_id, ())
        done = [record for record in found if record.status is Recorded.SUCCEEDED]
        failed = [record for record in found if record.status is Recorded.FAILED]
        answered |= attempt.succeeded
        against |= bool(done) and (bool(failed) or not (attempt.succeeded or attempt.unclear))
        open_ |= attempt.unclear and not failed
        if attempt.succeeded:
            since.append(attempt.sent_at - CLOCK_SKEW)
            denied += failed
        every_done += done
    if answered or (every_done and not against):
        standing = _Standing.APPLIED
    elif open_ or against or generation.cut_off:
        standing = _Standing.UNCLEAR
    else:
        standing = _Standing.NOT_APPLIED
    return _Judged(
        number=generation.number,
        standing=standing,
        doubted=generation.cut_off or any(attempt.unclear for attempt in generation.attempts),
        done=tuple(every_done),
        denied=tuple(denied),
        since=_newest(every_done) or max(since),
    )


def _newest(records: Iterable[AuditRecord]) -> dt.datetime | None:
    return max((record.at for record in records if record.at is not None), default=None)


def _outcome(row: LedgerRow, judged: Sequence[_Judged]) -> Outcome | None:
    recorded = any(one.done for one in judged)
    # An answer said that nothing was changed (404 after an unclear request, too): only a record can say otherwise.
    refused = row.outcome in {Outcome.FAILED, Outcome.SKIPPED} and not recorded
    if row.outcome is Outcome.SUCCEEDED or refused:
        return row.outcome
    candidates = _candidates(judged)
    if candidates:
        return Outcome.SUCCEEDED if candidates[-1].standing is _Standing.APPLIED else Outcome.IN_DOUBT
    doubted = row.outcome is Outcome.IN_DOUBT or any(one.doubted for one in judged)
    return Outcome.FAILED if doubted else row.outcome


def _candidates(judged: Iterable[_Judged]) -> list[_Judged]:
    """The passwords that may be in force."""
    return [one for one in judged if one.standing is not _Standing.NOT_APPLIED]


def _certainties(
    outcome: Outcome | None, judged: Sequence[_Judged], others: Sequence[AuditRecord]
) -> dict[int, Certainty | None]:
    candidates = [] if outcome is Outcome.FAILED else _candidates(judged)
    possible: dict[int, Certainty | None] = {one.number: None for one in judged}
    possible.update((one.number, Certainty.POSSIBLE) for one in candidates)
    if outcome is not Outcome.SUCCEEDED:
        return possible
    last = candidates[-1]
    # Of somebody else's, or of a request of this run that nobody could note: either way no password is sure then.
    later = any(record.at is None or record.at >= last.since for record in others)
    if later or last.denied or _rivals(judged):
        return possible
    return {one.number: Certainty.IN_FORCE if one is last else Certainty.SUPERSEDED for one in judged}


def _rivals(judged: Sequence[_Judged]) -> list[AuditRecord]:
    """Of each earlier password that is, or may be, recorded after the last one: the record that says so."""
    candidates = _candidates(judged)
    if not candidates:
        return []
    last = candidates[-1]
    # Without a record of its own it may have been carried out at any moment from then on.
    at = _newest(last.done) if last.done else last.since
    found = ([one for one in each.done if at is None or one.at is None or one.at >= at] for each in candidates[:-1])
    return [max(records, key=_order) for records in found if records]


def _own(row: LedgerRow, outcome: Outcome | None, judged: Sequence[_Judged]) -> Iterator[Found]:
    if outcome is Outcome.IN_DOUBT:
        yield Found(what=Difference.IN_DOUBT)
    if outcome is Outcome.SUCCEEDED:
        last = _candidates(judged)[-1]
        if last.denied:
            yield Found(what=Difference.RECORDED_FAILED, record=last.denied[-1])
        elif not last.done:
            yield Found(what=Difference.NOT_RECORDED)
        for record in _rivals(judged):
            yield Found(what=Difference.RECORDED_LATER, record=record)
    if row.outcome is Outcome.FAILED:
        for one in judged:
            if one.done:
                yield Found(what=Difference.RECORDED_SUCCEEDED, record=one.done[-1])


def _strange(row: LedgerRow, others: Iterable[AuditRecord]) -> Iterator[Found]:
    killed = [generation.noted_at - CLOCK_SKEW for generation in row.generations if generation.cut_off]
    for record in others:
        perhaps = any(record.at is None or record.at >= since for since in killed)
        yield Found(what=Difference.PERHAPS_OURS if perhaps else Difference.SOMEBODY_ELSE, record=record)
