"""Who sent what: a run's exchanges by session, sender and verdict, and the sums of each session and each sender."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from batchreset.core.reporting.traffic import Session

_THROTTLED: Final = "throttled"
_SUCCEEDED: Final = "succeeded"
_LOST: Final = "sender_lost"
_GIVEN_UP: Final = "cancelled"

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """Those of one session and one sender that came to the same. Moments: milliseconds since 1970, UTC.

    Attributes:
        sender: empty: the process that carried the run out, or one for whom it did not wait.
        verdict: as the ledger keeps it.
        answered: of them, those to which an answer came.
    """

    session: int
    sender: str
    verdict: str
    exchanges: int
    answered: int
    first_sent_at: int
    last_ended_at: int

    @property
    def lost(self) -> bool:
        """Nothing was heard of their sender any more: they ended when its lease did, whatever it did until then."""
        return self.verdict == _LOST


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBy:
    """What one sender did for a run.

    Attributes:
        sender: empty: the process that carried the run out, or one for whom it did not wait.
        answered: exchanges to which an answer came, 429 too.
        lost: those of which nothing was heard any more, as its sender was gone.
        given_up: those for which nobody waited any more: the run was stopped. Who had them is not known.
        succeeded: rows that were reset by it.
        last_answer_at: None where no answer came.
        last_ended_at: also of what had no answer: when it was given up.
        active_seconds: from its first request to its last answer, in each session.
    """

    sender: str
    exchanges: int
    answered: int
    throttled: int
    lost: int
    given_up: int
    succeeded: int
    first_sent_at: int
    last_answer_at: int | None
    last_ended_at: int
    active_seconds: float

    @property
    def unanswered(self) -> int:
        """Those that had no answer, or were not sent, by its own word."""
        return self.exchanges - self.answered - self.lost

    @property
    def per_second(self) -> float:
        """Answers, on the average of the time in which it was active."""
        return self.answered / self.active_seconds if self.active_seconds else 0.0


def senders_of(exchanged: Iterable[Exchanged]) -> tuple[SentBy, ...]:
    """Each of them, whoever sent most first; none where only the process that carried the run out did."""
    found = [_sent_by(sender, parts) for sender, parts in _grouped(exchanged, lambda part: part.sender).items()]
    if all(not one.sender for one in found):
        return ()
    return tuple(sorted(found, key=lambda one: (-one.exchanges, one.sender)))


def _sent_by(sender: str, parts: list[Exchanged]) -> SentBy:
    sessions = _grouped(parts, lambda part: part.session).values()
    return SentBy(
        sender=sender,
        exchanges=sum(part.exchanges for part in parts),
        answered=sum(part.answered for part in parts),
        throttled=_of(parts, _THROTTLED),
        lost=_of(parts, _LOST),
        given_up=_of(parts, _GIVEN_UP),
        succeeded=_of(parts, _SUCCEEDED),
        first_sent_at=min(part.first_sent_at for part in parts),
        last_answer_at=max((part.last_ended_at for part in parts if part.answered), default=None),
        last_ended_at=max(part.last_ended_at for part in parts),
        active_seconds=sum(_active_seconds(own) for own in sessions),
    )


def _active_seconds(own: list[Exchanged]) -> float:
    """What had no answer ends when somebody's patience does: that is no work."""
    first_sent_at = min(part.first_sent_at for part in own)
    return max(0, max((part.last_ended_at for part in own if part.answered), default=0) - first_sent_at) / 1000


def sessions_of(
    noted: Iterable[tuple[int, int, int | None, str | None]], exchanged: Iterable[Exchanged]
) -> tuple[Session, ...]:
    """Each session (number, began, ended, why it ended) with what was exchanged in it, also those with nothing."""
    by_session = _grouped(exchanged, lambda part: part.session)
    return tuple(
        Session(
            number=number,
            began_at=began_at,
            ended_at=ended_at,
            stop_reason=stop_reason,
            exchanges=sum(part.exchanges for part in by_session[number]),
            throttled=_of(by_session[number], _THROTTLED),
            first_sent_at=min((part.first_sent_at for part in by_session[number]), default=None),
            last_ended_at=max((part.last_ended_at for part in by_session[number] if not part.lost), default=None),
        )
        for number, began_at, ended_at, stop_reason in noted
    )


def verdicts_of(exchanged: Iterable[Exchanged]) -> Mapping[str, int]:
    """How many exchanges came to what."""
    return {
        verdict: sum(part.exchanges for part in parts)
        for verdict, parts in _grouped(exchanged, lambda part: part.verdict).items()
    }


def _of(parts: Iterable[Exchanged], verdict: str) -> int:
    return sum(part.exchanges for part in parts if part.verdict == verdict)


def _grouped(exchanged: Iterable[Exchanged], key: Callable[[Exchanged], Key]) -> dict[Key, list[Exchanged]]:
    groups: defaultdict[Key, list[Exchanged]] = defaultdict(list)
    for part in exchanged:
        groups[key(part)].append(part)
    return groups
