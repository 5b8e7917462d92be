"""Limiters as services build them. Refused requests count against every one of them.

A limiter is asked twice: `opens_seconds` looks without touching (only the oracle may), `judge` counts a request.
"""

import collections
import math
import random
from collections.abc import Callable
from typing import Protocol


class Limiter(Protocol):
    """Judges requests in the order in which they arrive."""

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        """The first moment from now on at which a request of the customer would pass, if no other came."""
        ...

    def judge(self, now_seconds: float, customer: str) -> float | None:
        """Count a request. None: it passes. Else the true seconds until one would."""
        ...


class NoLimit:
    """Everything passes."""

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        del customer
        return now_seconds

    def judge(self, now_seconds: float, customer: str) -> float | None:
        del now_seconds, customer
        return None


class FixedWindow:
    """At most `limit(begin, ordinal)` requests in each window.

    Args:
        limit: of the window that begins then, the ordinal-th.
        window_seconds: its length.
        phase_seconds: windows end at this moment and every window after; None: one begins with its first request.
        penalty_seconds: added to the window by each refused request.
    """

    def __init__(
        self,
        limit: Callable[[float, int], int],
        window_seconds: float,
        *,
        phase_seconds: float | None = None,
        penalty_seconds: float = 0.0,
    ) -> None:
        self._limit_of = limit
        self._window_seconds = window_seconds
        self._phase_seconds = phase_seconds
        self._penalty_seconds = penalty_seconds
        self._ends_seconds = -math.inf
        self._ordinal = 0
        self._limit = 0
        self._used = 0

    def _roll(self, now_seconds: float) -> None:
        if now_seconds < self._ends_seconds:
            return
        if self._phase_seconds is None:
            self._ends_seconds = now_seconds + self._window_seconds
        else:
            windows = math.floor((now_seconds - self._phase_seconds) / self._window_seconds + 1e-9) + 1
            self._ends_seconds = self._phase_seconds + windows * self._window_seconds
        self._limit = self._limit_of(now_seconds, self._ordinal)
        self._ordinal += 1
        self._used = 0

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        del customer
        if now_seconds >= self._ends_seconds or self._used < self._limit:
            return now_seconds
        return self._ends_seconds

    def judge(self, now_seconds: float, customer: str) -> float | None:
        del customer
        self._roll(now_seconds)
        # A limit that falls in the middle of a window holds at once.
        if self._used >= min(self._limit, self._limit_of(now_seconds, self._ordinal - 1)):
            self._ends_seconds += self._penalty_seconds
            return self._ends_seconds - now_seconds
        self._used += 1
        return None


class SlidingWindow:
    """At most `limit` requests in any `window_seconds`, refused ones too."""

    def __init__(self, limit: int, window_seconds: float) -> None:
        self._limit = limit
        self._window_seconds = window_seconds
        self._came: collections.deque[float] = collections.deque()

    def _forget(self, now_seconds: float) -> None:
        while self._came and self._came[0] <= now_seconds - self._window_seconds:
            self._came.popleft()

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        del customer
        self._forget(now_seconds)
        if len(self._came) < self._limit:
            return now_seconds
        return self._came[-self._limit] + self._window_seconds + 1e-9

    def judge(self, now_seconds: float, customer: str) -> float | None:
        del customer
        self._forget(now_seconds)
        self._came.append(now_seconds)
        if len(self._came) <= self._limit:
            return None
        return self._came[-self._limit] + self._window_seconds - now_seconds


class DebtBucket:
    """A token bucket; where there is debt, a refused request draws from it too, below nothing."""

    def __init__(self, per_second: float, burst: float, *, debt: bool = True) -> None:
        self._per_second = per_second
        self._burst = burst
        self._debt = debt
        self._tokens = burst
        self._then_seconds = 0.0

    def _fill(self, now_seconds: float) -> None:
        passed = now_seconds - self._then_seconds
        self._tokens = min(self._burst, self._tokens + passed * self._per_second)
        self._then_seconds = now_seconds

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        del customer
        self._fill(now_seconds)
        if self._tokens >= 1.0:
            return now_seconds
        return now_seconds + (1.0 - self._tokens) / self._per_second + 1e-9

    def judge(self, now_seconds: float, customer: str) -> float | None:
        del customer
        self._fill(now_seconds)
        passes = self._tokens >= 1.0
        if passes or self._debt:
            self._tokens -= 1.0
        return None if passes else max(0.0, 1.0 - self._tokens) / self._per_second


class EachCustomer:
    """A limiter of its own for each customer."""

    def __init__(self, make: Callable[[], Limiter]) -> None:
        self._make = make
        self._limiters: dict[str, Limiter] = {}

    def _of(self, customer: str) -> Limiter:
        limiter = self._limiters.get(customer)
        if limiter is None:
            limiter = self._limiters[customer] = self._make()
        return limiter

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        return self._of(customer).opens_seconds(now_seconds, customer)

    def judge(self, now_seconds: float, customer: str) -> float | None:
        return self._of(customer).judge(now_seconds, customer)


class Both:
    """The first refuses before the second counts."""

    def __init__(self, first: Limiter, second: Limiter) -> None:
        self.first = first
        self.second = second

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        return max(self.first.opens_seconds(now_seconds, customer), self.second.opens_seconds(now_seconds, customer))

    def judge(self, now_seconds: float, customer: str) -> float | None:
        refused = self.first.judge(now_seconds, customer)
        return self.second.judge(now_seconds, customer) if refused is None else refused


class Shared:
    """Other clients spend from the same limit: a Poisson stream."""

    def __init__(self, limiter: Limiter, per_second: float, chance: random.Random) -> None:
        self._limiter = limiter
        self._per_second = per_second
        self._chance = chance
        self._next_seconds = chance.expovariate(per_second)

    def _others(self, now_seconds: float) -> None:
        while self._next_seconds <= now_seconds:
            self._limiter.judge(self._next_seconds, "")
            self._next_seconds += self._chance.expovariate(self._per_second)

    def opens_seconds(self, now_seconds: float, customer: str) -> float:
        self._others(now_seconds)
        return self._limiter.opens_seconds(now_seconds, customer)

    def judge(self, now_seconds: float, customer: str) -> float | None:
        self._others(now_seconds)
        return self._limiter.judge(now_seconds, customer)
