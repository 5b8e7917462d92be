"""A sender: takes orders, sends each at most once and only while its lease lasts, and tells what came of it.

It lives in a worker of a cluster and knows nothing but its orders. Whatever is said to it twice is done once.
"""

import collections
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio

from batchreset.core.exchange import Exchange, LossKind, Lost
from batchreset.engine.pool.messages import (
    Done,
    Order,
    Report,
    batch_of,
    report_bytes,
)
from batchreset.engine.pool.ports import Ask, Channel, SendingApi

LEAVING_SECONDS: Final = 10.0
"""So long after a row was handed over it may leave: as long as a connection may take."""
ARRIVING_SECONDS: Final = 5.0
"""So long after it left it may arrive: what the network holds back for longer, the system forgets."""
LEASE_SECONDS: Final = LEAVING_SECONDS + ARRIVING_SECONDS
TAKEN: Final = b"taken"
CLOSED: Final = b"closed"
"""What is answered to `Ask.DELIVER` and `Ask.CLOSE`."""
HOLD_SECONDS: Final = 1.0
"""A sender with nothing to tell says so after this."""
HARDLY_SECONDS: Final = 0.5
"""With less than this left of its time a row does not leave: a process that is merely busy must not end for it."""
CUT_OFF_SECONDS: Final = 2.0
"""It takes at most until everything is cut off, when a sender is closed."""
ORPHANED_SECONDS: Final = LEASE_SECONDS
"""Without a word of its coordinator for so long, a sender ends: no lease that it has can last any more."""
_CLOSED: Final = Lost(kind=LossKind.CANCELLED, detail="the sender was closed before the answer came")

OpenApi = Callable[[], contextlib.AbstractAsyncContextManager[SendingApi]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a sender has of the process it is in.

    Attributes:
        now_seconds: of a clock that goes on also while the machine sleeps.
        draining: whether the process is to end.
        last_moment: what is done now is done within so many seconds, however long the process stands still meanwhile,
            or never.
    """

    version: str
    host: str
    open_api: OpenApi
    now_seconds: Callable[[], float]
    draining: Callable[[], bool]
    last_moment: Callable[[float], None]


class Sender:
    """One conversation's. Served by `serve`, asked by `answer`."""

    def __init__(self, place: Surroundings, channel: Channel) -> None:
        self.channel: Channel | None = channel
        self._place = place
        self._sequence = 0
        self._serial = 0
        self._held = 0
        self._done: collections.deque[Done] = collections.deque()
        self._news = anyio.Event()
        self._orders: collections.deque[tuple[Order, float]] = collections.deque()
        self._ordered = anyio.Event()
        self._closed = anyio.Event()
        self._cut_off = anyio.Event()
        self._heard_seconds = place.now_seconds()

    @property
    def closed(self) -> bool:
        """Nothing is sent any more."""
        return self._closed.is_set()

    @property
    def busy(self) -> bool:
        """Whether it has orders, or something that has not been heard yet."""
        return not self.closed and (self._held > 0 or bool(self._done))

    def close(self) -> None:
        """What is under way is cut off, and everything forgotten: keys too."""
        self.channel = None
        self._closed.set()
        self._ordered.set()
        self._news.set()

    async def serve(self) -> None:
        """Send what is ordered, until closed or forsaken."""
        try:
            await self._serve()
        finally:
            # Whoever cannot send takes nothing either.
            self.close()
            self._orders.clear()
            self._done.clear()
            self._cut_off.set()

    async def _serve(self) -> None:
        async with self._place.open_api() as api, anyio.create_task_group() as sending:
            sending.start_soon(self._watch)
            while not self.closed:
                await self._ordered.wait()
                self._ordered = anyio.Event()
                while self._orders and not self.closed:
                    sending.start_soon(self._send, api, *self._orders.popleft())
            sending.cancel_scope.cancel()

    async def _watch(self) -> None:
        while not self.closed:
            with anyio.move_on_after(HOLD_SECONDS):
                await self._closed.wait()
            if self._place.now_seconds() - self._heard_seconds > ORPHANED_SECONDS:
                self.close()

    async def answer(self, ask: Ask, message: bytes) -> bytes | None:
        """What is asked was opened, what is answered has to be sealed; None: it cannot be said."""
        self._heard_seconds = self._place.now_seconds()
        match ask:
            case Ask.DELIVER:
                self._take(message)
                return TAKEN
            case Ask.COLLECT:
                return report_bytes(await self._report(int(message)))
            case _:
                self.close()
                with anyio.move_on_after(CUT_OFF_SECONDS):
                    await self._cut_off.wait()
                # While a connection is open, something may leave by it.
                return CLOSED if self._cut_off.is_set() else None

    def _take(self, message: bytes) -> None:
        batch = batch_of(message)
        if batch.sequence <= self._sequence:
            return
        self._sequence = batch.sequence
        self._held += len(batch.orders)
        self._orders.extend((order, batch.leaves_before_seconds) for order in batch.orders)
        self._ordered.set()

    async def _send(self, api: SendingApi, order: Order, leaves_before_seconds: float) -> None:
        def may_leave() -> bool:
            left_seconds = leaves_before_seconds - self._place.now_seconds()
            if self.closed or left_seconds < HARDLY_SECONDS:
                return False
            self._place.last_moment(left_seconds)
            return True

        exchange: Exchange = _CLOSED
        ids: dict[str, str] = {"request_id": order.request_id, "correlation_id": order.correlation_id}
        try:
            if order.password is None:
                exchange = await api.look(order.customer, **ids, token=order.token, may_leave=may_leave)
            else:
                exchange = await api.reset(order.row, order.password, **ids, token=order.token, may_leave=may_leave)
        except Exception as error:  # noqa: BLE001  one order that nobody thought of ends no other: it may have been sent
            exchange = Lost(kind=LossKind.CONNECTION, detail=f"the sender failed ({type(error).__name__})")
        finally:
            self._tell(order.number, exchange)

    def _tell(self, number: int, exchange: Exchange) -> None:
        self._serial += 1
        self._held -= 1
        self._done.append(Done(serial=self._serial, number=number, exchange=exchange))
        self._news.set()

    async def _report(self, heard_serial: int) -> Report:
        while self._done and self._done[0].serial <= heard_serial:
            self._done.popleft()
        if not self._done and not self.closed:
            self._news = anyio.Event()
            with anyio.move_on_after(HOLD_SECONDS):
                await self._news.wait()
        return Report(
            now_seconds=self._place.now_seconds(),
            done=tuple(self._done),
            draining=self._place.draining(),
        )
