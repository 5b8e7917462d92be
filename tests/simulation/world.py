"""A machine that a run goes on: a `Machine` in virtual time whose disk fails and whose process is stopped or killed."""

import contextlib
import dataclasses
import random
import shutil
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple

import anyio
import trio.lowlevel

from batchreset.adapters.channel import KeyHalf
from batchreset.adapters.partner_center import PartnerCenterApi
from batchreset.adapters.signin.application import Granted
from batchreset.adapters.signin.exchange import Unclear
from batchreset.adapters.signin.kept_sign_in import Redeemed
from batchreset.adapters.signin.renewing import RenewingTokens
from batchreset.core.events import EventLog
from batchreset.core.outcome import Reason
from batchreset.core.records import Record
from batchreset.core.secret import Secret
from batchreset.core.stop import Stop, stop_for
from batchreset.engine.clock import LoopClock
from batchreset.engine.pool.hiring import Hiring
from batchreset.engine.pool.pool import Pool
from batchreset.engine.pool.sender import LEASE_SECONDS
from batchreset.engine.ports import Senders, TokenSource
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import LedgerError
from batchreset.net import Transport
from batchreset.net.over_httpx import HttpxTransport
from batchreset.settings.model import Settings
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.protocol import is_guid
from batchreset.simulator.service import PartnerCenter
from batchreset.simulator.state import ServiceState
from batchreset.wiring.machine import Machine
from batchreset.wiring.senders import api_of as api_of_settings
from batchreset.wiring.senders import senders_of
from batchreset.wiring.signals import Skippable, Skipped
from simulation.drawing import QUIET, Moment, Point, Scenario, SessionPlan
from simulation.hosts import VERSION, ClusterToCome, Fault, Host, HostFault, SimulatedCluster, draw_faults
from simulation.inputs import Account
from simulation.timing import VirtualTime, run_in_order
from simulation.watching import Watch
from simulation.wire import Process, Wire

T = TypeVar("T")
Args = TypeVarTuple("Args")

LONGEST_SESSION_SECONDS: Final = 100 * 3600.0
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _nobody_looks(_tells: Callable[[], None]) -> None:
    """What a run tells others while it goes on is no part of what it does."""


class KilledError(BaseException):
    """What comes out of the program when its process was killed; nothing of it counts any more."""


