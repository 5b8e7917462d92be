"""A cluster in the same virtual time: hosts that are killed, stopped, cut off or drained while they send for a run."""

import contextlib
import enum
import math
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import anyio
import anyio.abc
import anyio.lowlevel

from batchreset.adapters.channel import KeyHalf
from batchreset.core.exchange import Exchange
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.engine.pool.ports import Ask, Link, SendingApi, Tell
from batchreset.engine.pool.reception import Desk, Reception
from batchreset.engine.pool.sender import OpenApi, Surroundings
from batchreset.errors import ClusterError
from simulation.drawing import Point
from simulation.timing import VirtualTime
from simulation.watching import Watch

CALL_SECONDS: Final = 4.0
"""As long as a link may wait: Dask's."""
VERSION: Final = "simulated"


class Fault(enum.StrEnum):
    """What befalls a host."""

    KILLED = "killed"
    """And started anew some time later, under the same address."""
    STOPPED = "stopped"
    """As by SIGSTOP: it goes on as if nothing had been."""
    CUT = "cut"
    """From the coordinator; it still reaches the service."""
    DRAINED = "drained"
    LOSSY = "lossy"
    """Half of what the coordinator asks it is lost, and half of what it answers."""
    SCHEDULER = "scheduler"
    """It is gone, whichever host is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFault:
    """Of one host.

    Attributes:
        at: seconds since the session's beginning.
        delivery: or as this batch is given to the host, counted from 1; 0: by the clock.
        heard: and the host has taken it.
        seconds: how long it lasts.
    """

    fault: Fault
    host: int
    at: float = 0.0
    delivery: int = 0
    heard: bool = False
    seconds: float


def draw_faults(seed: int, hosts: int) -> tuple[HostFault, ...]:
    """Of one session; of a random number that is nobody else's."""
    chance = random.Random(f"hosts {seed}")
    found = []
    while chance.random() < 0.75:
        by_clock = chance.random() < 0.3
        found.append(
            HostFault(
                fault=chance.choice([*Fault, Fault.KILLED, Fault.STOPPED, Fault.STOPPED, Fault.CUT, Fault.LOSSY]),
                host=chance.randrange(hosts),
                at=float(10 ** chance.uniform(-1.5, 1.7)) if by_clock else 0.0,
                delivery=0 if by_clock else int(10 ** chance.uniform(0.0, 1.3)),
                heard=chance.random() < 0.5,
                seconds=chance.choice((0.3, 1.5, 4.0, 8.0, 14.0, 14.0, 40.0)),
            )
        )
    return tuple(found)


class Host:
    """A machine with one worker; its clock is its own."""

    def __init__(self, number: int, *, time: VirtualTime, watch: Watch, tasks: anyio.abc.TaskGroup) -> None:
        self.address = f"tls://10.0.0.{number}:4000"
        self.dead = self.draining = self.lossy = False
        self._offset = 1e5 * number
        self._time = time
        self._watch = watch
        self._tasks = tasks
        self._going, self._joined = anyio.Event(), anyio.Event()
        self._going.set()
        self._joined.set()
        self._stopped_at: float | None = None
        self._scopes: set[anyio.CancelScope] = set()
        self._desk = Desk()
        self.receptions: list[Reception] = []
        self.faults: list[HostFault] = []
        self._deliveries = 0

    def beside(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Whatever becomes of whoever began it."""
        self._tasks.start_soon(main)

    def is_given_a_batch(self) -> None:
        """A fault may begin with it."""
        self._deliveries += 1
        self._befallen(heard=False)

    def has_taken_a_batch(self) -> None:
        """Or now."""
        self._befallen(heard=True)

    def _befallen(self, *, heard: bool) -> None:
        for fault in self.faults:
            if fault.delivery == self._deliveries and fault.heard is heard:
                self.faults.remove(fault)
                self._tasks.start_soon(self.befalls, fault)
                break

    def place(self, open_api: OpenApi) -> Surroundings:
        return Surroundings(
            version=VERSION,
            host=self.address,
            open_api=open_api,
            now_seconds=self._now_seconds,
            draining=lambda: self.draining,
            last_moment=_nobody_stands_still_there,
        )

    def reception(self, open_api: OpenApi) -> Reception:
        reception = Reception(self.place(open_api), self._desk, new_greeting=KeyHalf, spawn=self._spawn)
        self.receptions.append(reception)
        return reception

    def _now_seconds(self) -> float:
        """A process that is stopped looks at no clock: what it does when it goes on is not what it did meanwhile."""
        return self._offset + (self._time.seconds if self._stopped_at is None else self._stopped_at)

    def _spawn(self, serving: Coroutine[Any, Any, None]) -> None:
        async def serve() -> None:
            with anyio.CancelScope() as scope:
                self._scopes.add(scope)
                await serving
            self._scopes.discard(scope)

        if self.dead:
            serving.close()
            return
        self._tasks.start_soon(serve)

    def point(self, point: Point) -> None:
        """No run is killed by what happens here."""

    async def going(self) -> None:
        """Once it is not stopped."""
        await self._going.wait()

    @property
    def stopped(self) -> bool:
        """As by SIGSTOP."""
        return self._stopped_at is not None

    @property
    def cut(self) -> bool:
        """From the coordinator."""
        return not self._joined.is_set()

    async def reached(self) -> None:
        """Once it is not cut off."""
        await self._joined.wait()

    async def befalls(self, fault: HostFault) -> None:
        self._watch.tell("host", address=self.address, fault=fault.fault.value, seconds=fault.seconds)
        match fault.fault:
            case Fault.KILLED:
                self.dead = True
                for scope in tuple(self._scopes):
                    scope.cancel()
                self.receptions.clear()
                await anyio.sleep(fault.seconds)
                self.dead, self._desk, self.draining = False, Desk(), False
            case Fault.STOPPED:
                self._going, self._stopped_at = anyio.Event(), self._time.seconds
                await anyio.sleep(fault.seconds)
                self._stopped_at = None
                self._going.set()
            case Fault.CUT:
                self._joined = anyio.Event()
                await anyio.sleep(fault.seconds)
                self._joined.set()
            case Fault.LOSSY:
                self.lossy = True
                await anyio.sleep(fault.seconds)
                self.lossy = False
            case Fault.DRAINED:
                self.draining = True
                await anyio.sleep(fault.seconds)
                self.draining = False
            case Fault.SCHEDULER:
                pass


def _nobody_stands_still_there(seconds: float) -> None:
    """A host is stopped while it waits, and not in between."""


class FrozenApi:
    """The service as a host's sender reaches it: not while the host is stopped."""

    def __init__(self, api: SendingApi, host: Host) -> None:
        self._api = api
        self._host = host

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool],
    ) -> Exchange:  # fmt: skip
        await self._host.going()
        exchange = await self._api.reset(
            row, password, request_id=request_id, correlation_id=correlation_id, token=token, may_leave=may_leave
        )
        await self._host.going()
        return exchange

    async def look(
        self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool],
    ) -> Exchange:  # fmt: skip
        await self._host.going()
        return await self._api.look(
            customer_tenant_id, request_id=request_id, correlation_id=correlation_id, token=token, may_leave=may_leave
        )


