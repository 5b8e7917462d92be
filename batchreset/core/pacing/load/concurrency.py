"""How many may be under way at once: from few, quickly, to the level at which the service gets most done."""

import math
from typing import Final

from batchreset.core.pacing.load.climb import Climb
from batchreset.core.pacing.load.sample import Sample

FIRST_AT_ONCE: Final = 8
START_GROWTH: Final = 0.5
"""A success: doubles in two rounds."""
ROWS_FOR_EACH: Final = 40
"""One more at once for so many rows in all: few rows are not worth the refusals of a fast start."""
FEW_AT_ONCE: Final = 12
"""That many always."""
BINDING_SHARE: Final = 0.85
"""With less of the level under way something else holds back, a limit or the end: that says nothing of the level."""
PRECISION: Final = 0.05
"""Standard error of a sample's median latency, in logarithms: a third of what is to be seen."""
MEDIAN_ERROR: Final = 1.25
"""Standard error of a median: so many times spread over the root of how many."""
SPREAD_FIRST: Final = 0.5
SPREAD_WEIGHT: Final = 0.5
"""Of each new sample's spread."""
LEAST_SAMPLE: Final = 64
MOST_SAMPLE: Final = 400
"""Spread is not known that well, and a sample shall not take half a minute."""


class Concurrency:
    """At first and after an outage the start, from few at once; then the level that `Climb` finds.

    Attributes:
        at_once: so many, now.
    """

    def __init__(self, most: int, rows: int) -> None:
        self._allowed = most
        self._rows = rows
        self._climb = Climb(self._most())
        self._spread = SPREAD_FIRST
        self._start: float | None = None
        self._sample: Sample | None = None
        self.begin(0)

    def expect(self, rows: int) -> None:
        """So many rows more."""
        self._rows += rows
        self._climb.most = self._most()

    def _most(self) -> int:
        return min(self._allowed, max(FEW_AT_ONCE, self._rows // ROWS_FOR_EACH))

    def begin(self, in_flight: int) -> None:
        """From few, besides those under way, to the level that was."""
        self._start = float(FIRST_AT_ONCE + in_flight)
        self._sample = None
        self._set()

    def broke_down(self) -> None:
        """Nothing succeeds, until it begins again."""
        self._climb.give_way()
        self._start = None
        self._sample = None
        self._set()

    def sent(self, number: int, in_flight: int) -> None:
        """So many are under way with it."""
        if self._sample is not None:
            self._sample.sent(number, in_flight)

    def succeeded(self, number: int, latency_seconds: float, in_flight: int) -> None:
        """A good answer; so many are under way besides it."""
        if in_flight + 2 >= self.at_once:
            self._grow()
        if self._sample is not None and self._sample.succeeded(number, latency_seconds):
            self._judge(self._sample)

    def failed(self, number: int) -> None:
        """Unavailable, or no answer in time."""
        if self._sample is not None and self._sample.failed(number):
            self._judge(self._sample)

    def refused(self, number: int) -> None:
        """A 429."""
        if self._sample is not None and self._sample.refused(number):
            self._judge(self._sample)

    def unknown(self, number: int) -> None:
        """It says nothing of the service, as little as a refusal."""
        self.refused(number)

    def _grow(self) -> None:
        if self._start is not None:
            self._start += START_GROWTH
        elif self._climb.grow():
            self._sample = self._new_sample()
        self._set()

    def _judge(self, sample: Sample) -> None:
        reading = sample.reading()
        if reading is not None and reading.in_flight >= BINDING_SHARE * self.at_once:
            self._climb.judge(reading)
            self._spread += SPREAD_WEIGHT * (reading.spread - self._spread)
            self._set()
        self._sample = self._new_sample()

    def _new_sample(self) -> Sample:
        size = math.ceil((MEDIAN_ERROR * self._spread / PRECISION) ** 2)
        return Sample(min(max(size, LEAST_SAMPLE), MOST_SAMPLE))

    def _set(self) -> None:
        if self._start is not None and self._start >= self._climb.level:
            self._start = None
            self._sample = self._new_sample()
        self.at_once = int(self._climb.level if self._start is None else self._start)
