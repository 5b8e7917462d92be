"""Senders and their pool in memory and in virtual time: workers that can be asked, cut off, and forgotten."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
from kept_log import Log

from batchreset.adapters.channel import Conversation, KeyHalf
from batchreset.core.exchange import Answered, Exchange, NotSent, NotSentKind
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.senders import Descent
from batchreset.engine.clock import LoopClock
from batchreset.engine.pool.hiring import Hiring
from batchreset.engine.pool.messages import Greeted, Order, greeting_bytes, welcome_of
from batchreset.engine.pool.pool import Pool, PooledApi
from batchreset.engine.pool.ports import Ask, Channel, Link, Tell
from batchreset.engine.pool.reception import Desk, Reception
from batchreset.engine.pool.sender import Surroundings
from batchreset.engine.stopping import RunStoppedError, StopSwitch
from batchreset.errors import BatchresetError, ClusterError

VERSION = "1.0"
ROW = PlannedRow(row=7, lane="c", customer_tenant_id="c", user_id="u", force_change_password=True)
LATENCY_SECONDS = 0.25
CALL_SECONDS = 4.0
"""As long as a link may wait: Dask's."""
CALLED_OFF = NotSent(detail="the run was stopped")
"""What stands here for the error that says so."""


@dataclass
class Service:
    """Answers after a latency; keeps who was sent, when, with which password, through which worker, who was cut off."""

    answer: Exchange = field(default_factory=lambda: Answered(status=200))
    latency_seconds: float = LATENCY_SECONDS
    connects_seconds: float = 0.0
    unreachable_from: frozenset[str] = frozenset()
    lets_go_after_seconds: float = 0.0
    cut_off: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, str, float]] = field(default_factory=list)

    def api(self, worker: str) -> "ServiceApi":
        return ServiceApi(self, worker)


@dataclass
class ServiceApi:
    """As one worker reaches it."""

    service: Service
    worker: str

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool],
    ) -> Exchange:  # fmt: skip
        await anyio.sleep(self.service.connects_seconds)
        if self.worker in self.service.unreachable_from:
            return NotSent(detail="the connection was refused")
        if not may_leave():
            return NotSent(kind=NotSentKind.LATE)
        self.service.sent.append((self.worker, correlation_id, password.open(), anyio.current_time()))
        try:
            await anyio.sleep(self.service.latency_seconds)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await anyio.sleep(self.service.lets_go_after_seconds)
            self.service.cut_off.append(correlation_id)
            raise
        return self.service.answer

    async def look(
        self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool],
    ) -> Exchange:  # fmt: skip
        return Answered(status=200, mfa_compliant=True)


class StandingClock:
    """The loop's, of a process that may have stood still: all at once it is so much later."""

    def __init__(self) -> None:
        self._clock = LoopClock()
        self._still_seconds = 0.0

    def stood_still(self, seconds: float) -> None:
        self._still_seconds += seconds

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._still_seconds

    def now(self) -> dt.datetime:
        return self._clock.now() + dt.timedelta(seconds=self._still_seconds)


class KeptGreeting:
    """The program's own, that keeps the channel it has made."""

    def __init__(self, channels: list[Channel]) -> None:
        self._half = KeyHalf()
        self._channels = channels

    @property
    def public(self) -> bytes:
        return self._half.public

    def agreed(self, public: bytes, *, coordinator: bool) -> Channel | None:
        channel = self._half.agreed(public, coordinator=coordinator)
        self._channels += [channel] if channel else []
        return channel


