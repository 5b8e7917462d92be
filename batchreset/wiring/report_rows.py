"""The rows of a run for its report, and how far the run has come, both of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from batchreset.adapters.ledger import Ending, LastSession, LedgerReader, ResultValues
from batchreset.adapters.results import count_results
from batchreset.adapters.run_folder import is_held
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.report import Stopped
from batchreset.core.reporting.rows import Counted
from batchreset.core.stop import exit_code_of
from batchreset.wiring.frozen import FrozenRun, unattempted_reason

_TOLD_AS: Final = {"interrupted": "stopped", "planned": "stopped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How far the run has come, and why it is not further.

    Attributes:
        state: planned, dry_run, running, finished, stopped or interrupted.
        exit_code: None where no session has come to an end of its own.
    """

    state: str
    exit_code: int | None = None
    stopped: Stopped | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRows:
    """All rows, and how far they are.

    Attributes:
        to_reset: rows of the plan, but for those left out since.
        settled: of them, those that ended, or of which a request was sent and nobody waits for its answer.
        under_way: rows whose answer is awaited at this moment.
    """

    counted: Counted
    end: End
    to_reset: int
    settled: int
    under_way: int


def found_rows(run: FrozenRun, ledger: LedgerReader | None, summary: Mapping[str, Any] | None) -> FoundRows:
    """Count the rows, and tell how the run stands.

    While a session goes on, rows under way are rows to come: nobody has to look at them yet.

    Args:
        run: which one.
        ledger: None where nobody has begun.
        summary: of the session that has just ended, by whoever holds the run; None: whatever the folder tells.

    Raises:
        LedgerError, RunFolderError: ledger or plan cannot be read.
    """
    running = summary is None and is_held(run.folder)
    if summary is None and not running:
        summary = run.folder.read_summary()
    last = ledger.last_session() if ledger else None
    dry_run = last is None and (summary or {}).get("state") == "dry_run"
    rows = _Rows(
        ledger=ledger,
        unfinished=Reason.PLANNED if running else unattempted_reason(last, dry_run=dry_run),
        leave_open_out=running,
    )
    counted = count_results(
        plan=run.folder.plan, endings=rows.endings, outcomes=rows.outcomes, unattempted=rows.unfinished
    )
    to_reset = run.reset_count + sum(run.skipped.values()) - counted.of(Outcome.SKIPPED)
    state = "running" if running else "dry_run" if dry_run else _state(last, run.reset_count - rows.settled)
    return FoundRows(
        counted=counted,
        end=_told(summary, state) or _end(run, counted, state, last),
        to_reset=to_reset,
        settled=to_reset - counted.of(Outcome.NOT_ATTEMPTED),
        under_way=rows.open if running else 0,
    )


@dataclass(slots=True, kw_only=True)
class _Rows:
    """Asks the ledger for rows, and notes on the way how many of them have an outcome of their own."""

    ledger: LedgerReader | None
    unfinished: Reason
    leave_open_out: bool
    settled: int = field(default=0, init=False)
    open: int = field(default=0, init=False)

    def endings(self, first: int, last: int) -> list[Ending]:
        if self.ledger is None:
            return []
        settled, under_way = self.ledger.endings_between(first, last, unfinished=self.unfinished)
        self.settled += len(settled)
        self.open += len(under_way)
        return settled if self.leave_open_out else settled + under_way

    def outcomes(self, first: int, last: int) -> list[ResultValues]:
        return self.ledger.results_between(first, last, unfinished=self.unfinished) if self.ledger else []


def _state(last: LastSession | None, rows_left: int) -> str:
    if not rows_left:
        return "finished"
    if last is None:
        return "planned"
    return "stopped" if last.ended_at else "interrupted"


def _told(summary: Mapping[str, Any] | None, state: str) -> End | None:
    """By a summary, if it is of this state of things; it is a file, and anything may stand in it.

    A session that came to no ledger, or whose ledger failed, has told of its end there alone; each session takes away
    the summary before it.
    """
    if summary is None or summary.get("state") != _TOLD_AS.get(state, state):
        return None
    try:
        stop, code = summary["stop"], int(summary["exit_code"])
        told = {name: str(stop[name]) for name in ("reason", "what", "next_step")} if stop else None
    except (KeyError, TypeError, ValueError):
        return None
    return End(state=summary["state"], exit_code=code, stopped=Stopped(**told) if told else None)


def _end(run: FrozenRun, counted: Counted, state: str, last: LastSession | None) -> End:
    """By the ledger alone."""
    match state:
        case "finished":
            outcomes = {outcome: counted.of(outcome) for outcome in Outcome}
            return End(state=state, exit_code=int(exit_code_of(outcomes, None, rows_left=0)))
        case "stopped" if last is not None:
            reason, code = last.stop_reason or Reason.INTERRUPTED, last.exit_code
            what = "the run was stopped, and what it had to say of it is lost"
        case "interrupted":
            reason, code = Reason.INTERRUPTED, None
            what = "the process that carried it out was killed, or its machine went down; what it had noted is kept"
        case _:
            return End(state=state)
    next_step = f"continue the run with `{run.apply_command}`"
    return End(state=state, exit_code=code, stopped=Stopped(reason=reason, what=what, next_step=next_step))
