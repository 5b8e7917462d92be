"""One carrying-out of a run: all is prepared before the ledger is touched, then the engine, then the books closed."""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from batchreset.adapters.ledger import GroupCommit, LedgerStore
from batchreset.adapters.plan import Plan, RowQueue, open_plan
from batchreset.adapters.sealing import parse_recipients, sealer
from batchreset.core.clock import Clock
from batchreset.core.events import LEDGER_OPENED, EventLog
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.pacing import Learned
from batchreset.core.progress import Progress
from batchreset.core.row_set import RowSet
from batchreset.core.senders import Descent
from batchreset.core.stop import OR_SEND_HERE, Stop, stop_for
from batchreset.core.take_up import TakeUp
from batchreset.engine.clock import LoopClock
from batchreset.engine.ports import Ledger, Senders, TokenSource
from batchreset.engine.runner import Job, carry_out
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ClusterError, LedgerError, RunHeldError
from batchreset.net import Transport
from batchreset.wiring.cluster import warnings_of
from batchreset.wiring.frozen import FrozenRun, reading, standing
from batchreset.wiring.garbage import searched_seldom
from batchreset.wiring.lease import others_have_ended
from batchreset.wiring.machine import Machine, StopSource
from batchreset.wiring.protecting import Guarded, guarded
from batchreset.wiring.summary import exit_code
from batchreset.wiring.told import others_told
from batchreset.wiring.world import limits_of, world_of


