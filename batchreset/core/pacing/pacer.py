"""A simple pacer: customers in turn, a bound on what is under way, an optional ceiling, and on 429 everyone waits.

It does not learn limits yet, but it is safe: after a pause one row goes first and the others follow only when it was
let through, so that a service which counts refused requests is never kept shut by us.
"""

import collections
import math
import random
from collections.abc import Mapping
from typing import Final

from batchreset.core.pacing.seam import Answer, PaceSnapshot, Pause, Ticket

PAUSE_FIRST_SECONDS: Final = 1.0
PAUSE_GROWTH: Final = 1.6
PAUSE_UNTOLD_MOST_SECONDS: Final = 15.0
"""Bounds of a pause when the service gives no `Retry-After`."""
PAUSE_MOST_SECONDS: Final = 3600.0
"""A longer `Retry-After` is asked about again after an hour: limits change without notice."""
SLACK_SECONDS: Final = 0.1
JITTER_SECONDS: Final = 0.2
"""Servers round `Retry-After` down; other clients come back at the same moment."""


class Pacer:
    """Says which customer's row may go, and when.

    Args:
        rows_per_customer: rows that wait in each lane.
        max_concurrency: requests under way at once, at least 1.
        max_per_second: hard ceiling over any second; None or 0: none.
        random: source of jitter.
    """

    def __init__(
        self,
        rows_per_customer: Mapping[str, int],
        *,
        max_concurrency: int,
        max_per_second: float | None = None,
        random: random.Random,
    ) -> None:
        self._waiting = {customer: rows for customer, rows in rows_per_customer.items() if rows > 0}
        self._turns = collections.deque(self._waiting)
        self._rows_waiting = sum(self._waiting.values())
        self._max_concurrency = max(1, max_concurrency)
        self._ceiling = _Ceiling(max_per_second) if max_per_second else None
        self._random = random
        self._in_flight = 0
        self._tickets = 0
        self._refused = 0
        self._refusals_in_a_row = 0
        self._paused_at_seconds = -math.inf
        self._paused_until_seconds = -math.inf
        self._probe: int | None = None
        self._must_probe = False

    def take(self, now_seconds: float) -> Ticket | float:
        """A ticket: send one row of its customer now. Or the moment to ask again (`math.inf`: after an answer)."""
        if not self._turns or self._in_flight >= self._max_concurrency or self._probe is not None:
            return math.inf
        if now_seconds < self._paused_until_seconds:
            return self._paused_until_seconds
        if self._ceiling is not None:
            opens = self._ceiling.opens_at_seconds(now_seconds)
            if opens > now_seconds:
                return opens
            self._ceiling.sent(now_seconds)
        ticket = Ticket(self._next_customer(), self._tickets + 1, now_seconds)
        self._tickets += 1
        self._in_flight += 1
        if self._must_probe:
            self._probe = ticket.number
        return ticket

    def answer(
        self,
        now_seconds: float,
        ticket: Ticket,
        answer: Answer,
        *,
        latency_seconds: float,  # noqa: ARG002  part of the seam; this pacer does not learn from it
        retry_after_seconds: float | None = None,
        again: bool,
    ) -> None:
        """What came back for `ticket`. `again`: the row returns to its lane."""
        self._in_flight -= 1
        if again:
            self._give_back(ticket.customer)
        if ticket.number == self._probe:
            self._probe = None
        if answer is Answer.THROTTLED:
            self._throttled(now_seconds, ticket, retry_after_seconds)
        elif answer is Answer.OK and ticket.taken_at_seconds >= self._paused_until_seconds:
            self._must_probe = False
            self._refusals_in_a_row = 0

    @property
    def done(self) -> bool:
        """Nothing waiting, nothing in flight."""
        return not self._turns and self._in_flight == 0

    def snapshot(self) -> PaceSnapshot:
        """What pacing is doing now."""
        paused = self._paused_until_seconds > -math.inf and self._must_probe
        return PaceSnapshot(
            concurrency=1 if self._must_probe else self._max_concurrency,
            in_flight=self._in_flight,
            waiting=self._rows_waiting,
            per_second=self._ceiling.per_second if self._ceiling else None,
            refused=self._refused,
            pauses=(Pause(scope="partner", until_seconds=self._paused_until_seconds),) if paused else (),
        )

    def _next_customer(self) -> str:
        customer = self._turns.popleft()
        self._waiting[customer] -= 1
        self._rows_waiting -= 1
        if self._waiting[customer]:
            self._turns.append(customer)
        else:
            del self._waiting[customer]
        return customer

    def _give_back(self, customer: str) -> None:
        if customer not in self._waiting:
            self._waiting[customer] = 0
            self._turns.append(customer)
        self._waiting[customer] += 1
        self._rows_waiting += 1

    def _throttled(self, now_seconds: float, ticket: Ticket, retry_after_seconds: float | None) -> None:
        self._refused += 1
        # Refusals of rows that were under way when the pause began tell nothing new about how long it must be.
        of_the_same_burst = self._must_probe and ticket.taken_at_seconds <= self._paused_at_seconds
        if not of_the_same_burst:
            self._refusals_in_a_row += 1
            self._paused_at_seconds = now_seconds
        self._must_probe = True
        until = now_seconds + self._pause_seconds(retry_after_seconds)
        self._paused_until_seconds = max(self._paused_until_seconds, until)

    def _pause_seconds(self, retry_after_seconds: float | None) -> float:
        grown = PAUSE_FIRST_SECONDS * PAUSE_GROWTH ** min(self._refusals_in_a_row - 1, 16)
        untold = min(grown, PAUSE_UNTOLD_MOST_SECONDS)
        if retry_after_seconds is None or not math.isfinite(retry_after_seconds):
            return untold * self._random.uniform(0.8, 1.2)
        told = min(max(retry_after_seconds, 0.0), PAUSE_MOST_SECONDS)
        again_refused = untold if self._refusals_in_a_row > 1 else 0.0
        return max(told, again_refused) + SLACK_SECONDS + JITTER_SECONDS * self._random.random()


class _Ceiling:
    """At most `per_second` sends in any second, evenly spread."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._spacing_seconds = 1.0 / per_second
        self._last: collections.deque[float] = collections.deque(maxlen=max(1, math.floor(per_second)))

    def opens_at_seconds(self, now_seconds: float) -> float:
        if not self._last:
            return now_seconds
        opens = self._last[-1] + self._spacing_seconds
        if len(self._last) == self._last.maxlen:
            opens = max(opens, self._last[0] + 1.0)
        return opens

    def sent(self, now_seconds: float) -> None:
        self._last.append(now_seconds)
