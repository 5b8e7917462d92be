"""A run as it was frozen: its folder, its settings, and where it stands by its ledger."""

import contextlib
import datetime as dt
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchreset.adapters.ledger import LastSession, LedgerReader
from batchreset.adapters.run_folder import RunFolder
from batchreset.core.frozen_plan import plan_sha256
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.senders import SentBy, senders_of, verdicts_of
from batchreset.core.stop import STOPPED_BY_SAFETY
from batchreset.core.take_up import TakeUp
from batchreset.errors import LedgerError, RunFolderError
from batchreset.settings.model import Settings
from batchreset.settings.snapshot import from_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenRun:
    """run.json, taken apart.

    Attributes:
        facts: all of run.json.
        plan_sha256: of all that was decided at planning; what one person shows to another.
        file_sha256: of plan.parquet alone.
        reset_count: rows that are to be reset.
        skipped: rows left out, by reason.
    """

    folder: RunFolder
    facts: Mapping[str, Any]
    settings: Settings
    plan_sha256: str
    file_sha256: str
    input_sha256: str
    accounts_sha256: str
    reset_count: int
    skipped: Mapping[Reason, int]

    @property
    def again(self) -> bool:
        """Whether it was planned as another reset of accounts that may just have been reset."""
        return self.facts.get("again") is True

    @property
    def problem_count(self) -> int:
        """What was wrong with rows of the input; all of it is in problems.csv."""
        return int(self.facts["plan"].get("problems", 0))

    @property
    def planned_at(self) -> dt.datetime:
        """UTC. Raises RunFolderError: run.json does not say."""
        try:
            return dt.datetime.fromisoformat(self.facts["planned_at"]).astimezone(dt.UTC)
        except (KeyError, TypeError, ValueError) as error:
            raise RunFolderError(
                f"{self.folder.run_json} does not say when the run was planned",
                next_step="plan again under another run id",
            ) from error

    @property
    def identity(self) -> str:
        """No other run has it, whatever it is called: not even one of the same name and accounts in another folder."""
        return f"{self.folder.run_id} {self.facts.get('planned_at', '')} {self.plan_sha256}"

    @property
    def unread(self) -> bool:
        """Whether users were to be read before it was planned, and were not: a dry run reads nobody."""
        return self.facts.get("unread") is True

    @property
    def protected_names(self) -> int:
        """Accounts protected by name, which are looked up before the first reset."""
        return int(self.facts.get("protected_names", 0))

    @property
    def input_source(self) -> str:
        """The input's path as it was given; "-" for standard input."""
        return str(self.facts["input"]["source"])

    @property
    def apply_command(self) -> str:
        """What a person types to carry it on."""
        return f"batchreset apply {shlex.quote(str(self.folder.path))}"


