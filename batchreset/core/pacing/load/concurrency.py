"""How many may be under way at once: quickly more while it helps, fewer when the service becomes slow or fails."""

import collections
import statistics
from typing import Final

FIRST_AT_ONCE: Final = 8
LEAST_AT_ONCE: Final = 4
GROWTH_A_SUCCESS: Final = 0.5
"""At first, while all that may be under way is: doubles in two rounds."""
FAST_UNTIL_AT_ONCE: Final = 32
GROWTH_BEYOND: Final = 0.0375
"""With more under way, the first refusal costs more."""
ROWS_FOR_EACH: Final = 40
"""One more at once for so many rows in all: few rows are not worth the refusals of a fast start."""
FEW_AT_ONCE: Final = 12
"""That many always."""
BATCH_ANSWERS: Final = 40
"""Latency is judged by the median of so many."""
SLOW_FACTOR: Final = 1.6
"""Of the base: slower than this means that we are too many."""
WELL_FACTOR: Final = 1.2
SLOW_BATCHES: Final = 2
"""So many in a row."""
BASE_SHARE: Final = 0.3
"""Of a lower median, that much is taken into the base: the lowest of many is luck."""
SLOW_CUT: Final = 0.8
WELL_GROWTH: Final = 1.05
USELESS_CUTS_SHARE: Final = 0.5
"""Cut to this share without becoming faster: the service is slow of itself, and that is the new base."""
FASTER_SHARE: Final = 0.85
FAILURES_WATCHED: Final = 50
FAILURES_TO_CUT: Final = 4
"""In so many answers: a single 503 is no reason."""
FAILURE_CUT: Final = 0.6
FAILURE_CUT_EVERY_SECONDS: Final = 1.0


class Concurrency:
    """A level between `LEAST_AT_ONCE` and what is allowed."""

    def __init__(self, most: int, rows: int) -> None:
        self._allowed = most
        self._rows = 0
        self._most = most
        self.expect(rows)
        self._least = min(LEAST_AT_ONCE, most)
        self._level = float(min(FIRST_AT_ONCE, most))
        self._climbing = True
        self._latencies: list[float] = []
        self._base_seconds = 0.0
        self._slow = 0
        self._well = True
        self._cut_from: tuple[float, float] | None = None
        self._answers = 0
        self._failed_at: collections.deque[int] = collections.deque(maxlen=FAILURES_TO_CUT)
        self._cut_at_seconds = float("-inf")

    def expect(self, rows: int) -> None:
        """So many rows more."""
        self._rows += rows
        self._most = min(self._allowed, max(FEW_AT_ONCE, self._rows // ROWS_FOR_EACH))

    @property
    def at_once(self) -> int:
        return int(self._level)

    def succeeded(self, latency_seconds: float, in_flight: int) -> None:
        """A good answer; so many were under way besides it."""
        self._answers += 1
        binding = in_flight + 2 >= int(self._level)
        if self._climbing and binding and self._well:
            growth = GROWTH_A_SUCCESS if self._level < FAST_UNTIL_AT_ONCE else GROWTH_BEYOND
            self._set(self._level + growth)
        self._latencies.append(latency_seconds)
        if len(self._latencies) >= BATCH_ANSWERS:
            median = statistics.median(self._latencies)
            self._latencies.clear()
            self._judge(median, binding=binding)

    def _judge(self, median_seconds: float, *, binding: bool) -> None:
        if not self._base_seconds:
            self._base_seconds = median_seconds
        elif median_seconds < self._base_seconds:
            self._base_seconds += BASE_SHARE * (median_seconds - self._base_seconds)
        self._well = median_seconds < WELL_FACTOR * self._base_seconds
        self._slow = self._slow + 1 if median_seconds > SLOW_FACTOR * self._base_seconds else 0
        if self._slow >= SLOW_BATCHES:
            self._climbing = False
            if self._cut_from is None:
                self._cut_from = (self._level, median_seconds)
            level, slow_seconds = self._cut_from
            if self._level <= USELESS_CUTS_SHARE * level and median_seconds > FASTER_SHARE * slow_seconds:
                self._base_seconds = median_seconds
                self._cut_from = None
            else:
                self._set(self._level * SLOW_CUT)
        elif self._well:
            self._cut_from = None
            if binding and not self._climbing:
                self._set(self._level * WELL_GROWTH)

    def failed(self, now_seconds: float) -> None:
        """Unavailable, or no answer in time."""
        self._answers += 1
        self._failed_at.append(self._answers)
        often = len(self._failed_at) == FAILURES_TO_CUT and self._answers - self._failed_at[0] < FAILURES_WATCHED
        if often and now_seconds >= self._cut_at_seconds + FAILURE_CUT_EVERY_SECONDS:
            self._climbing = False
            self._cut_at_seconds = now_seconds
            self._failed_at.clear()
            self._set(self._level * FAILURE_CUT)

    def _set(self, level: float) -> None:
        self._level = min(max(level, float(self._least)), float(self._most))
