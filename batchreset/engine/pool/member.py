"""One sender as the coordinator sees it: what it was given, when it was last heard, what it said."""

import collections
import enum
import math
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import anyio

from batchreset.core.clock import Clock
from batchreset.core.exchange import Exchange, LossKind, Lost, NotSent, NotSentKind
from batchreset.core.senders import SenderFigures, SenderState
from batchreset.engine.pool.asked import Asked
from batchreset.engine.pool.hiring import Hired
from batchreset.engine.pool.messages import Batch, Report, batch_bytes, report_of
from batchreset.engine.pool.ports import Ask
from batchreset.engine.pool.sender import CLOSED, LEASE_SECONDS, LEAVING_SECONDS, TAKEN
from batchreset.engine.pool.tally import Tally

SILENCE_SECONDS: Final = 5.0
"""Not heard for so long, it gets no rows any more."""
QUIET_SECONDS: Final = 2.0
"""Not heard for so long, it gets none for the time being: it tells something every second."""
GATHERING_SECONDS: Final = 0.005
"""Between two batches, and between two answers: a message costs as much as a dozen rows."""
MOST_ORDERS: Final = 256
AGAIN_SECONDS: Final = 0.2
UNSENT_IN_A_ROW: Final = 3
"""When so many could not be sent, and others can send, a sender rests."""
REST_SECONDS: Final = 5.0
_LATE_MOST: Final = 3
"""So often a row that came too late to its sender is handed over again, before it counts as not sent."""


class Leaving(enum.Enum):
    """Why a sender is no member any more."""

    GONE = "gone"
    SILENT = "silent"
    DRAINED = "drained"


