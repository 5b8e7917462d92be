"""How fast rows end, and how long the rest will take: honest also while everybody waits for a limit's next window."""

import collections
import math
from typing import Final

from batchreset.core.figures import TimeLeft
from batchreset.core.pacing import Outlook

RATE_OVER_SECONDS: Final = 60.0
"""Most limits are so many a minute, spent at its begin: a shorter look would jump between haste and nought."""
FLOW_OVER_SECONDS: Final = 15.0
FLOW_LEAST_ROWS: Final = 20
FLOW_LEAST_SECONDS: Final = 3.0
"""Less says nothing yet of how fast rows go when they may."""


LOOKS_APART_SECONDS: Final = 5.0
"""Somebody looks each second. After a longer gap the process was stopped (Ctrl-Z), or its machine slept."""


class Awake:
    """The seconds in which rows could go: of a clock that goes on while the process sleeps, those that it was awake."""

    def __init__(self) -> None:
        self._last_seconds: float | None = None
        self._seconds = 0.0

    def seconds(self, now_seconds: float) -> float:
        """Since the first look, by now."""
        gap = now_seconds - self._last_seconds if self._last_seconds is not None else 0.0
        self._last_seconds = now_seconds
        self._seconds += gap if gap <= LOOKS_APART_SECONDS else 0.0
        return self._seconds


_KEPT_MOST: Final = 60
"""Observations of one rate: there are as many rates as senders, and anybody may look as often as he likes."""


class Rate:
    """Rows a second over the last while, or since the last observation when that is longer ago."""

    def __init__(self, over_seconds: float = RATE_OVER_SECONDS) -> None:
        self._over_seconds = over_seconds
        self._seen: collections.deque[tuple[float, int]] = collections.deque()

    def per_second(self, now_seconds: float, done: int) -> float:
        """The rate, with this observation in it; 0 before there are two."""
        if not self._seen or now_seconds - self._seen[-1][0] >= self._over_seconds / _KEPT_MOST:
            self._seen.append((now_seconds, done))
        while len(self._seen) > 1 and self._seen[1][0] <= now_seconds - self._over_seconds:
            self._seen.popleft()
        began, before = self._seen[0]
        return (done - before) / (now_seconds - began) if now_seconds > began else 0.0


class Flow:
    """How fast rows go when nothing holds them: time in which none is under way does not count."""

    def __init__(self) -> None:
        self._rate = Rate(FLOW_OVER_SECONDS)
        self._began: tuple[float, int] | None = None
        self._last: tuple[float, int, bool] = (0.0, 0, False)
        self._seconds = 0.0

    def per_second(self, now_seconds: float, done: int, *, under_way: bool) -> float | None:
        """None: too few rows were seen to say."""
        if self._began is None:
            self._began, self._last = (now_seconds, done), (now_seconds, done, under_way)
        last_seconds, last_done, flowed = self._last
        if flowed or under_way or done > last_done:
            self._seconds += now_seconds - last_seconds
        self._last = (now_seconds, done, under_way)
        rate = self._rate.per_second(self._seconds, done)
        enough = done - self._began[1] >= FLOW_LEAST_ROWS and self._seconds >= FLOW_LEAST_SECONDS
        return rate if enough and rate > 0.0 else None


def time_left(
    rows: int,
    *,
    outlook: Outlook,
    flow_per_second: float | None,
    most_per_second: float | None,
) -> TimeLeft | None:
    """Whichever holds the rest longest: the limits that are known, the operator's ceiling, or the service itself.

    Args:
        rows: that have no outcome yet.
        outlook: what the known limits hold back.
        flow_per_second: how fast rows go when nothing holds them; None: not known yet.
        most_per_second: the operator's ceiling; None: there is none.

    None: there is nothing to go by yet. So it is while all that holds them is a limit that is not known: until the
    next try is no measure of what comes after it, and would count down to nothing.
    """
    if not outlook.held_seconds and (flow_per_second is None or outlook.limit_unknown):
        return None
    flow = flow_per_second or math.inf
    seconds = max(
        outlook.held_seconds + outlook.last_rows / flow,
        rows / flow,
        rows / most_per_second if most_per_second else 0.0,
    )
    return TimeLeft(seconds=seconds, at_least=outlook.limit_unknown)
