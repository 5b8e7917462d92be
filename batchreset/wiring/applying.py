"""Carrying a frozen run out, or on: hold it, open its ledger, send what is left, write results and summary."""

import contextlib
import datetime as dt
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

import anyio

from batchreset import __version__
from batchreset.adapters.events import event_log
from batchreset.adapters.ledger import GroupCommit, LedgerStore
from batchreset.adapters.partner_center import tls_context
from batchreset.adapters.plan import Plan, open_plan
from batchreset.adapters.run_folder import holding
from batchreset.adapters.sealing import parse_recipients, sealer
from batchreset.adapters.signin import GivenToken
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.progress import Progress
from batchreset.core.stop import Stop, stop_for
from batchreset.engine.clock import LoopClock
from batchreset.engine.ports import EventLog
from batchreset.engine.runner import Job, carry_out
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import BatchresetError, ExitCode, ResultsError, RunFolderError, SettingsError
from batchreset.settings.model import Settings
from batchreset.wiring.frozen import FrozenRun, check_plan_is_unchanged, reading, standing
from batchreset.wiring.results import write_results_of
from batchreset.wiring.summary import exit_code, summarize
from batchreset.wiring.world import given_token, limits_of, world_of

_SIGNALS = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}


class Display(Protocol):
    """Shows progress while a run goes on."""

    def showing(self, progress: Progress, log: EventLog) -> contextlib.AbstractAsyncContextManager[None]:
        """Show it while the block runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a run is to be carried out, beside its settings.

    Attributes:
        take_up: outcomes that are tried again; rows without an outcome always are.
        dry_run: everything but the requests.
        log_files: beside the run's own log.
        log_level: of the log files, as in `logging`.
        stderr: events are shown there from level `shown` on.
    """

    take_up: frozenset[Outcome]
    dry_run: bool
    log_files: Sequence[Path]
    log_level: int
    stderr: TextIO
    shown: int
    display: Display


def apply(run: FrozenRun, how: How, *, environ: Mapping[str, str]) -> dict[str, Any]:
    """Carry the run out, or on; the summary. Whatever ends it, results and summary are written first.

    Raises:
        RunHeldError: another process holds it.
        RunFolderError: the plan is not the one that was frozen, or the folder cannot be written.
        ResultsError: carried out, but the results could not be written.
        SettingsError: sign-in, recipients, certificate authority or results file cannot be used.
        LedgerError: the ledger cannot be opened.
    """
    with holding(run.folder), _log(run, how) as log:
        check_plan_is_unchanged(run)
        _check_results_can_be_written(run.settings)
        began_at = dt.datetime.now(dt.UTC)
        log.info("run.began", version=__version__, dry_run=how.dry_run, to_reset=run.reset_count)
        stop: Stop | None = None
        try:
            if not how.dry_run:
                stop = _send(run, how, environ=environ, log=log)
        except BatchresetError as error:
            stop = stop_for(Reason.INTERRUPTED, error.what, next_step=error.next_step, exit_code=error.exit_code)
            raise
        except BaseException:
            stop = stop_for(Reason.INTERRUPTED, "an unexpected error ended the run", exit_code=ExitCode.UNEXPECTED)
            raise
        finally:
            summary = _conclude(run, stop, dry_run=how.dry_run, began_at=began_at)
            outcomes = {outcome: rows for outcome, rows in summary["outcomes"].items() if rows}
            log.info("run.ended", state=summary["state"], exit_code=summary["exit_code"], **outcomes)
        return summary


def summary_of(run: FrozenRun) -> dict[str, Any]:
    """The summary of a run that has nothing left to do, or that waits to be looked at; nothing is sent.

    A process that was killed after the last outcome left neither results nor summary: they are written now.

    Raises:
        RunHeldError: another process holds the run.
        RunFolderError: the folder cannot be read or written.
        LedgerError: the ledger cannot be read.
    """
    now = standing(run)
    summary = run.folder.read_summary()
    if summary is not None and summary.get("state") == ("stopped" if now.rows_left else "finished"):
        return summary
    stop = None
    if now.rows_left and now.last is not None and now.last.stop_reason is not None:
        stop = stop_for(now.last.stop_reason, f"the run was stopped before ({now.last.stop_reason})")
    with holding(run.folder):
        ended_at = (now.last and now.last.ended_at) or dt.datetime.now(dt.UTC)
        return _conclude(run, stop, dry_run=False, began_at=ended_at, ended_at=ended_at)


