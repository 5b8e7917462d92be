"""Carrying a frozen run out, or on: hold it, ask the guards, send what is left, write results and summary."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TextIO

from batchreset import __version__
from batchreset.adapters.run_folder import holding
from batchreset.core.events import EventLog
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.stop import APPLY, stop_for
from batchreset.core.take_up import TakeUp
from batchreset.errors import (
    BatchresetError,
    ExitCode,
    PlanRefusedError,
    RefusedError,
)
from batchreset.wiring.concluding import (
    Around,
    check_results_can_be_written,
    completed,
    conclude,
    is_complete,
    take_away_report,
)
from batchreset.wiring.frozen import FrozenRun, standing
from batchreset.wiring.machine import Machine, StopSource
from batchreset.wiring.pace_memory import Remembered, pacing_summary, read_pacing, remembered
from batchreset.wiring.recent import accounts_of, alone_with
from batchreset.wiring.rehearsal import look_for_senders
from batchreset.wiring.run_log import run_log
from batchreset.wiring.session import Display, Ended, Session, prepared
from batchreset.wiring.unchanged import check_plan_is_unchanged

_THIS_MACHINE: Final = Machine()
_NOBODY: Final = Around()


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a run is to be carried out, beside its settings.

    Attributes:
        take_up: rows with an outcome that are sent again.
        dry_run: everything but the requests; a cluster is reached, too.
        again: although another run of the same accounts finished within a day, or is under way.
        log_files: beside the run's own log.
        log_level: of the log files, as in `logging`.
        stderr: events are shown there from level `shown` on.
        say: shows a line to whoever is there.
    """

    take_up: TakeUp
    dry_run: bool
    again: bool
    log_files: Sequence[Path]
    log_level: int
    stderr: TextIO
    shown: int
    say: Callable[[str], None]
    display: Display


def apply(run: FrozenRun, how: How, *, environ: Mapping[str, str], machine: Machine = _THIS_MACHINE) -> dict[str, Any]:
    """Carry the run out, or on; the summary. Whatever ends it, results and summary are written first.

    Raises:
        RunHeldError: another process holds it, or another run of the same accounts.
        PlanRefusedError: the same accounts were reset within a day, or protected ones cannot be told from others.
        InputError: a protected list cannot be read.
        RunFolderError: plan or settings are not those that were frozen, or the folder cannot be written.
        SettingsError: sign-in, recipients, certificate authority or results file cannot be used.
        ClusterError: a dry run cannot reach those who are to send.
        LedgerError: the ledger cannot be opened or read.
        ResultsError: recorded, but the results could not be written.
    """
    signals, runs_dir = machine.stop_source(), run.folder.path.parent
    with (
        _naming(run),
        signals.noting(),
        holding(run.folder),
        alone_with(
            accounts_of(run.facts),
            runs_dir,
            run_id=run.folder.run_id,
            again=how.again or run.again,
            now=machine.now(),
        ),
        run_log(run, how) as log,
        _last_event(log) as last,
        contextlib.ExitStack() as closing,
    ):
        check_plan_is_unchanged(run)
        _refuse_unread(run, dry_run=how.dry_run)
        check_results_can_be_written(run)
        session = closing.enter_context(prepared(run, environ=environ, log=log, machine=machine))
        began_at, stop, pacing = machine.now(), signals.stop, read_pacing(run.folder)
        log.info("run.began", version=__version__, dry_run=how.dry_run, to_reset=run.reset_count)
        try:
            if how.dry_run:
                look_for_senders(run.settings, run=machine.run, signals=signals, log=log, say=how.say)
                stop = signals.stop
            elif stop is None:
                earlier = _earlier(run, began_at, log)
                ended = _carried_out(session, how, earlier, signals)
                stop = ended.stop
                if ended.learned is not None:
                    pacing = pacing_summary(
                        ended.learned, run.settings, started_from=earlier.run_ids, now=machine.now()
                    )
        except BatchresetError as error:
            stop = stop_for(Reason.INTERRUPTED, error.what, next_step=error.next_step, exit_code=error.exit_code)
            raise
        except BaseException:
            stop = stop_for(Reason.INTERRUPTED, "an unexpected error ended the run", exit_code=ExitCode.UNEXPECTED)
            raise
        finally:
            around = Around(log=log, say=how.say, skippable=signals.skippable)
            summary = conclude(
                run, stop, pacing=pacing, dry_run=how.dry_run, began_at=began_at, ended_at=machine.now(), around=around
            )
            outcomes = {outcome: rows for outcome, rows in summary["outcomes"].items() if rows}
            last.update(state=summary["state"], exit_code=summary["exit_code"], **outcomes)
        return summary