class Display(Protocol):
    """Shows progress while a run goes on."""

    def showing(self, progress: Progress, log: EventLog) -> contextlib.AbstractAsyncContextManager[None]:
        """Show it while the block runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a session came to its end.

    Attributes:
        stop: why it ended early, if it did.
        learned: of the service's limits; None when nothing was sent.
    """

    stop: Stop | None = None
    learned: Learned | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A run, ready to be carried out."""

    run: FrozenRun
    plan: Plan
    guarded: Guarded
    seal: Callable[[bytes], bytes] | None
    transport: Transport
    senders: Senders
    tokens: TokenSource
    log: EventLog
    machine: Machine

    def carry_out(
        self, take_up: TakeUp, *, start_from: Learned | None, display: Display, signals: StopSource,
        say: Callable[[str], None],
    ) -> Ended:  # fmt: skip
        """Send what is left, and the rows of `take_up` again; `start_from` is what an earlier run learned.

        Raises:
            LedgerError: the ledger cannot be opened or read.
        """
        job, progress, queue = self._job(take_up, start_from)
        with contextlib.closing(queue):
            if not queue.rows_per_lane:
                return Ended()
            store = LedgerStore(self.run.folder.ledger, seal=self.seal)
            try:
                outside = _Outside(display=display, signals=signals, say=say)
                with searched_seldom():
                    stop = self.machine.run(self._send, store, job, progress, outside)
            finally:
                store.close()
        return Ended(stop=stop, learned=progress.learned)

    def _job(self, take_up: TakeUp, start_from: Learned | None) -> tuple[Job, Progress, RowQueue]:
        done, earlier = RowSet(self.plan.last_row), Counter[Outcome]()
        with reading(self.run) as ledger:
            for outcome, reason, rows in ledger.settled() if ledger else ():
                if not take_up.includes(outcome, reason):
                    done.update(rows)
                    earlier[outcome] += len(rows)
            known = ledger.known(but=done) if ledger else {}
            refused_before = ledger.throttled() if ledger else 0
        queue = self.plan.queue(done=done, single_lane=self.run.settings.pace.order == "input")
        customers = dict(queue.rows_per_customer)
        job = Job(
            rows=queue,
            known=known,
            probe_customer=max(customers, key=customers.__getitem__, default=""),
            limits=limits_of(self.run.settings),
            start_from=start_from,
            bounds=self.guarded.bounds,
            protected_names=self.guarded.names,
            customers=tuple(customers),
            users_named=self.plan.users_named,
        )
        progress = Progress(
            planned=self.run.reset_count, earlier=earlier, refused_before=refused_before,
            others_send=self.senders.lease_seconds > 0, senders=lambda: self.senders.figures,
            gives_up=lambda: self.senders.gives_up_at_seconds,
        )  # fmt: skip
        return job, progress, queue

    async def _send(self, store: LedgerStore, job: Job, progress: Progress, outside: "_Outside") -> Stop | None:
        clock, stop = LoopClock(self.machine.now()), StopSwitch()
        commit = GroupCommit(
            store, on_failure=lambda error: stop.request(_ledger_stop(error)), write=self.machine.write
        )
        others_may_send_seconds = store.unended_lease_seconds()
        store.begin_session(clock.now(), lease_seconds=self.senders.lease_seconds)
        session = store.descent()
        self.log.info(LEDGER_OPENED)
        lost: LedgerError | None = None
        async with (
            outside.signals.stopping(stop, self.log),
            outside.display.showing(progress, self.log),
            others_told(self.run.folder, progress, clock=clock, aside=self.machine.aside),
        ):
            async with commit.running() as ledger, self.transport.open():
                if await others_have_ended(
                    others_may_send_seconds, stop=stop, clock=clock, progress=progress, log=self.log, say=outside.say
                ):
                    ended = await self._sent(ledger, job, progress, _Inside(clock=clock, stop=stop, session=session))
                else:
                    ended = stop.stop
                progress.ending = True
            # Also when it was the last group that failed, or a signal had come before: outcomes are missing.
            ended = ended if commit.failure is None else _ledger_stop(commit.failure)
            if ended is not None:
                self.log.warning("run.stopped", reason=ended.reason, what=ended.what)
            if commit.failure is None:
                try:
                    ended = self._close_books(store, ended, clock.now(), progress)
                except LedgerError as error:
                    lost = error
        if lost is not None:
            raise lost
        return ended

    async def _sent(self, ledger: Ledger, job: Job, progress: Progress, inside: "_Inside") -> Stop | None:
        clock, stop = inside.clock, inside.stop
        try:
            async with self.senders.open(session=inside.session, stop=stop, clock=clock, log=self.log) as api:
                world = world_of(
                    self.run.settings,
                    self.machine,
                    api=api,
                    transport=self.transport,
                    tokens=self.tokens,
                    ledger=ledger,
                    clock=clock,
                    log=self.log,
                    stop=stop,
                )
                return await carry_out(job, world=world, stop=stop, progress=progress)
        except RunHeldError as error:
            return stop.stop or stop_for(
                Reason.INTERRUPTED, error.what, next_step=error.next_step, exit_code=error.exit_code
            )
        except ClusterError as error:
            what = ": ".join((error.what, *error.details[-1:]))
            return stop.stop or stop_for(Reason.UNREACHABLE, what, next_step=f"{error.next_step}; {OR_SEND_HERE}")

    def _close_books(self, store: LedgerStore, ended: Stop | None, now: dt.datetime, progress: Progress) -> Stop | None:
        """Why it ended early, if it did. The last picture is drawn after that and has the summary's counts.

        A row that was cut off is in doubt, and no engine tells of it.
        """
        stands = standing(self.run)
        ended = ended if stands.rows_left else None
        store.end_session(now, stop_reason=ended.reason if ended else None, exit_code=exit_code(stands, ended))
        if progress.done < progress.planned:
            left_out = Counter({Outcome.SKIPPED: sum(self.run.skipped.values())})
            with contextlib.suppress(LedgerError):
                progress.concluded = standing(self.run).outcomes - left_out
        return ended


def _ledger_stop(error: LedgerError) -> Stop:
    return stop_for(Reason.LEDGER, error.what, next_step=error.next_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    clock: Clock
    stop: StopSwitch
    session: Descent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outside:
    display: Display
    signals: StopSource
    say: Callable[[str], None]


@contextlib.contextmanager
def prepared(run: FrozenRun, *, environ: Mapping[str, str], log: EventLog, machine: Machine) -> Iterator[Session]:
    """All that a run needs, made and checked; nothing is sent and the ledger is not touched.

    Raises:
        SettingsError: sign-in, recipients, certificate authority or proxy cannot be used; or workers cannot be reached
            safely.
        InputError: a protected list cannot be read.
        PlanRefusedError: protected accounts are named in a way that cannot be looked up.
        RunFolderError: the plan cannot be read.
    """
    settings, guards = run.settings, guarded(run)
    recipients = parse_recipients(settings.password.recipients)
    transport = machine.transport(settings)
    for warning in warnings_of(settings):
        log.warning("cluster.warning", detail=warning)
    with machine.tokens(settings, environ=environ, log=log) as tokens:
        yield Session(
            run=run,
            plan=open_plan(run.folder.plan),
            guarded=guards,
            seal=sealer(recipients) if settings.password.kind != "discard" else None,
            transport=transport,
            senders=machine.senders(settings, run.identity, transport, log),
            tokens=tokens,
            log=log,
            machine=machine,
        )
