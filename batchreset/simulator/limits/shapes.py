"""The shapes limits have. Each counts every request, also those it refuses."""

import collections
import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Protocol


class Limit(Protocol):
    """Told of every request, in the order in which they arrive."""

    def wait_seconds(self, now_seconds: float) -> float:
        """Count one request; 0 if it passes, else the time until one would, if none came before."""
        ...


class NoLimit:
    """Everything passes."""

    def wait_seconds(self, now_seconds: float) -> float:
        del now_seconds
        return 0.0


class FixedWindow:
    """At most so many requests pass in each window.

    Args:
        limits: of one window after the other.
        end_seconds: from the moment of a window's first request to the window's end, which is later.
        penalty_seconds: each refused request puts the window's end off by this.
    """

    def __init__(
        self, *, limits: Iterator[int], end_seconds: Callable[[float], float], penalty_seconds: float = 0.0
    ) -> None:
        self._limits = limits
        self._end_seconds = end_seconds
        self._penalty_seconds = penalty_seconds
        self._ends_seconds = -math.inf
        self._left = 0

    def wait_seconds(self, now_seconds: float) -> float:
        if now_seconds >= self._ends_seconds:
            self._ends_seconds = self._end_seconds(now_seconds)
            self._left = next(self._limits)
        if self._left > 0:
            self._left -= 1
            return 0.0
        self._ends_seconds += self._penalty_seconds
        return self._ends_seconds - now_seconds


def from_first_request(window_seconds: float) -> Callable[[float], float]:
    """A window begins with the first request after the last one's end."""
    return lambda now_seconds: now_seconds + window_seconds


def by_the_clock(window_seconds: float) -> Callable[[float], float]:
    """Windows end when the clock shows a multiple of their length, whenever requests come."""

    def end_seconds(now_seconds: float) -> float:
        # The next multiple may round to now itself; a window that ends at once would never refuse.
        windows = now_seconds // window_seconds
        ends = ((windows + 1) * window_seconds, (windows + 2) * window_seconds)
        return next(end for end in ends if end > now_seconds)

    return end_seconds


def drawn(least: int, most: int, *, seed: str) -> Iterator[int]:
    """Limits from `least` to `most`, both included; the n-th depends on the seed and n alone."""
    number = 0
    while True:
        number += 1
        digest = hashlib.blake2b(f"{seed}|{number}".encode(), digest_size=8).digest()
        yield least + int.from_bytes(digest) % (most - least + 1)


class SlidingWindow:
    """A request passes if fewer than `limit` came in the `window_seconds` before it."""

    def __init__(self, *, limit: int, window_seconds: float) -> None:
        self._window_seconds = window_seconds
        self._last: collections.deque[float] = collections.deque(maxlen=limit)

    def wait_seconds(self, now_seconds: float) -> float:
        full = len(self._last) == self._last.maxlen and self._opens_seconds() > now_seconds
        self._last.append(now_seconds)
        return self._opens_seconds() - now_seconds if full else 0.0

    def _opens_seconds(self) -> float:
        return self._last[0] + self._window_seconds


class TokenBucket:
    """A request passes if there is a token for it. A refused one draws a token too, so that debt grows.

    Args:
        burst: tokens in a full bucket, as it is at first.
        per_second: tokens that flow in.
    """

    def __init__(self, *, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._then_seconds = math.inf

    def wait_seconds(self, now_seconds: float) -> float:
        passed_seconds = max(0.0, now_seconds - self._then_seconds)
        self._tokens = min(self._burst, self._tokens + passed_seconds * self._per_second)
        self._then_seconds = now_seconds
        passes = self._tokens >= 1
        self._tokens -= 1
        return 0.0 if passes else (1 - self._tokens) / self._per_second
