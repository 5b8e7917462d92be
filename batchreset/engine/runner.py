"""How a run is carried out: this module's `carry_out` is the straight path, top to bottom."""

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import anyio
import anyio.lowlevel

from batchreset.core.guards import FailureGuard, canary_counts
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.pacing import Learned, Pacer, Ticket
from batchreset.core.progress import Progress
from batchreset.core.protection import Bounds, LeftOut, Protected, left_out
from batchreset.core.records import KnownRow
from batchreset.core.retry import End, Retry, StopRun
from batchreset.core.rows import PlannedRow
from batchreset.core.stop import Stop, stop_for
from batchreset.engine.lanes import Lanes
from batchreset.engine.last_look import LastLook, UsersNamed, ending_of
from batchreset.engine.ports import RowSource, World
from batchreset.engine.preflight import preflight
from batchreset.engine.row import RowRun
from batchreset.engine.stopping import RunStoppedError, StopSwitch
from batchreset.engine.tokens import RunTokens
from batchreset.errors import (
    BatchresetError,
    ExitCode,
    LedgerError,
    MfaRequiredError,
    RefusedError,
    RunFolderError,
    ServiceUnreachableError,
    SignInError,
)

IN_FLIGHT_GRACE_SECONDS: Final = 30.0
"""How long an exchange under way is awaited once the run was stopped."""
_NEW: Final = KnownRow()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings the engine acts on, as plain values; their meaning is the settings' (README, "Settings")."""

    max_concurrency: int
    max_per_second: float
    max_attempts: int
    canary: int
    max_failure_rate: float
    max_failures: int
    max_duration_seconds: float | None
    check_mfa: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be carried out.

    Attributes:
        rows: those that have no final outcome yet.
        known: by row number, those of them that an earlier session has touched.
        probe_customer: the customer that the preflight looks at.
        start_from: what an earlier run of the same partner learned of its limits; verified before it is trusted.
        bounds: which accounts may be reset at all; asked again before each row's first intent.
        protected_names: of protected accounts that have to be looked up before the first reset.
        customers: whose users are looked up then.
        users_named: whom of the plan's users the input calls by a name; for the operator's own.
    """

    rows: RowSource
    known: Mapping[int, KnownRow]
    probe_customer: str
    limits: Limits
    start_from: Learned | None = None
    bounds: Bounds = field(default_factory=Bounds)
    protected_names: frozenset[str] = frozenset()
    customers: Collection[str] = ()
    users_named: UsersNamed = lambda _names: frozenset()


async def carry_out(job: Job, *, world: World, stop: StopSwitch, progress: Progress) -> Stop | None:
    """Send every row of the job, until all have an outcome or the run is stopped; say why if it was.

    At most `max_concurrency` rows are under way. Nothing is sent after a stop; what is under way is awaited, and
    what is known of every row has been given to the ledger when this returns.
    """
    runner = _Runner(job, world, stop, progress)
    runner.leave_out()
    if stop.requested or not runner.rows_are_left or not await runner.preflight_passes():
        return stop.stop
    runner.leave_out()
    async with anyio.create_task_group() as watch:
        watch.start_soon(runner.watch_duration)
        watch.start_soon(world.tokens.keep_fresh)
        with anyio.CancelScope() as under_way:
            watch.start_soon(runner.lose_patience, under_way)
            lanes, waves = runner.lanes(), runner.waves()
            progress.begins(lanes.pacer, waves=[sum(wave.values()) for wave in waves])
            await runner.keep_ceiling()
            while waves and not stop.requested:
                await runner.send_wave(lanes, waves.pop(0))
        watch.cancel_scope.cancel()
    return stop.stop


class _Runner:
    def __init__(self, job: Job, world: World, stop: StopSwitch, progress: Progress) -> None:
        self._job = job
        self._limits = job.limits
        self._world = world
        self._stop = stop
        self._progress = progress
        self._tokens = RunTokens(world.tokens)
        self._last_look = LastLook(job.bounds, job.users_named, world.log)
        self._guard = FailureGuard(
            max_failure_rate=self._limits.max_failure_rate, max_failures=self._limits.max_failures
        )

    @property
    def rows_are_left(self) -> bool:
        """Whether anything is to be sent."""
        return any(self._job.rows.rows_per_lane.values())

    def leave_out(self) -> None:
        """End the rows that must not be sent, before they take part in canary, pacing and failure rate."""
        try:
            rows = self._job.rows.leave_out(self._last_look.bounds)
        except RunFolderError as error:
            self._stop.request(_stop_for_error(error))
            return
        for row in rows:
            reason = self._last_look.reason_against(row)
            if reason is None:  # pragma: no cover  both asked the same bounds
                raise AssertionError(row)
            known = self._job.known.get(row.row, _NEW)
            left = left_out(known, reason)
            if not left.recorded:
                self._world.ledger.ended(ending_of(row.row, left, known, self._world.clock.now()))
            self._world.log.warning("row.left_out", row=row.row, outcome=left.outcome, reason=left.reason)
            self._progress.ended(left.outcome)

    async def preflight_passes(self) -> bool:
        """Whether rows may be sent; if not, the stop says why."""
        with anyio.CancelScope() as patience:
            self._stop.tell(patience.cancel)
            try:
                if self._limits.check_mfa:
                    apart_seconds = 1.0 / self._limits.max_per_second if self._limits.max_per_second else 0.0
                    await preflight(self._job.probe_customer, world=self._world, apart_seconds=apart_seconds)
                self._last_look.signed_in(await self._world.tokens.token())
                await self._look_names_up(self._job.protected_names | self._last_look.to_find)
            except (SignInError, RefusedError) as error:
                self._stop.request(_stop_for_error(error))
            except RunStoppedError:
                pass
        return not self._stop.requested

    async def _look_names_up(self, names: frozenset[str]) -> None:
        """Raises RefusedError, SignInError."""
        if not names:
            return
        found = await self._world.names.find_by_name(self._job.customers, names)
        self._last_look.protect(Protected(users=frozenset(user for _, user in found)))
        self._world.log.info("protected.looked_up", names=len(names), found=len(found))

    def waves(self) -> list[dict[str, int]]:
        """Rows a lane for each wave: the canary first, then all the rest."""
        everything = dict(self._job.rows.rows_per_lane)
        canary = canary_counts(everything, self._limits.canary)
        if not canary:
            return [everything]
        self._guard.expect_canary(sum(canary.values()))
        return [canary, {lane: rows - canary.get(lane, 0) for lane, rows in everything.items()}]

    def lanes(self) -> Lanes[PlannedRow]:
        """One pacer for all waves: what the canary taught stays."""
        pacer = Pacer(
            {},
            max_concurrency=self._limits.max_concurrency,
            max_per_second=self._limits.max_per_second or None,
            random=self._world.chance,
            start_from=self._job.start_from,
        )
        return Lanes(
            pacer,
            self._job.rows,
            max_concurrency=self._limits.max_concurrency,
            max_per_second=self._limits.max_per_second,
            clock=self._world.clock,
            log=self._world.log,
            stop=self._stop,
        )

    async def send_wave(self, lanes: Lanes[PlannedRow], counts: Mapping[str, int]) -> None:
        """Send that many rows of each lane, and wait until all of them have ended."""
        lanes.add(counts)
        self._progress.wave_begins()
        async with anyio.create_task_group() as senders:
            while await self._token_is_there() and (turn := await self._next(lanes)) is not None:
                senders.start_soon(self._send_rows, turn, lanes)
        self._guard.canary_passed()

    async def _send_rows(self, turn: tuple[PlannedRow, Ticket] | None, lanes: Lanes[PlannedRow]) -> None:
        """One after another while the next one may go at once: a task for each row would cost as much as a row."""
        while turn is not None:
            await self._send_row(*turn, lanes)
            # Pacing decides when it has heard all that came at this moment, not one answer at a time.
            await anyio.lowlevel.checkpoint()
            turn = self._next_at_once(lanes) if await self._token_is_there() else None

    async def _next(self, lanes: Lanes[PlannedRow]) -> tuple[PlannedRow, Ticket] | None:
        """A row that cannot be read stops the run; what is under way comes to its end."""
        try:
            return await lanes.next()
        except RunFolderError as error:
            self._stop.request(_stop_for_error(error))
            return None

    def _next_at_once(self, lanes: Lanes[PlannedRow]) -> tuple[PlannedRow, Ticket] | None:
        try:
            return lanes.next_at_once()
        except RunFolderError as error:
            self._stop.request(_stop_for_error(error))
            return None

    async def _token_is_there(self) -> bool:
        """Asked before a turn is taken: rows that waited with theirs for a renewal would all go at the same moment."""
        try:
            await self._tokens.token()
        except SignInError as error:
            self._stop.request(_stop_for_error(error))
        return not self._stop.requested

    async def keep_ceiling(self) -> None:
        """Before the first row: what was sent a moment ago, the sign-in's check and an earlier session, counts too."""
        if self._limits.max_per_second:
            with contextlib.suppress(RunStoppedError):
                await self._stop.sleep(max(1.0, 1.0 / self._limits.max_per_second))

    async def _send_row(self, row: PlannedRow, ticket: Ticket, lanes: Lanes[PlannedRow]) -> None:
        run = RowRun(
            row,
            ticket,
            self._job.known.get(row.row, _NEW),
            world=self._world,
            lanes=lanes,
            stop=self._stop,
            max_attempts=self._limits.max_attempts,
            tokens=self._tokens,
            last_look=self._last_look,
        )
        try:
            step = await run.carry_out()
        except RunStoppedError:
            return
        except (SignInError, LedgerError) as error:
            self._stop.request(_stop_for_error(error))
            return
        match step:
            case End():
                self._settle(step)
            case LeftOut():
                self._progress.ended(step.outcome)
            case StopRun():
                self._stop.request(_sign_in_stop(step.reason))
            case Retry():  # pragma: no cover  the row's loop goes on while its step is a retry
                raise AssertionError(step)

    def _settle(self, end: End) -> None:
        self._progress.ended(end.outcome)
        reason = self._guard.saw(succeeded=end.outcome is Outcome.SUCCEEDED)
        if reason is not None:
            self._stop.request(stop_for(reason, _SAFETY_TEXTS[reason], next_step=_SAFETY_NEXT))

    async def watch_duration(self) -> None:
        """Stop the run when its time is over."""
        if self._limits.max_duration_seconds is not None:
            await anyio.sleep(self._limits.max_duration_seconds)
            reason = Reason.MAX_DURATION
            self._stop.request(stop_for(reason, _SAFETY_TEXTS[reason]))

    async def lose_patience(self, under_way: anyio.CancelScope) -> None:
        """After a stop, cancel what is still under way when the grace is over or a second signal came."""
        await self._stop.wait()
        self._progress.stops(self._world.clock.monotonic() + IN_FLIGHT_GRACE_SECONDS)
        with anyio.move_on_after(IN_FLIGHT_GRACE_SECONDS):
            await self._stop.hurried()
        under_way.cancel()