def read_frozen(folder: RunFolder) -> FrozenRun:
    """Read a run's run.json.

    Raises:
        RunFolderError: it cannot be read, or is not a run's.
        SettingsError: it was planned with settings that this version does not know.
    """
    facts = folder.read_run()
    try:
        return FrozenRun(
            folder=folder,
            facts=facts,
            settings=from_snapshot(facts["settings"]),
            plan_sha256=str(facts["plan"]["sha256"]),
            file_sha256=str(facts["plan"].get("file_sha256", "")),
            input_sha256=str(facts["input"]["sha256"]),
            accounts_sha256=str(facts["accounts_sha256"]),
            reset_count=int(facts["plan"]["reset"]),
            skipped={Reason(reason): int(rows) for reason, rows in facts["plan"]["skipped"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunFolderError(
            f"{folder.run_json} does not tell of a run: {lacking(error)}",
            next_step="check that the folder is a run's, and whole; restore it from a copy if it is not",
        ) from error


def lacking(error: Exception) -> str:
    """What is wrong with a run.json, from what was raised over it."""
    if isinstance(error, KeyError):
        return f"it lacks {error.args[0]}"
    return "one of its values is of another kind than it should be"


def digest_of(facts: Mapping[str, Any]) -> str:
    """What binds plan, input and settings together, from a run.json as it is. Raises KeyError, TypeError."""
    return plan_sha256(
        file_sha256=facts["plan"]["file_sha256"],
        input_sha256=facts["input"]["sha256"],
        accounts_sha256=facts["accounts_sha256"],
        counts={
            **{name: facts["plan"][name] for name in ("reset", "skipped", "problems")},
            "protected_names": facts["protected_names"],
            "unread": facts["unread"],
            "online": facts["online"],
            "input_rows": facts["input"]["rows"],
            "input_accounts_sha256": facts["input"]["accounts_sha256"],
        },
        settings=facts["settings"],
        again=facts["again"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a run stands, by its ledger.

    Attributes:
        totals: rows by outcome and reason, all rows of the input.
        settled_totals: of rows that have an outcome of their own.
        under_way: rows that were noted and have none: in flight, or cut off.
        rows_left: rows of the plan that have none.
        last: the newest session; None when nobody has begun.
        exchanges: by verdict.
        senders: who sent them; none where only the process itself did that carried the run out, or nobody asked.
    """

    totals: Mapping[tuple[Outcome, Reason | None], int]
    settled_totals: Mapping[tuple[Outcome, Reason | None], int]
    under_way: int
    rows_left: int
    last: LastSession | None
    exchanges: Mapping[str, int]
    senders: tuple[SentBy, ...] = ()

    @property
    def settled(self) -> int:
        """Rows that have an outcome of their own."""
        return sum(self.settled_totals.values())

    @property
    def outcomes(self) -> Counter[Outcome]:
        """Rows by outcome."""
        return _by_outcome(self.totals)

    @property
    def settled_outcomes(self) -> Counter[Outcome]:
        """Of rows that have an outcome of their own."""
        return _by_outcome(self.settled_totals)

    def rows_to_send(self, take_up: TakeUp) -> int:
        """Rows that have no outcome, and those of `take_up`."""
        again = sum(rows for ended, rows in self.settled_totals.items() if take_up.includes(*ended))
        return self.rows_left + again

    @property
    def sent(self) -> int:
        """Requests that left this machine."""
        return sum(rows for verdict, rows in self.exchanges.items() if verdict != "not_sent")

    @property
    def stopped_by_safety(self) -> bool:
        """Whether a safety limit ended the last session; such a run is taken up only by `apply`."""
        return self.rows_left > 0 and self.last is not None and self.last.stop_reason in STOPPED_BY_SAFETY


def _by_outcome(totals: Mapping[tuple[Outcome, Reason | None], int]) -> Counter[Outcome]:
    counts: Counter[Outcome] = Counter()
    for (outcome, _), rows in totals.items():
        counts[outcome] += rows
    return counts


@contextlib.contextmanager
def reading(run: FrozenRun) -> Iterator[LedgerReader | None]:
    """The run's ledger as of this moment, for reading; None when it has none yet.

    Raises:
        LedgerError: it cannot be read, or is gone although the run has begun: everyone would be reset again.
    """
    if not run.folder.ledger.exists():
        _refuse_a_loss(run)
        yield None
        return
    reader = LedgerReader(run.folder.ledger)
    try:
        with reader.snapshot():
            if reader.last_session() is None:
                _refuse_a_loss(run)
            yield reader
    finally:
        reader.close()


def _refuse_a_loss(run: FrozenRun) -> None:
    """The log says whether a session was noted in it; without its `-wal` file a ledger may lack the whole of it."""
    if run.folder.has_opened_ledger():
        raise LedgerError(
            f"the ledger {run.folder.ledger} is gone, or lacks what its -wal file held, although the run has begun"
            " (log.ndjson tells of it)",
            next_step="bring ledger.sqlite and ledger.sqlite-wal back, from where they were moved to or from a copy:"
            " they hold what was done and the only passwords of whoever was reset",
        )


def unattempted_reason(last: LastSession | None, *, dry_run: bool = False) -> Reason:
    """The reason of rows that have no outcome."""
    if dry_run:
        return Reason.DRY_RUN
    if last is None:
        return Reason.PLANNED
    return last.stop_reason or Reason.INTERRUPTED


def standing(run: FrozenRun, *, dry_run: bool = False, by_sender: bool = False) -> Standing:
    """Where the run stands now; also while another process carries it out. Raises LedgerError.

    Args:
        run: which one.
        dry_run: whether rows without an outcome have none because nothing was to be sent.
        by_sender: who sent the requests is found out too, which takes longer where others did.
    """
    totals: Counter[tuple[Outcome, Reason | None]] = Counter()
    for skipped_reason, rows in run.skipped.items():
        totals[Outcome.SKIPPED, skipped_reason] += rows
    with reading(run) as ledger:
        last = ledger.last_session() if ledger else None
        reason = unattempted_reason(last, dry_run=dry_run)
        settled = ledger.totals() if ledger else {}
        unfinished = ledger.unfinished(reason) if ledger else {}
        exchanged = ledger.exchanged() if ledger and by_sender and ledger.others_sent() else None
        exchanges = verdicts_of(exchanged) if exchanged is not None else ledger.verdicts() if ledger else {}
    totals.update(settled)
    totals.update(unfinished)
    settled_rows = sum(settled.values())
    untouched = run.reset_count - settled_rows - sum(unfinished.values())
    if untouched:
        totals[Outcome.NOT_ATTEMPTED, reason] += untouched
    return Standing(
        totals=totals,
        settled_totals=settled,
        under_way=sum(unfinished.values()),
        rows_left=run.reset_count - settled_rows,
        last=last,
        exchanges=exchanges,
        senders=senders_of(exchanged or ()),
    )
