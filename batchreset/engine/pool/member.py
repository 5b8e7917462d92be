"""One sender as the coordinator sees it: what it was given, when it was last heard, what it said."""

import collections
import enum
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import anyio

from batchreset.core.clock import Clock
from batchreset.core.exchange import Answered, Exchange, LossKind, Lost, NotSent, NotSentKind
from batchreset.core.senders import SenderFigures, SenderState
from batchreset.engine.pool.messages import Batch, Order, Report, batch_bytes, report_of
from batchreset.engine.pool.ports import Ask, Channel, Link
from batchreset.engine.pool.sender import LEASE_SECONDS

SILENCE_SECONDS: Final = 5.0
"""Not heard for so long, it gets no rows any more."""
QUIET_SECONDS: Final = 2.0
"""Not heard for so long, it gets none for the time being: it tells something every second."""
GATHERING_SECONDS: Final = 0.005
"""Between two batches, and between two answers: a message costs as much as a dozen rows. For each sender there is, so
that many of them take no more messages than few."""
GATHERING_MOST_SECONDS: Final = 0.05
"""A row waits so long for both of its messages on average: less than the service takes for it."""
MOST_ORDERS: Final = 256
AGAIN_SECONDS: Final = 0.2
RATE_SECONDS: Final = 10.0
_THROTTLED: Final = 429
_SHIFTS: Final = 3
"""So often a row that was not sent in time goes to another sender, before it counts as not sent."""


class Leaving(enum.Enum):
    """Why a sender is no member any more."""

    GONE = "gone"
    SILENT = "silent"
    DRAINED = "drained"


@dataclass(slots=True, eq=False)
class Asked:
    """An order on its way, and what came of it."""

    order: Order
    shifts: int = 0
    _done: anyio.Event = field(default_factory=anyio.Event, init=False)
    _exchange: Exchange | None = field(default=None, init=False)

    @property
    def settled(self) -> bool:
        """It needs nobody any more."""
        return self._exchange is not None

    def settle(self, exchange: Exchange) -> None:
        """The first word counts."""
        if self._exchange is None:
            self._exchange = exchange
            self._done.set()

    async def exchange(self) -> Exchange:
        """What came of it."""
        await self._done.wait()
        if self._exchange is None:  # pragma: no cover  the event is set with it
            raise AssertionError(self)
        return self._exchange


@dataclass(slots=True)
class _Handed:
    asked: Asked
    sequence: int
    leaves_before_seconds: float


@dataclass(slots=True, kw_only=True)
class _Counts:
    """See `SenderFigures`; counted up with every answer."""

    answered: int = 0
    throttled: int = 0
    failed: int = 0
    lost: int = 0

    def count(self, exchange: Exchange) -> None:
        if isinstance(exchange, Answered):
            self.answered += 1
            self.throttled += exchange.status == _THROTTLED
        else:
            self.failed += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """With a sender that has said hello.

    Attributes:
        host: the machine it is on, as it calls itself.
        now_seconds: by its clock, as it said so.
    """

    link: Link
    channel: Channel
    host: str
    now_seconds: float


