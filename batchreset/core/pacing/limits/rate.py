"""The pace at which a bucket is spent: measured between two moments at which it was empty, then growing cubically."""

import math
from typing import Final

FIRST_SHARE: Final = 0.98
"""Of a measured rate, what is sent: a hair less, so that the bucket fills a little."""
BACK_SHARE: Final = 0.07
"""After a refusal the rate begins this much lower (the beta of CUBIC, small: the rate was measured, not guessed)."""
PLATEAU_SECONDS: Final = 40.0
"""When the measured rate is reached again; beyond it, growth is cubic."""
CATCH_UP_SECONDS: Final = 0.25
"""A caller that comes late may make up for so much."""
LEAST_PER_SECOND: Final = 1.0 / 3600.0
MEASURED_LEAST_SHARE: Final = 0.5
"""One measurement does not lower the rate further than this: refusals may have been somebody else's."""


class Rate:
    """Requests a second.

    Args:
        empty_at_seconds: when the bucket was known to be empty; None: not known, counted from the first request.
        per_second: what is believed; 0: nothing.
        taken: what was taken since it was empty.

    Attributes:
        per_second: what was measured last; 0: nothing yet, then nothing holds.
    """

    __slots__ = ("_empty_at_seconds", "_next_seconds", "_since_seconds", "_taken", "per_second")

    def __init__(self, empty_at_seconds: float | None, per_second: float = 0.0, *, taken: int = 0) -> None:
        self.per_second = per_second
        self._empty_at_seconds = empty_at_seconds
        self._since_seconds = empty_at_seconds or 0.0
        self._next_seconds = -math.inf
        self._taken = taken

    def now_per_second(self, now_seconds: float) -> float:
        """What is sent at this moment."""
        run = (now_seconds - self._since_seconds - PLATEAU_SECONDS) / PLATEAU_SECONDS
        return self.per_second * (1.0 + BACK_SHARE * run * run * run)

    def opens_seconds(self, now_seconds: float) -> float:
        return self._next_seconds if self.per_second else now_seconds

    def sent(self, now_seconds: float) -> None:
        self._taken += 1
        if self._empty_at_seconds is None:
            self._empty_at_seconds = self._since_seconds = now_seconds
        if self.per_second:
            spacing = 1.0 / max(self.now_per_second(now_seconds), LEAST_PER_SECOND)
            self._next_seconds = max(self._next_seconds, now_seconds - CATCH_UP_SECONDS) + spacing

    def refused(self, empty_at_seconds: float, refused: int) -> None:
        """The bucket is empty again: what was taken in between is what came in. `refused`: taken since, as debt."""
        passed = empty_at_seconds - (self._empty_at_seconds or 0.0)
        if passed <= 0.0:
            return
        measured = max(self._taken - refused, 1) / passed
        if self.per_second:
            now = self.now_per_second(empty_at_seconds)
            measured = min(max(measured, MEASURED_LEAST_SHARE * self.per_second), now)
        self.per_second = max(FIRST_SHARE * measured, LEAST_PER_SECOND)
        self._empty_at_seconds = empty_at_seconds
        self._since_seconds = empty_at_seconds
        self._taken = refused