class World:
    """One seed's, over all sessions of its run.

    Attributes:
        dead: the process was killed.
    """

    def __init__(self, scenario: Scenario, folder: Path, rows: Mapping[int, Account]) -> None:
        self.scenario = scenario
        self.time = VirtualTime()
        self.watch = Watch(self.time, rows)
        self.state = ServiceState()
        self.dead = False
        self.tokens_given: list[str] = []
        self._chance = random.Random(f"world {scenario.seed}")
        self._folder = folder
        self._customers = frozenset(filter(is_guid, (customer for customer, _ in rows.values())))
        self._outages = scenario.outages
        self._plan = QUIET
        self._sessions = 0
        self._scope: anyio.CancelScope | None = None
        self._points = dict.fromkeys(Point, 0)
        self._groups = 0
        self.serve(scenario.options)

    def serve(self, options: SimulatorOptions) -> None:
        """With these options from now on; what the service knows stays."""
        self._service = PartnerCenter(options, self.state, base_url="https://localhost")
        self.wire = self._wire(self)

    def _wire(self, process: Process, *, far: bool = False) -> Wire:
        return Wire(
            service=self._service,
            time=self.time,
            watch=self.watch,
            process=process,
            chance=self._chance,
            uplink_seconds=self.scenario.uplink_seconds,
            outages=self._outages,
            far=far,
        )

    def recover(self) -> None:
        """From now on the service is as it should be."""
        self._outages = ()
        self.serve(SimulatorOptions(seed=self.scenario.seed, latency_seconds=0.2))
        self.watch.tell("recovered")

    def begins(self, plan: SessionPlan, settings: Settings) -> None:
        """A new process."""
        self._plan = plan
        self._sessions += 1
        self.watch.begins(settings.pace)
        if plan.refuses:
            self.serve(dataclasses.replace(self.scenario.options, forbidden_customers=self._customers))
        self._points = dict.fromkeys(Point, 0)
        self._groups = 0
        self.dead = False
        self.wire.in_flight = 0
        self.watch.tell("begins")

    @property
    def machine(self) -> Machine:
        """For one session."""
        return Machine(
            run=self._run,
            now=self.time.now,
            new_id=lambda: str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            random_bytes=self._chance.randbytes,
            chance=lambda: random.Random(self._chance.getrandbits(64)),
            write=self._write,
            transport=self._transport,
            senders=self._senders,
            tokens=self._tokens,
            stop_source=self._stop_source,
            aside=_nobody_looks,
        )

    def _stop_source(self) -> "Stops":
        self._stops = Stops(self._plan, self.watch)
        return self._stops

    def _run(self, main: Callable[[*Args], Awaitable[T]], /, *args: *Args) -> T:
        return run_in_order(self._chance, self._until_killed, main, args)

    async def _until_killed(self, main: Callable[[*Args], Awaitable[T]], args: tuple[*Args]) -> T:
        with self.time.looping():
            if not self.scenario.hosts:
                return await self._session(main, args)
            async with anyio.create_task_group() as self._tasks:
                try:
                    ended: T | BaseException = await self._session(main, args)
                except BaseException as error:  # noqa: BLE001  raised again, when the hosts have ended too
                    ended = error
                self.watch.far_until(self.time.seconds + (LEASE_SECONDS if self.dead else 0.0))
                await anyio.sleep(3 * LEASE_SECONDS)
                self._tasks.cancel_scope.cancel()
            if isinstance(ended, BaseException):
                raise ended
            return ended

    async def _session(self, main: Callable[[*Args], Awaitable[T]], args: tuple[*Args]) -> T:
        with anyio.move_on_after(LONGEST_SESSION_SECONDS) as self._scope:
            if self._plan.crash is not None and self._plan.crash.point is None:
                trio.lowlevel.spawn_system_task(self._kill_at, self._plan.crash)
            ended = await main(*args)
            self.point(Point.ENDED)
            if not self.dead:
                return ended
        if not self.dead:
            self.watch.complain(f"the session has not ended within {LONGEST_SESSION_SECONDS:.0f} s")
        raise KilledError

    async def _kill_at(self, crash: Moment) -> None:
        await anyio.sleep(crash.at_seconds)
        self._kill()

    def point(self, point: Point) -> None:
        """The run is stopped or killed here, if this is where."""
        self._points[point] += 1
        here = Moment(point=point, number=self._points[point])
        if self._plan.stop == here and not self.dead:
            self._stops.signal()
        if self._plan.crash == here:
            self._kill()

    def _kill(self) -> None:
        """What is on disk at this moment is all that will ever be: it is put aside, and what follows goes nowhere."""
        if self.dead:
            return
        self.watch.tell("killed")
        self.dead = True
        shutil.copytree(self._folder, self._aside)
        shutil.rmtree(self._folder)
        if self._scope is not None:
            self._scope.cancel()

    def restore(self) -> None:
        """The disk as the killed process left it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._aside.rename(self._folder)

    @property
    def _aside(self) -> Path:
        return self._folder.with_name("aside")

    async def _write(self, write: Callable[[Sequence[Record]], None], group: Sequence[Record]) -> None:
        self.point(Point.NOTED)
        await self._disk_works(0.8)
        if self.dead:
            return
        self._groups += 1
        fails = self._groups == self._plan.failing_group
        if not fails or self._plan.failing_written:
            write(group)
            self.watch.on_disk(group)
        if fails:
            self.watch.disk_failed(written=self._plan.failing_written)
            raise LedgerError("the disk is full", next_step="make room")
        self.point(Point.WRITTEN)
        await self._disk_works(0.2)

    async def _disk_works(self, share: float) -> None:
        if not self.dead:
            await anyio.sleep(share * self._plan.commit_seconds * (0.5 + self._chance.random()))

    def _transport(self, settings: Settings) -> Transport:
        return HttpxTransport(
            concurrency=settings.pace.max_concurrency,
            timeout_seconds=settings.partner_center.timeout_seconds,
            verify=_NO_TLS,
            below=self.wire,
        )

    def _senders(self, settings: Settings, run_id: str, transport: Transport, log: EventLog) -> Senders:
        if not self.scenario.hosts:
            return senders_of(settings, run_id, transport, log)
        hiring = Hiring(run_id=run_id, version=VERSION, config=b"", new_greeting=KeyHalf, exchange_seconds=90.0)
        return Pool(ClusterToCome(lambda: self._opened_cluster(settings)), hiring)

    def _opened_cluster(self, settings: Settings) -> SimulatedCluster:
        """With whatever will befall it."""
        hosts = [
            Host(number, time=self.time, watch=self.watch, tasks=self._tasks)
            for number in range(1, self.scenario.hosts + 1)
        ]

        @contextlib.asynccontextmanager
        async def api_of(host: Host) -> AsyncIterator[PartnerCenterApi]:
            transport = HttpxTransport(
                concurrency=settings.pace.max_concurrency,
                timeout_seconds=settings.partner_center.timeout_seconds,
                verify=_NO_TLS,
                below=self._wire(host, far=True),
            )
            async with transport.open():
                yield api_of_settings(settings, transport, LoopClock(self.time.now()))

        cluster = SimulatedCluster(hosts, api_of, chance=self._chance)

        async def befalls(fault: HostFault) -> None:
            await anyio.sleep(fault.at)
            if fault.fault is Fault.SCHEDULER:
                self.watch.tell("scheduler gone")
                cluster.scheduler_is_gone = True
            await hosts[fault.host].befalls(fault)

        if self.scenario.faults and (self._plan is not QUIET or self._sessions == 1):
            for fault in draw_faults(100 * self.scenario.seed + self._sessions, len(hosts)):
                if fault.delivery and fault.fault is not Fault.SCHEDULER:
                    hosts[fault.host].faults.append(fault)
                else:
                    self._tasks.start_soon(befalls, fault)
        return cluster

    @contextlib.contextmanager
    def _tokens(self, settings: Settings, *, environ: Mapping[str, str], log: EventLog) -> Iterator[TokenSource]:
        del settings, environ
        yield RenewingTokens(self._redeemed, check=lambda _token: None, log=log, in_thread=self._waited_for)

    async def _waited_for(self, redeem: Callable[[str | None], Redeemed], claims: str | None) -> Redeemed:
        await anyio.sleep(0.3)
        return redeem(claims)

    def _redeemed(self, _claims: str | None) -> Redeemed:
        if self._chance.random() < self.scenario.unclear_sign_ins:
            self.watch.tell("sign-in unclear")
            raise Unclear("no answer")
        token = f"token-{len(self.tokens_given)}-{self._chance.getrandbits(64):016x}"
        self.tokens_given.append(token)
        self.watch.tell("sign-in", number=len(self.tokens_given))
        granted = Granted(
            access_token=Secret(token), lifetime_seconds=self.scenario.token_seconds, refresh_token=None, user=""
        )
        return Redeemed(granted=granted, source="kept")


class Stops:
    """A `StopSource` that stops at the plan's moment."""

    def __init__(self, plan: SessionPlan, watch: Watch) -> None:
        self._plan = plan
        self._watch = watch
        self._switch: StopSwitch | None = None
        self.stop: Stop | None = None

    def noting(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def skippable(self) -> Skippable:
        return contextlib.nullcontext(Skipped())

    @contextlib.asynccontextmanager
    async def stopping(self, stop: StopSwitch, log: EventLog) -> AsyncIterator[None]:
        del log
        self._watch.stopping(stop)
        self._switch, self._signalled = stop, anyio.Event()
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(self._first)
            waiting.start_soon(self._second, stop)
            yield
            waiting.cancel_scope.cancel()
        self._switch = None

    def signal(self) -> None:
        """The first one; it is noted at whatever moment it comes."""
        self._watch.tell("signal")
        self.stop = stop_for(Reason.INTERRUPTED, "SIGINT was received")
        if self._switch is not None:
            self._switch.request(self.stop)
            self._signalled.set()

    async def _first(self) -> None:
        if self._plan.stop is not None and self._plan.stop.point is None:
            await anyio.sleep(self._plan.stop.at_seconds)
            self.signal()

    async def _second(self, stop: StopSwitch) -> None:
        await self._signalled.wait()
        if self._plan.hurry_after_seconds is not None:
            await anyio.sleep(self._plan.hurry_after_seconds)
            self._watch.hurried()
            stop.hurry()