_SAFETY_NEXT: Final = (
    "look at the reasons in the results file; when the cause is mended, continue the run with `batchreset apply`"
)
_SAFETY_TEXTS: Final = {
    Reason.CANARY: "too many of the canary rows did not succeed ([safety] canary, max_failure_rate); the rest was not"
    " attempted",
    Reason.FAILURE_RATE: "too many of the last 200 rows did not succeed ([safety] max_failure_rate); the rest was not"
    " attempted",
    Reason.MAX_FAILURES: "more rows than [safety] max_failures did not succeed; the rest was not attempted",
    Reason.MAX_DURATION: "the time of [safety] max_duration is over; the rest was not attempted",
}


def _sign_in_stop(reason: Reason) -> Stop:
    if reason is Reason.MFA_REQUIRED:
        what = "Partner Center demands multi-factor authentication and the token has none (401, code 900421)"
        return stop_for(reason, what, next_step="sign in with MFA, then continue the run with `batchreset apply`")
    what = "Partner Center refuses the token (401), also after it was renewed"
    return stop_for(reason, what, next_step="sign in again, then continue the run with `batchreset apply`")


def _stop_for_error(error: BatchresetError) -> Stop:
    match error:
        case ServiceUnreachableError():
            reason = Reason.UNREACHABLE
        case RunFolderError():
            # Some of the rows may have been sent: it is no refusal any more.
            what, code = error.what, ExitCode.UNEXPECTED
            return stop_for(Reason.INTERRUPTED, what, next_step=error.next_step, exit_code=code)
        case RefusedError():
            reason = Reason.PROTECTED
        case LedgerError():
            reason = Reason.LEDGER
        case MfaRequiredError():
            reason = Reason.MFA_REQUIRED
        case SignInError():
            reason = Reason.UNAUTHORIZED
        case _:
            raise error
    return stop_for(reason, error.what, next_step=error.next_step)