def _carried_out(session: Session, how: How, earlier: Remembered, signals: StopSource) -> Ended:
    """What an earlier session left to read is taken away first: it is not true any more."""
    session.run.folder.summary_json.unlink(missing_ok=True)
    take_away_report(session.run)
    return session.carry_out(how.take_up, start_from=earlier.learned, display=how.display, signals=signals, say=how.say)


def summary_of(run: FrozenRun, *, around: Around = _NOBODY) -> dict[str, Any]:
    """The summary of a run that has nothing left to do, or that waits to be looked at; nothing is sent.

    A process that was killed after the last outcome left neither results nor summary, and one that was killed while it
    compared the run with Partner Center's records left them as they were: they are written now.

    Raises:
        RunHeldError: another process holds the run.
        RunFolderError: the folder cannot be read.
        LedgerError: the ledger cannot be read.
        ResultsError: the results could not be written.
    """
    now, moment = standing(run), dt.datetime.now(dt.UTC)
    summary = run.folder.read_summary()
    outcomes = {outcome.value: now.outcomes[outcome] for outcome in Outcome}
    told = summary is not None and summary.get("outcomes") == outcomes
    if summary is not None and told and summary.get("state") == ("stopped" if now.rows_left else "finished"):
        summary |= {"pacing": read_pacing(run.folder)}
        if is_complete(run):
            return summary
        with holding(run.folder):
            return completed(run, summary, replace(around, written_at=moment))
    stop = None
    if now.rows_left and now.last is not None and now.last.stop_reason is not None:
        stop = stop_for(now.last.stop_reason, f"the run was stopped before ({now.last.stop_reason})")
    with holding(run.folder):
        ended_at = (now.last and now.last.ended_at) or moment
        return conclude(
            run, stop, pacing=read_pacing(run.folder), dry_run=False, began_at=ended_at, ended_at=ended_at,
            around=replace(around, written_at=moment),
        )  # fmt: skip


def _earlier(run: FrozenRun, now: dt.datetime, log: EventLog) -> Remembered:
    earlier = remembered(run, now=now)
    if earlier.learned is not None:
        log.info("pace.remembered", of_runs=list(earlier.run_ids))
    return earlier


def _refuse_unread(run: FrozenRun, *, dry_run: bool) -> None:
    if run.unread and not dry_run:
        raise PlanRefusedError(
            "this plan was made by a dry run with --online, which reads nobody: who would have been left out is not"
            " known; nothing was sent",
            next_step="plan again with --online, without --dry-run and under another --run-id",
        )


@contextlib.contextmanager
def _naming(run: FrozenRun) -> Iterator[None]:
    """Whatever is to be done about an error, its command names this run."""
    try:
        yield
    except BatchresetError as error:
        error.next_step = error.next_step.replace(APPLY, f"`{run.apply_command}`")
        raise


@contextlib.contextmanager
def _last_event(log: EventLog) -> Iterator[dict[str, Any]]:
    """`run.ended`, after what the sign-in has to say at its end; with what is yielded, else with what went wrong."""
    fields: dict[str, Any] = {}
    try:
        yield fields
    except BatchresetError as error:
        refused = isinstance(error, RefusedError)
        fields = fields or {"state": "refused" if refused else "failed", "exit_code": int(error.exit_code)}
        fields.setdefault("what", error.what)
        raise
    finally:
        log.info("run.ended", **fields)
