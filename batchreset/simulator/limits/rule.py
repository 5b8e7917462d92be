"""What a limit is to be like, and the limit made from it."""

import enum
import itertools
from dataclasses import dataclass
from typing import Final

from batchreset.simulator.limits.shapes import (
    FixedWindow,
    Limit,
    NoLimit,
    SlidingWindow,
    TokenBucket,
    by_the_clock,
    drawn,
    from_first_request,
)


class LimitKind(enum.StrEnum):
    """The shape of a limit."""

    WINDOW = "window"
    """Windows that begin with their first request."""
    CLOCK = "clock"
    """Windows that end by the clock, at multiples of their length, whenever requests come."""
    SLIDING = "sliding"
    """At most the limit in any span of the window's length."""
    BUCKET = "bucket"
    """A token bucket that holds the limit and fills in a window; refused requests draw too, so that debt grows."""


WITH_WINDOWS: Final = frozenset({LimitKind.WINDOW, LimitKind.CLOCK})
"""The kinds whose windows end, one after the other: they can be put off, and differ in their limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One limit.

    Attributes:
        limit: 0 for none.
        window_seconds: the time that `limit` is for.
        penalty_seconds: each refused request puts the window's end off by this. Only of kinds `WITH_WINDOWS`.
        limit_least: if not 0, each window has another limit, drawn from this to `limit`. Only of kinds `WITH_WINDOWS`.
    """

    limit: int = 0
    kind: LimitKind = LimitKind.WINDOW
    window_seconds: float = 60.0
    penalty_seconds: float = 0.0
    limit_least: int = 0

    def made(self, *, seed: str) -> Limit:
        """A limit by this rule, at its beginning."""
        if self.limit == 0:
            return NoLimit()
        match self.kind:
            case LimitKind.SLIDING:
                return SlidingWindow(limit=self.limit, window_seconds=self.window_seconds)
            case LimitKind.BUCKET:
                return TokenBucket(burst=self.limit, per_second=self.limit / self.window_seconds)
            case LimitKind.WINDOW:
                end_seconds = from_first_request(self.window_seconds)
            case LimitKind.CLOCK:
                end_seconds = by_the_clock(self.window_seconds)
        least = self.limit_least
        limits = drawn(least, self.limit, seed=seed) if least else itertools.repeat(self.limit)
        return FixedWindow(limits=limits, end_seconds=end_seconds, penalty_seconds=self.penalty_seconds)
