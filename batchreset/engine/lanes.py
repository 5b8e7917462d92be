"""Between pacer and rows: who may go now, fresh rows and returned ones alike. No row sleeps by itself."""

import collections
import math
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

import anyio

from batchreset.core.classify import Verdict
from batchreset.core.clock import Clock
from batchreset.core.drought import Drought
from batchreset.core.events import EventLog
from batchreset.core.pacing import Answer, Pacer, Ticket
from batchreset.engine.ceiling import ARRIVAL_SHARE, SendCeiling
from batchreset.engine.pace_events import log_note
from batchreset.engine.ports import TurnSource
from batchreset.engine.stopping import RunStoppedError, StopSwitch

PACING_ANSWERS: Final = {
    Verdict.THROTTLED: Answer.THROTTLED,
    Verdict.SERVER_ERROR: Answer.UNAVAILABLE,
    Verdict.CONNECTION_LOST: Answer.UNAVAILABLE,
    Verdict.NOT_SENT: Answer.UNAVAILABLE,
    Verdict.TIMEOUT: Answer.TIMEOUT,
    Verdict.SENDER_LOST: Answer.UNKNOWN,
}
"""What a verdict says of how the service fares; any other one is `Answer.OK`."""

Row = TypeVar("Row")


class _ReturnedRow:
    """A row that waits in its lane for its next turn."""

    __slots__ = ("_turn", "ticket")

    def __init__(self) -> None:
        self._turn = anyio.Event()
        self.ticket: Ticket | None = None

    def serve(self, ticket: Ticket | None) -> None:
        self.ticket = ticket
        self._turn.set()

    async def turn(self) -> Ticket:
        await self._turn.wait()
        if self.ticket is None:
            raise RunStoppedError
        return self.ticket


class Lanes(Generic[Row]):
    """Drives a pacer. Returned rows go before fresh ones: few rows are under way at a time.

    The pacer hears of every answer at once. A row in its backoff keeps a place among `max_concurrency` nevertheless, so
    that an outage touches no more rows than may be under way.
    """

    def __init__(
        self,
        pacer: Pacer,
        rows: TurnSource[Row],
        *,
        max_concurrency: int,
        max_per_second: float,
        clock: Clock,
        log: EventLog,
        stop: StopSwitch,
    ) -> None:
        self.pacer = pacer
        self._rows = rows
        self._max_concurrency = max_concurrency
        self._leaves = SendCeiling(max_per_second, longer_share=ARRIVAL_SHARE)
        self._sends = SendCeiling(max_per_second)
        self._clock = clock
        self._log = log
        self._stop = stop
        self._drought = Drought()
        self._out = 0
        self._in_backoff = 0
        self._returned: dict[str, collections.deque[_ReturnedRow]] = {}
        self._changed = anyio.Event()
        stop.tell(self._release_all)

    def add(self, rows_per_lane: Mapping[str, int]) -> None:
        """So many rows more of each lane may go."""
        self.pacer.add_rows(rows_per_lane)

    async def next(self) -> tuple[Row, Ticket] | None:
        """The next fresh row that may go now; None when all rows have ended or the run was stopped."""
        while not self._stop.requested and not (self.pacer.done and not self._in_backoff):
            turn = self._turn()
            if isinstance(turn, float):
                await self._change_or(turn)
            else:
                return turn
        return None

    def next_at_once(self) -> tuple[Row, Ticket] | None:
        """The same for whoever has just ended a row: one that need not be waited for. None: others wait for it."""
        turn = math.inf if self._stop.requested else self._turn()
        found = None if isinstance(turn, float) else turn
        if found is None or self.pacer.has_room:
            self._changed.set()
        return found

    def _turn(self) -> tuple[Row, Ticket] | float:
        """A fresh row that may go now, after all returned ones that may; or when to ask again."""
        while self._out + self._in_backoff < self._max_concurrency:
            now = self._clock.monotonic()
            opens = self._leaves.opens_seconds(now)
            turn = self.pacer.take(now) if opens <= now else opens
            self._tell()
            if not isinstance(turn, Ticket):
                return turn
            self._leaves.sent(now)
            self._out += 1
            returned = self._returned.get(turn.customer)
            if not returned:
                return self._rows.next(turn.customer), turn
            returned.popleft().serve(turn)
        return math.inf

    async def sending(self) -> None:
        """To be awaited by each request at the last moment before it leaves. Raises RunStoppedError."""
        while (wait_seconds := self._sends.opens_seconds(self._clock.monotonic()) - self._clock.monotonic()) > 0:
            await self._stop.sleep(wait_seconds)
        self._sends.sent(self._clock.monotonic())

    def throttled_since(self, ticket: Ticket, *, throttled: bool) -> float | None:
        """To be told of each answer: since when there has been nothing but 429; None if this one is not."""
        return self._drought.heard(ticket.customer, throttled=throttled, now_seconds=self._clock.monotonic())

    async def again(
        self,
        ticket: Ticket,
        answer: Answer,
        *,
        latency_seconds: float,
        retry_after_seconds: float | None,
        backoff_seconds: float,
    ) -> Ticket:
        """Return the row to its lane after its backoff and wait for its next turn. Raises RunStoppedError."""
        backs_off = backoff_seconds > 0 or self._stop.requested
        self._answer(ticket, answer, latency_seconds, retry_after_seconds, again=not backs_off)
        self._changed.set()
        if backs_off:
            await self._back_off(backoff_seconds)
            self.pacer.add_rows({ticket.customer: 1}, returned=True)
        row = _ReturnedRow()
        self._returned.setdefault(ticket.customer, collections.deque()).append(row)
        return await row.turn()

    async def _back_off(self, seconds: float) -> None:
        """Raises RunStoppedError."""
        self._in_backoff += 1
        try:
            await self._stop.sleep(seconds)
        finally:
            self._in_backoff -= 1
            self._changed.set()

    def ended(
        self, ticket: Ticket, answer: Answer, *, latency_seconds: float, retry_after_seconds: float | None
    ) -> None:
        """The row goes no further."""
        self._answer(ticket, answer, latency_seconds, retry_after_seconds, again=False)
        self._changed.set()

    def ended_before_next(
        self, ticket: Ticket, answer: Answer, *, latency_seconds: float, retry_after_seconds: float | None
    ) -> None:
        """The same for whoever asks for the next one by `next_at_once`: nobody else is woken for the place."""
        self._answer(ticket, answer, latency_seconds, retry_after_seconds, again=False)

    def _answer(
        self,
        ticket: Ticket,
        answer: Answer,
        latency_seconds: float,
        retry_after_seconds: float | None,
        *,
        again: bool,
    ) -> None:
        self._out -= 1
        self.pacer.answer(
            self._clock.monotonic(),
            ticket,
            answer,
            latency_seconds=latency_seconds,
            retry_after_seconds=retry_after_seconds,
            again=again,
        )
        self._tell()

    def _tell(self) -> None:
        for note in self.pacer.drain_notes():
            log_note(self._log, note, now_seconds=self._clock.monotonic())

    async def _change_or(self, moment_seconds: float) -> None:
        """Return at that moment of the monotonic clock, or before it when an answer came or the run was stopped."""
        self._changed = anyio.Event()
        with anyio.move_on_after(
            max(0.0, moment_seconds - self._clock.monotonic()) if moment_seconds < math.inf else None
        ):
            await self._changed.wait()

    def _release_all(self) -> None:
        for returned in self._returned.values():
            while returned:
                returned.popleft().serve(None)
        self._changed.set()