class Worker:
    """With one reception, and whatever is wrong with it.

    Attributes:
        cut: nothing of what it is asked arrives.
        not_heard: what of it is lost on its way there.
        deaf: so often what it answers is lost.
    """

    def __init__(
        self, name: str, service: Service, tasks: anyio.abc.TaskGroup, *, version: str = VERSION,
        desk: Desk | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.service = service
        self.cut = self.draining = self.cannot_send = self.refuses = False
        self.deaf = 0
        self.not_heard: set[Ask] = set()
        self.offset_seconds = 1e6
        self.calls: list[Ask] = []
        self.last_moments: list[float] = []
        self.desk = desk or Desk()
        self.channels: list[Channel] = []
        self.version = version
        self.tasks = tasks
        self.reception = self.new_reception()

    def new_reception(self) -> Reception:
        @contextlib.asynccontextmanager
        async def api() -> AsyncIterator[ServiceApi]:
            if self.cannot_send:
                raise OSError
            yield self.service.api(self.name)

        return Reception(
            Surroundings(
                version=self.version, host="host", open_api=api,
                now_seconds=lambda: anyio.current_time() + self.offset_seconds, draining=lambda: self.draining,
                last_moment=self.last_moments.append,
            ),
            self.desk, new_greeting=lambda: KeptGreeting(self.channels), spawn=self._spawn,
        )  # fmt: skip

    def _spawn(self, serving: Coroutine[Any, Any, None]) -> None:
        async def serve() -> None:
            with contextlib.suppress(OSError):
                await serving

        self.tasks.start_soon(serve)

    async def call(self, ask: Ask, message: bytes) -> bytes | None:
        self.calls.append(ask)
        if self.cut or ask in self.not_heard:
            await anyio.sleep(CALL_SECONDS)
            return None
        if self.refuses:
            await anyio.sleep(0.3)
            return None
        answer = await self.reception.answer(ask, message)
        if self.deaf:
            self.deaf -= 1
            return None
        return answer or None


class Workers:
    """The `ClusterSource` and the `Cluster`."""

    def __init__(self) -> None:
        self.there: dict[str, Worker] = {}
        self.scheduler_is_gone = False
        self.dismissed: list[str] = []
        self.retired: set[str] = set()

    def add(self, worker: Worker) -> Worker:
        self.there[worker.name] = worker
        return worker

    @contextlib.asynccontextmanager
    async def open(self, tell: Tell) -> AsyncIterator["Workers"]:
        yield self

    async def workers(self) -> Mapping[str, bool] | None:
        await anyio.lowlevel.checkpoint()
        return None if self.scheduler_is_gone else {name: name not in self.retired for name in self.there}

    async def employ(self, address: str, config: bytes) -> Worker:
        await anyio.lowlevel.checkpoint()
        if self.there[address].cut:
            raise ClusterError("it does not answer", next_step="wait")
        return self.there[address]

    async def dismiss(self, link: Link) -> None:
        await anyio.lowlevel.checkpoint()
        self.dismissed.append(link.name)


@dataclass
class Pooled:
    """A pool that is open."""

    pool: Pool
    api: PooledApi
    workers: Workers
    service: Service
    stop: StopSwitch
    log: Log
    tasks: anyio.abc.TaskGroup
    clock: StandingClock
    number: int = 0

    async def reset(self, password: str = "a password") -> Exchange:
        self.number += 1
        try:
            return await self.api.reset(
                ROW, Secret(password), request_id="r", correlation_id=f"i-{self.number}", token=Secret("a token")
            )
        except RunStoppedError:
            return CALLED_OFF

    async def keep(self, found: list[Exchange]) -> None:
        """What comes of a reset goes there."""
        found.append(await self.reset())

    def figures(self, name: str) -> Any:
        return next(one for one in self.pool.figures if one.name == name)


@contextlib.asynccontextmanager
async def pooled(
    *names: str, service: Service | None = None, version: str = VERSION, stop: StopSwitch | None = None,
    desk: Desk | None = None,
) -> AsyncIterator[Pooled]:  # fmt: skip
    """A pool over workers of these names. Raises ClusterError, RunHeldError."""
    service = service or Service()
    workers, stop, log, clock = Workers(), stop or StopSwitch(), Log(), StandingClock()
    hiring = Hiring(run_id="run", version=VERSION, config=b"{}", new_greeting=KeyHalf, exchange_seconds=90.0)
    pool = Pool(workers, hiring)
    async with anyio.create_task_group() as tasks:
        for name in names:
            workers.add(Worker(name, service, tasks, version=version, desk=desk))
        refused: BatchresetError | None = None
        try:
            session = Descent(session=1, mark="this one")
            async with pool.open(session=session, stop=stop, clock=clock, log=log) as api:
                yield Pooled(pool, api, workers, service, stop, log, tasks, clock)
        except BatchresetError as error:
            refused = error
        tasks.cancel_scope.cancel()
    if refused is not None:
        raise refused


class Asking:
    """A coordinator's side by hand."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.channel: Conversation | None = None
        self.refused = ""

    async def hello(
        self, *, session: int = 1, version: str = VERSION, mark: str = "", before: Sequence[str] = ()
    ) -> "Asking":
        half = KeyHalf()
        greeted = Greeted(
            protocol=1, version=version, run_id="run", session=session, mark=mark or f"session {session}",
            before=before, public=half.public,
        )  # fmt: skip
        welcome = welcome_of(await self.worker.reception.answer(Ask.HELLO, greeting_bytes(greeted)))
        assert welcome is not None
        self.refused = welcome.refused
        self.channel = half.agreed(welcome.public, coordinator=True)
        return self

    def sealed(self, message: bytes) -> bytes:
        assert self.channel is not None
        return self.channel.seal(message)

    async def asks(self, ask: Ask, sealed: bytes) -> bytes | None:
        assert self.channel is not None
        answer = await self.worker.reception.answer(ask, sealed)
        return self.channel.open(answer) if answer else None


def order(number: int, password: str = "a password") -> Order:
    return Order(
        number=number, customer="c", user="u", password=Secret(password), request_id="r",
        correlation_id=f"i-{number}", token=Secret("a token"),
    )  # fmt: skip