class Member:
    """A sender that has said hello.

    Args:
        before: how it fared earlier in this session, if it was here.
        is_gone: whether the cluster knows it no more.
        members: how many there are.
        return_order: takes an order that surely was not sent.
    """

    def __init__(
        self, conversation: "Conversation", *, before: SenderFigures | None, clock: Clock,
        is_gone: Callable[[], Awaitable[bool]], return_order: Callable[[Asked], None], members: Callable[[], int],
    ) -> None:  # fmt: skip
        self.link = conversation.link
        self._channel = conversation.channel
        self._clock = clock
        self._is_gone = is_gone
        self._return_order = return_order
        self._members = members
        self._given: collections.deque[Asked] = collections.deque()
        self._handed: dict[int, _Handed] = {}
        self._more = anyio.Event()
        self._sequence = 0
        self._heard_serial = 0
        self._host = conversation.host
        self._counts = _Counts(
            answered=before.answered, throttled=before.throttled, failed=before.failed, lost=before.lost
        ) if before else _Counts()  # fmt: skip
        self._rate = 0.0
        self._rate_at_seconds = clock.monotonic()
        self._draining = False
        self._hear(conversation.now_seconds)

    def load(self, now_seconds: float) -> float:
        """Orders that it has; infinite where it gets none."""
        if self._draining or now_seconds - self._heard_seconds > QUIET_SECONDS:
            return math.inf
        return len(self._given) + len(self._handed)

    @property
    def last_lease_seconds(self) -> float:
        """When nothing of what it has may leave any more, by our clock."""
        return max((handed.leaves_before_seconds for handed in self._handed.values()), default=-math.inf)

    @property
    def figures(self) -> SenderFigures:
        """How it fares."""
        now, state = self._clock.monotonic(), SenderState.SENDING
        if self._draining:
            state = SenderState.DRAINING
        elif math.isinf(self.load(now)):
            state = SenderState.SILENT
        return SenderFigures(
            name=self.link.name,
            host=self._host,
            state=state,
            in_flight=len(self._given) + len(self._handed),
            answered=self._counts.answered,
            throttled=self._counts.throttled,
            failed=self._counts.failed,
            lost=self._counts.lost,
            per_second=self._faded_rate(now),
        )

    def give(self, asked: Asked) -> None:
        """Goes with the next batch."""
        self._given.append(asked)
        self._more.set()

    async def work(self) -> Leaving:
        """Until it leaves. What it had not been handed then is returned; what it had is settled by `lose`."""
        leaving = Leaving.SILENT
        async with anyio.create_task_group() as delivering:
            delivering.start_soon(self._deliver)
            leaving = await self._collect()
            delivering.cancel_scope.cancel()
        while self._given:
            self._return_order(self._given.popleft())
        return leaving

    async def lose(self) -> None:
        """Settle what it was handed, each when its lease is over: whether it was sent will never be known."""
        for number in sorted(self._handed, key=lambda number: self._handed[number].leaves_before_seconds):
            handed = self._handed[number]
            await anyio.sleep(max(0.0, handed.leaves_before_seconds - self._clock.monotonic()))
            del self._handed[number]
            self._settle_lost(handed, "the sender that had it was lost")

    async def close(self) -> bool:
        """Whether it surely sends nothing any more."""
        sealed = await self.link.call(Ask.CLOSE, self._channel.seal(b""))
        return sealed is not None and self._channel.open(sealed) is not None

    async def _deliver(self) -> None:
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            while self._given:
                await self._hand_over([self._given.popleft() for _ in range(min(len(self._given), MOST_ORDERS))])
                await self._gather()

    async def _gather(self) -> None:
        await anyio.sleep(min(GATHERING_SECONDS * self._members(), GATHERING_MOST_SECONDS))

    async def _hand_over(self, given: list[Asked]) -> None:
        orders = [asked for asked in given if not asked.settled]
        if not orders:
            return
        self._sequence += 1
        leaves_before_seconds = self._clock.monotonic() + LEASE_SECONDS
        batch = Batch(
            sequence=self._sequence,
            leaves_before_seconds=leaves_before_seconds + self._apart_seconds,
            orders=[asked.order for asked in orders],
        )
        message = self._channel.seal(batch_bytes(batch))
        for asked in orders:
            self._handed[asked.order.number] = _Handed(asked, self._sequence, leaves_before_seconds)
        while self._clock.monotonic() < leaves_before_seconds:
            taken = await self.link.call(Ask.DELIVER, message)
            if taken is not None and self._channel.open(taken) is not None:
                return
            # Whether it was heard is not known. The same once more does nothing if it was.
            await anyio.sleep(AGAIN_SECONDS)
        for asked in orders:
            if (handed := self._handed.pop(asked.order.number, None)) is not None:
                self._settle_lost(handed, "the sender did not take it")

    async def _collect(self) -> Leaving:
        while True:
            report = await self._asked_for_report()
            if report is None:
                if await self._is_gone():
                    return Leaving.GONE
                if self._clock.monotonic() - self._heard_seconds > SILENCE_SECONDS:
                    return Leaving.SILENT
                await anyio.sleep(AGAIN_SECONDS)
                continue
            self._hear(report.now_seconds)
            self._take(report)
            if self._draining and not self._given and not self._handed:
                return Leaving.DRAINED
            await self._gather()

    async def _asked_for_report(self) -> Report | None:
        with anyio.move_on_after(SILENCE_SECONDS - (self._clock.monotonic() - self._heard_seconds) + AGAIN_SECONDS):
            sealed = await self.link.call(Ask.COLLECT, self._channel.seal(b"%d" % self._heard_serial))
            opened = None if sealed is None else self._channel.open(sealed)
            return None if opened is None else report_of(opened, sender=self.link.name)
        return None

    def _hear(self, now_seconds: float) -> None:
        """What it calls now was at the latest just now: a lease told in its clock never ends too late."""
        self._heard_seconds = self._clock.monotonic()
        self._apart_seconds = now_seconds - self._heard_seconds

    def _take(self, report: Report) -> None:
        before, now = self._counts.answered, self._heard_seconds
        for done in report.done:
            if done.serial > self._heard_serial:
                self._heard_serial = done.serial
                self._settle(done.number, done.exchange)
        self._rate = self._faded_rate(now) + (self._counts.answered - before) / RATE_SECONDS
        self._rate_at_seconds = now
        self._draining = self._draining or report.draining
        known = report.held
        if known is not None and len(self._handed) > len(known):
            for number in [
                number
                for number, handed in self._handed.items()
                if handed.sequence <= report.sequence and number not in known
            ]:
                self._settle_lost(self._handed.pop(number), "the sender has lost it")
        if self._draining:
            while self._given:
                self._return_order(self._given.popleft())

    def _settle(self, number: int, exchange: Exchange) -> None:
        handed = self._handed.pop(number, None)
        if handed is None:
            return
        asked = handed.asked
        if isinstance(exchange, NotSent) and exchange.kind is NotSentKind.LATE and asked.shifts < _SHIFTS:
            asked.shifts += 1
            self._return_order(asked)
            return
        self._counts.count(exchange)
        asked.settle(exchange)

    def _settle_lost(self, handed: _Handed, detail: str) -> None:
        self._counts.lost += 1
        handed.asked.settle(Lost(kind=LossKind.SENDER, detail=detail, sender=self.link.name))

    def _faded_rate(self, now_seconds: float) -> float:
        return self._rate * math.exp((self._rate_at_seconds - now_seconds) / RATE_SECONDS)
