"""From a window's begin, through refusals, to the first row that passed again: what a gate hands to its limit."""

from dataclasses import dataclass
from typing import Final

SHORT_SECONDS: Final = 2.0
"""A wait this short is that of a bucket or of a window that slides: whole windows last longer."""
SHORT_TRIES: Final = 3
"""A short wait that proved too short more often than this was not meant."""
ROUNDING_SECONDS: Final = 1.2
"""`Retry-After` is in whole seconds, up or down, and answers travel."""
WINDOWS_SECONDS: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)
"""Windows that people configure; a measured one is taken for the nearest of these."""
AGREEMENT: Final = 0.03
"""Observations that differ by no more say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """From a window's begin to the first row that passed after the refusals that ended it.

    Attributes:
        prompt: the window's first send came as soon as the last window was over, if there was one.
        ended_before_seconds: when the last window ended.
        expected_seconds: when this one was expected to end.
        begin_seconds: the window's first send.
        refused_at_seconds: when the first refused request was sent.
        last_refused_at_seconds: when the last one was.
        told_least_seconds: the shortest `Retry-After` of the first burst; None: none was given.
        told_until_seconds: the end of the longest `Retry-After`; None: none was given.
        reopened_at_seconds: when the row was sent that passed again.
        accepted: sent since the begin, less those refused.
        refused: of those sent since the begin.
        tries: refusals one after another, the first burst and each row that was sent to see.
    """

    prompt: bool
    ended_before_seconds: float
    expected_seconds: float
    begin_seconds: float
    refused_at_seconds: float
    last_refused_at_seconds: float
    told_least_seconds: float | None
    told_until_seconds: float | None
    reopened_at_seconds: float
    accepted: int
    refused: int
    tries: int

    def end_seconds(self) -> tuple[float, float]:
        """Between which moments the window must have ended."""
        latest = self.reopened_at_seconds
        if self.told_until_seconds is None or self.tries > 1:
            return self.last_refused_at_seconds, latest
        told = self.told_until_seconds
        return max(self.last_refused_at_seconds, told - ROUNDING_SECONDS), min(latest, told + ROUNDING_SECONDS)

    def short(self) -> bool:
        """Whether the wait was that of a bucket or of a window that slides."""
        if self.told_least_seconds is not None and self.tries <= SHORT_TRIES:
            return self.told_least_seconds <= SHORT_SECONDS
        return self.end_seconds()[1] - self.refused_at_seconds <= SHORT_SECONDS


def snapped(least_seconds: float, most_seconds: float) -> float:
    """The window people would have configured, if one lies between the two; else the longer, to be safe."""
    slack = AGREEMENT * most_seconds
    for window in WINDOWS_SECONDS:
        if least_seconds - slack <= window <= most_seconds + slack:
            return float(window)
    return max(most_seconds, 0.1)