def _conclude(
    run: FrozenRun, stop: Stop | None, *, dry_run: bool, began_at: dt.datetime, ended_at: dt.datetime | None = None
) -> dict[str, Any]:
    """Results first, then the summary that says they are there."""
    now = standing(run, dry_run=dry_run)
    summary = summarize(
        run, now, stop=stop, dry_run=dry_run, began_at=began_at, ended_at=ended_at or dt.datetime.now(dt.UTC)
    )
    try:
        write_results_of(run, dry_run=dry_run)
        run.folder.write_json(run.folder.summary_json, summary)
    except RunFolderError as error:
        raise ResultsError(
            f"the run was carried out and recorded, but its results could not be written: {error.what}",
            next_step=f"mend that, then write them with `batchreset results {run.folder.path}`",
        ) from error
    return summary


def _send(run: FrozenRun, how: How, *, environ: Mapping[str, str], log: EventLog) -> Stop | None:
    settings = run.settings
    tls = tls_context(settings.partner_center.ca_file)
    recipients = parse_recipients(settings.password.recipients)
    tokens = given_token(environ, log)
    seal = sealer(recipients) if settings.password.kind != "discard" else None
    plan = open_plan(run.folder.plan)
    store = LedgerStore(run.folder.ledger, seal=seal)
    try:
        job, progress = _job(run, plan, how)
        if not job.rows.rows_per_lane:
            return None
        session = _Session(run=run, how=how, store=store, job=job, progress=progress, tls=tls, tokens=tokens, log=log)
        return anyio.run(session.carry_out)
    finally:
        store.close()


def _job(run: FrozenRun, plan: Plan, how: How) -> tuple[Job, Progress]:
    with reading(run) as ledger:
        settled = dict(ledger.settled()) if ledger else {}
        known = ledger.known() if ledger else {}
    done = [row for row, outcome in settled.items() if outcome not in how.take_up]
    queue = plan.queue(done=done, single_lane=run.settings.pace.order == "input")
    job = Job(
        rows=queue,
        known=known,
        probe_customer=max(plan.rows_per_customer().items(), key=lambda item: item[1])[0],
        limits=limits_of(run.settings),
    )
    return job, Progress(planned=run.reset_count, before=len(done))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    run: FrozenRun
    how: How
    store: LedgerStore
    job: Job
    progress: Progress
    tls: ssl.SSLContext
    tokens: GivenToken
    log: EventLog

    async def carry_out(self) -> Stop | None:
        clock, stop = LoopClock(), StopSwitch()
        commit = GroupCommit(
            self.store,
            on_failure=lambda error: stop.request(stop_for(Reason.LEDGER, error.what, next_step=error.next_step)),
        )
        self.store.begin_session(clock.now())
        async with (
            _signals(stop, self.log),
            self.how.display.showing(self.progress, self.log),
            commit.running() as ledger,
            world_of(
                self.run.settings, tls=self.tls, tokens=self.tokens, ledger=ledger, clock=clock, log=self.log
            ) as world,
        ):
            ended = await carry_out(self.job, world=world, stop=stop, progress=self.progress)
        if ended is not None:
            self.log.warning("run.stopped", reason=ended.reason, what=ended.what)
        if commit.failure is None:
            now = standing(self.run)
            ended = ended if now.rows_left else None
            self.store.end_session(
                clock.now(), stop_reason=ended.reason if ended else None, exit_code=exit_code(now, ended)
            )
        return ended


@contextlib.asynccontextmanager
async def _signals(stop: StopSwitch, log: EventLog) -> AsyncIterator[None]:
    """The first signal stops the run in order; the second does not wait for what is under way."""

    async def watch() -> None:
        # `nohup` means it: a hang-up that is ignored already stays so.
        heard = [
            number
            for number in _SIGNALS
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
        ]
        with anyio.open_signal_receiver(*heard) as received:
            async for number in received:
                log.warning("run.signal", signal=number.name)
                if stop.requested:
                    stop.hurry()
                stop.request(stop_for(Reason.INTERRUPTED, f"{number.name} was received", exit_code=_SIGNALS[number]))

    async with anyio.create_task_group() as watching:
        watching.start_soon(watch)
        yield
        watching.cancel_scope.cancel()


@contextlib.contextmanager
def _log(run: FrozenRun, how: How) -> Iterator[EventLog]:
    try:
        with event_log(
            [run.folder.log, *how.log_files],
            level=min(how.log_level, logging.INFO),
            stream=how.stderr,
            shown=how.shown,
            run_id=run.folder.run_id,
        ) as log:
            yield log
    except OSError as error:
        raise RunFolderError(
            f"the log {error.filename} cannot be written ({error.strerror})",
            next_step="choose a --log-file that you may write to, and see that the run's folder is writable",
        ) from error


def _check_results_can_be_written(settings: Settings) -> None:
    """Before anything is sent, not after. Raises SettingsError."""
    if settings.output.results and not Path(settings.output.results).expanduser().parent.is_dir():
        raise SettingsError(
            f"[output] results: there is no folder {Path(settings.output.results).parent}",
            next_step="make the folder, or choose another file",
        )
