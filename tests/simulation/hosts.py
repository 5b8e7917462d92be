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

from batchreset.adapters.channel import KeyHalf
from batchreset.core.exchange import Exchange
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.engine.pool.ports import Ask, Link, SendingApi
from batchreset.engine.pool.sender import Desk, OpenApi, Place, Reception
from batchreset.errors import ClusterError
from simulation.drawing import Point
from simulation.timing import VirtualTime
from simulation.watching import Watch

CALL_SECONDS: Final = 10.0
"""As long as a link may wait."""
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
    """Of one host, in seconds since the session's beginning."""

    fault: Fault
    host: int
    at: float
    seconds: float


def draw_faults(seed: int, hosts: int) -> tuple[HostFault, ...]:
    """Of one session; of a random number that is nobody else's."""
    chance = random.Random(f"hosts {seed}")
    found = []
    while chance.random() < 0.7:
        found.append(
            HostFault(
                fault=chance.choice([*Fault, Fault.KILLED, Fault.STOPPED, Fault.CUT]),
                host=chance.randrange(hosts),
                at=float(10 ** chance.uniform(-1.5, 1.7)),
                seconds=chance.choice((0.3, 1.5, 4.0, 8.0, 14.0, 40.0)),
            )
        )
    return tuple(found)


class Host:
    """A machine with one worker; its clock is its own."""

    def __init__(self, number: int, *, time: VirtualTime, watch: Watch, tasks: anyio.abc.TaskGroup) -> None:
        self.address = f"tls://10.0.0.{number}:4000"
        self.dead = self.cut = self.draining = self.lossy = False
        self._offset = 1e5 * number
        self._time = time
        self._watch = watch
        self._tasks = tasks
        self._going = anyio.Event()
        self._going.set()
        self._scopes: set[anyio.CancelScope] = set()
        self._desk = Desk()
        self.receptions: list[Reception] = []

    def place(self, open_api: OpenApi) -> Place:
        return Place(
            version=VERSION,
            host=self.address,
            open_api=open_api,
            new_greeting=KeyHalf,
            spawn=self._spawn,
            now_seconds=lambda: self._time.seconds + self._offset,
            draining=lambda: self.draining,
            desk=self._desk,
        )

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
                self._going = anyio.Event()
                await anyio.sleep(fault.seconds)
                self._going.set()
            case Fault.CUT:
                self.cut = True
                await anyio.sleep(fault.seconds)
                self.cut = False
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

    async def look(self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret) -> Exchange:
        await self._host.going()
        return await self._api.look(
            customer_tenant_id, request_id=request_id, correlation_id=correlation_id, token=token
        )


class SimulatedLink:
    """To the reception on one host."""

    def __init__(self, host: Host, reception: Reception, cluster: "SimulatedCluster") -> None:
        self.name = host.address
        self._host = host
        self._reception = reception
        self._cluster = cluster

    async def call(self, ask: Ask, message: bytes) -> bytes | None:
        with anyio.move_on_after(CALL_SECONDS):
            await self._reached()
            await self._host.going()
            answer = await self._reception.answer(ask, message)
            await self._host.going()
            await self._reached()
            return answer or None
        return None

    async def _reached(self) -> None:
        """One way."""
        await anyio.sleep(self._cluster.chance.uniform(0.0002, 0.002))
        host = self._host
        if host.cut or (host.lossy and self._cluster.chance.random() < 0.5):
            await anyio.sleep(math.inf)
        if host.dead or self._reception not in host.receptions:
            # Whoever was connected hears of it at once, as of a connection that was refused; for a moment or two.
            await anyio.sleep(CALL_SECONDS)


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
        await anyio.sleep(0.01)
        if host.dead or host.cut or self.scheduler_is_gone:
            raise ClusterError("it is not there", next_step="wait")

        @contextlib.asynccontextmanager
        async def api() -> AsyncIterator[SendingApi]:
            async with self._api_of(host) as opened:
                yield FrozenApi(opened, host)

        reception = Reception(host.place(api))
        host.receptions.append(reception)
        return SimulatedLink(host, reception, self)

    async def dismiss(self, link: Link) -> None:
        del link
        await anyio.sleep(0.001)


@dataclass(frozen=True, slots=True)
class ClusterToCome:
    """The `ClusterSource`."""

    make: Callable[[], SimulatedCluster]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[SimulatedCluster]:
        """There is none before there is a loop."""
        yield self.make()