class SimulatedLink:
    """To the reception on one host."""

    def __init__(self, host: Host, reception: Reception, cluster: "SimulatedCluster") -> None:
        self.name = host.address
        self._host = host
        self._reception = reception
        self._cluster = cluster

    async def call(self, ask: Ask, message: bytes) -> bytes | None:
        """What was written arrives, however late, also when nobody waits for an answer any more."""
        told: list[bytes] = []
        done = anyio.Event()
        if ask is Ask.DELIVER:
            self._host.is_given_a_batch()
            await anyio.lowlevel.checkpoint()

        async def arrive() -> None:
            await self._one_way()
            if self._is_there:
                answer = await self._reception.answer(ask, message)
                if ask is Ask.DELIVER:
                    self._host.has_taken_a_batch()
                    await anyio.lowlevel.checkpoint()
                await self._one_way()
                told.append(answer)
                done.set()

        self._host.beside(arrive)
        with anyio.move_on_after(CALL_SECONDS):
            await done.wait()
        return told[0] if told and told[0] else None

    @property
    def _is_there(self) -> bool:
        return not self._host.dead and self._reception in self._host.receptions

    async def _one_way(self) -> None:
        host, chance = self._host, self._cluster.chance
        await anyio.sleep(chance.uniform(0.0002, 0.002))
        if host.lossy and chance.random() < 0.5:
            await anyio.sleep(math.inf)
        await host.reached()
        await host.going()


class SimulatedCluster:
    """Of hosts that live in the session's event loop."""

    def __init__(
        self, hosts: Sequence[Host], api_of: Callable[[Host], contextlib.AbstractAsyncContextManager[SendingApi]],
        *, chance: random.Random,
    ) -> None:  # fmt: skip
        self.chance = chance
        self.scheduler_is_gone = False
        self._hosts = {host.address: host for host in hosts}
        self._api_of = api_of

    async def workers(self) -> Mapping[str, bool] | None:
        await anyio.sleep(0.001)
        if self.scheduler_is_gone:
            return None
        return {address: not host.draining for address, host in self._hosts.items() if not host.dead}

    async def employ(self, address: str, config: bytes) -> SimulatedLink:
        host = self._hosts[address]
        with anyio.move_on_after(CALL_SECONDS):
            await anyio.sleep(0.01)
            await host.reached()
            await host.going()
        if host.dead or host.cut or host.stopped or self.scheduler_is_gone:
            raise ClusterError("it is not there", next_step="wait")

        @contextlib.asynccontextmanager
        async def api() -> AsyncIterator[SendingApi]:
            async with self._api_of(host) as opened:
                yield FrozenApi(opened, host)

        return SimulatedLink(host, host.reception(api), self)

    async def dismiss(self, link: Link) -> None:
        del link
        await anyio.sleep(0.001)


@dataclass(frozen=True, slots=True)
class ClusterToCome:
    """The `ClusterSource`."""

    make: Callable[[], SimulatedCluster]

    @contextlib.asynccontextmanager
    async def open(self, tell: Tell) -> AsyncIterator[SimulatedCluster]:
        """There is none before there is a loop."""
        yield self.make()
