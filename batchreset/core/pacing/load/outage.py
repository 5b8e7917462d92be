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
    """Watches for an outage, and says when to try again.

    Attributes:
        began_seconds: when the last one did.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._failures = 0
        self._tries = 0
        self._trying: int | None = None
        self._until_seconds = -math.inf
        self.began_seconds = -math.inf

    @property
    def lasts(self) -> bool:
        return self._failures >= FAILURES_IN_A_ROW

    @property
    def until_seconds(self) -> float | None:
        """When the next one goes, or went; None: there is no outage."""
        return self._until_seconds if self.lasts else None

    def opens_seconds(self, now_seconds: float) -> float:
        """Infinite: after an answer."""
        if not self.lasts:
            return now_seconds
        return self._until_seconds if self._trying is None else math.inf

    def sent(self, number: int) -> None:
        """In an outage: a try."""
        if self.lasts:
            self._trying = number

    def failed(self, now_seconds: float, number: int) -> bool:
        """True: with this one it begins. What was sent before says no more than that."""
        if self.lasts and number != self._trying:
            return False
        self._failures += 1
        if not self.lasts:
            return False
        begins = self._trying is None
        if begins:
            self.began_seconds = now_seconds
        self._trying = None
        self._tries = 0 if begins else self._tries + 1
        grown = WAIT_FIRST_SECONDS * WAIT_GROWTH ** min(self._tries, 16)
        spread = 1.0 - WAIT_SPREAD + 2.0 * WAIT_SPREAD * self._chance.random()
        self._until_seconds = now_seconds + min(grown, WAIT_MOST_SECONDS) * spread
        return begins

    def unknown(self, number: int) -> None:
        """Neither: a try is made again."""
        if number == self._trying:
            self._trying = None

    def answered(self, number: int) -> bool:
        """Not a failure. True: with this one it ends. Only a try says so."""
        ends = self.lasts and number == self._trying
        if ends or not self.lasts:
            self._failures = 0
            self._trying = None
        return ends