class Member:
    """A sender that has said hello.

    Args:
        before: how it fared earlier in this session, if it was here.
        is_gone: whether the cluster knows it no more.
        others_send: whether another sender is there, none of these, whose last row was sent, or that has had none.
        return_order: takes an order that surely was not sent.
    """

    def __init__(
        self, hired: Hired, *, before: SenderFigures | None, clock: Clock,
        is_gone: Callable[[], Awaitable[bool]], others_send: Callable[[Collection[object]], bool],
        return_order: Callable[[Asked], None],
    ) -> None:  # fmt: skip
        self.link = link = hired.link
        self._channel = hired.channel
        self._most_seconds = hired.most_seconds
        self._clock = clock
        self._is_gone = is_gone
        self._others_send = others_send
        self._return_order = return_order
        self._given: collections.deque[Asked] = collections.deque()
        self._handed: dict[int, Asked] = {}
        self._more = anyio.Event()
        self._sequence = 0
        self._heard_serial = 0
        self._tally = Tally(before or SenderFigures(name=link.name, host=hired.host, state=SenderState.SENDING))
        self._draining = False
        self._listening = anyio.CancelScope()
        self._left = False
        self._unsent_in_a_row = 0
        self._rests_until_seconds = -math.inf
        self._hear(hired.now_seconds)

    def load(self, now_seconds: float) -> float:
        """Orders that it has; infinite where it gets none."""
        if self._draining or self._left or now_seconds - self._heard_seconds > QUIET_SECONDS:
            return math.inf
        return len(self._given) + len(self._handed)

    def rests(self, now_seconds: float) -> bool:
        """It does not reach the service, and others do."""
        return now_seconds < self._rests_until_seconds

    @property
    def sends(self) -> bool:
        """As far as is known: it is there, and what it had last was sent."""
        return not self._unsent_in_a_row and not math.isinf(self.load(self._clock.monotonic()))

    @property
    def last_lease_seconds(self) -> float:
        """When nothing of what it has may leave any more, by our clock."""
        return max((handed.lease_until_seconds for handed in self._handed.values()), default=-math.inf)

    @property
    def figures(self) -> SenderFigures:
        """How it fares."""
        now_seconds = self._clock.monotonic()
        state = SenderState.DRAINING if self._draining else SenderState.SENDING
        if math.isinf(self.load(now_seconds)) and not self._draining:
            state = SenderState.SILENT
        in_flight = len(self._given) + len(self._handed)
        return self._tally.figures(state, in_flight=in_flight, now_seconds=now_seconds)

    def give(self, asked: Asked) -> None:
        """Goes with the next batch."""
        self._given.append(asked)
        self._more.set()

    async def work(self) -> Leaving:
        """Until it leaves. What it had not been handed then is returned; what it had is settled by `lose`."""
        leaving = Leaving.GONE
        async with anyio.create_task_group() as delivering:
            delivering.start_soon(self._deliver)
            with self._listening:
                leaving = await self._collect()
            delivering.cancel_scope.cancel()
        self._left = True
        self.give_back()
        return leaving

    def vanish(self) -> None:
        """The cluster knows it no more: it gets nothing. What it still tells is heard."""
        self.drain()
        if not self._handed or self._clock.monotonic() - self._heard_seconds > QUIET_SECONDS:
            self._listening.cancel()

    def drain(self) -> None:
        """It ends what it has, and gets no more."""
        self._draining = True
        self.give_back()

    def give_back(self) -> None:
        """What it has not been handed."""
        given, self._given = self._given, collections.deque()
        for asked in given:
            self._return_order(asked)

    async def lose(self) -> None:
        """Settle what it was handed, each when its lease is over: whether it was sent will never be known."""
        for number in sorted(self._handed, key=lambda number: self._handed[number].lease_until_seconds):
            handed = self._handed[number]
            await anyio.sleep(max(0.0, handed.lease_until_seconds - self._clock.monotonic()))
            del self._handed[number]
            self._settle_lost(handed, "the sender that had it was lost")

    async def close(self) -> bool:
        """Whether it surely sends nothing any more."""
        sealed = await self.link.call(Ask.CLOSE, self._channel.seal(b""))
        return sealed is not None and self._channel.open(sealed) == CLOSED

    async def _deliver(self) -> None:
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            while self._given:
                await self._hand_over([self._given.popleft() for _ in range(min(len(self._given), MOST_ORDERS))])
                await anyio.sleep(GATHERING_SECONDS)

    async def _hand_over(self, given: list[Asked]) -> None:
        orders = [asked for asked in given if not asked.settled]
        if not orders:
            return
        self._sequence += 1
        handed_seconds = self._clock.monotonic()
        batch = Batch(
            sequence=self._sequence,
            leaves_before_seconds=handed_seconds + LEAVING_SECONDS + self._apart_seconds,
            orders=[asked.order for asked in orders],
        )
        message = self._channel.seal(batch_bytes(batch))
        for asked in orders:
            asked.first_handed_seconds = min(asked.first_handed_seconds, handed_seconds)
            asked.lease_until_seconds = handed_seconds + LEASE_SECONDS
            self._handed[asked.order.number] = asked
        while self._clock.monotonic() < handed_seconds + LEASE_SECONDS:
            taken = await self.link.call(Ask.DELIVER, message)
            if taken is not None and self._channel.open(taken) == TAKEN:
                return
            # Whether it was heard is not known. The same once more does nothing if it was.
            await anyio.sleep(AGAIN_SECONDS)
        for asked in orders:
            if (handed := self._handed.pop(asked.order.number, None)) is not None:
                self._settle_lost(handed, "the sender did not take it")

    async def _collect(self) -> Leaving:
        in_vain = 0
        while True:
            report = await self._asked_for_report()
            if report is None:
                if await self._is_gone():
                    return Leaving.GONE
                # Twice: if it is we who stood still, its answer waits to be read.
                in_vain += 1
                if in_vain > 1 and self._clock.monotonic() - self._heard_seconds > SILENCE_SECONDS:
                    return Leaving.SILENT
                await anyio.sleep(AGAIN_SECONDS)
                continue
            in_vain = 0
            self._hear(report.now_seconds)
            self._take(report)
            if self._draining and not self._given and not self._handed:
                return Leaving.DRAINED
            await anyio.sleep(GATHERING_SECONDS)

    async def _asked_for_report(self) -> Report | None:
        left_seconds = SILENCE_SECONDS - (self._clock.monotonic() - self._heard_seconds)
        with anyio.move_on_after(max(left_seconds, QUIET_SECONDS)):
            sealed = await self.link.call(Ask.COLLECT, self._channel.seal(b"%d" % self._heard_serial))
            opened = None if sealed is None else self._channel.open(sealed)
            return None if opened is None else report_of(opened, sender=self.link.name)
        return None

    def _hear(self, now_seconds: float) -> None:
        """What it calls now was at the latest just now: a lease told in its clock never ends too late."""
        self._heard_seconds = self._clock.monotonic()
        self._apart_seconds = now_seconds - self._heard_seconds

    def _take(self, report: Report) -> None:
        for done in report.done:
            if done.serial > self._heard_serial:
                self._heard_serial = done.serial
                self._settle(done.number, done.exchange)
        self._give_up_waiting()
        if self._draining or report.draining:
            self.drain()

    def _give_up_waiting(self) -> None:
        """A sender that answers tells of every order in time. Should one not, no row waits for it for ever."""
        while self._handed:
            number, oldest = next(iter(self._handed.items()))
            if self._heard_seconds < oldest.lease_until_seconds - LEASE_SECONDS + self._most_seconds:
                return
            del self._handed[number]
            self._settle_lost(oldest, "the sender told nothing of it")

    def _settle(self, number: int, exchange: Exchange) -> None:
        asked = self._handed.pop(number, None)
        if asked is None:
            return
        self._learn(exchange)
        if self._goes_elsewhere(exchange, asked):
            asked.returned_by += (self,)
            self._return_order(asked)
            return
        self._tally.count(exchange)
        asked.settle(exchange)

    def _learn(self, exchange: Exchange) -> None:
        if not isinstance(exchange, NotSent):
            self._unsent_in_a_row = 0
        elif exchange.kind is not NotSentKind.LATE:
            self._unsent_in_a_row += 1
            if self._unsent_in_a_row >= UNSENT_IN_A_ROW and self._others_send(()):
                self._rests_until_seconds = self._clock.monotonic() + REST_SECONDS

    def _goes_elsewhere(self, exchange: Exchange, asked: Asked) -> bool:
        """It was not sent, and that says more of those who had it than of the service."""
        if not isinstance(exchange, NotSent):
            return False
        if exchange.kind is NotSentKind.LATE:
            return len(asked.returned_by) < _LATE_MOST
        # Refused at once by many, it goes round all of them; where each takes its time, the service is told of.
        took_seconds = self._clock.monotonic() - asked.first_handed_seconds
        return took_seconds < LEASE_SECONDS and self._others_send(asked.returned_by)

    def _settle_lost(self, handed: Asked, detail: str) -> None:
        self._tally.count_lost()
        handed.settle(Lost(kind=LossKind.SENDER, detail=detail, sender=self.link.name))
