"""When nothing but failures comes back: one at a time, ever more rarely, until something succeeds."""

import math
import random
from typing import Final

FAILURES_IN_A_ROW: Final = 24
"""So many without one success are an outage; with one failure in two that is one run in sixteen millions."""
WAIT_FIRST_SECONDS: Final = 0.5
WAIT_GROWTH: Final = 1.6
WAIT_MOST_SECONDS: Final = 10.0
WAIT_SPREAD: Final = 0.2


class Outage:
    """Watches for an outage, and says when to try again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._failures = 0
        self._until_seconds = -math.inf

    @property
    def lasts(self) -> bool:
        return self._failures >= FAILURES_IN_A_ROW

    def opens_seconds(self, now_seconds: float, in_flight: int) -> float:
        if not self.lasts:
            return now_seconds
        return math.inf if in_flight else self._until_seconds

    def failed(self, now_seconds: float) -> None:
        self._failures += 1
        if self.lasts:
            grown = WAIT_FIRST_SECONDS * WAIT_GROWTH ** min(self._failures - FAILURES_IN_A_ROW, 16)
            spread = 1.0 - WAIT_SPREAD + 2.0 * WAIT_SPREAD * self._chance.random()
            self._until_seconds = now_seconds + min(grown, WAIT_MOST_SECONDS) * spread

    def over(self) -> None:
        self._failures = 0
