"""What one gate went through, from a window's begin to the row that passed again: all that teaches of its limit."""

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
WINDOW_LEAST_SECONDS: Final = 0.1
"""No window is taken for shorter."""
AGREEMENT: Final = 0.03
"""Observations that differ by no more than this share say the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What was sent in a window before a refusal.

    Attributes:
        window_seconds: its length.
        least: so many, or some more.
        most: so many at the most, as requests overtake one another.
    """

    window_seconds: float
    least: int
    most: int


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
        lately: what was sent before the first refusal, in windows of many lengths.
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
    lately: tuple[Lately, ...] = ()

    @property
    def earliest_end_seconds(self) -> float:
        """The window cannot have ended before."""
        if self.told_until_seconds is None or self.tries > 1:
            return self.last_refused_at_seconds
        return max(self.last_refused_at_seconds, self.told_until_seconds - ROUNDING_SECONDS)

    @property
    def latest_end_seconds(self) -> float:
        """The window must have ended by then."""
        if self.told_until_seconds is None or self.tries > 1:
            return self.reopened_at_seconds
        return min(self.reopened_at_seconds, self.told_until_seconds + ROUNDING_SECONDS)

    @property
    def length_seconds(self) -> float:
        """At the most, from the begin on."""
        return self.latest_end_seconds - self.begin_seconds

    @property
    def short(self) -> bool:
        """Whether the wait was that of a bucket or of a window that slides."""
        if self.told_least_seconds is not None and self.tries <= SHORT_TRIES:
            return self.told_least_seconds <= SHORT_SECONDS
        return self.latest_end_seconds - self.refused_at_seconds <= SHORT_SECONDS

    def ended_at(self, moment_seconds: float, *, window_seconds: float) -> bool:
        """Whether a window of that length may have ended then."""
        slack = AGREEMENT * window_seconds
        return self.earliest_end_seconds - slack <= moment_seconds <= self.latest_end_seconds + slack

    def measured_window_seconds(self) -> float:
        """From the begin to the end, as people would have configured it."""
        return snapped(self.earliest_end_seconds - self.begin_seconds, self.length_seconds)


def snapped(least_seconds: float, most_seconds: float) -> float:
    """The window people would have configured, if one lies between the two; else the longer, to be safe."""
    slack = AGREEMENT * most_seconds
    for window in WINDOWS_SECONDS:
        if least_seconds - slack <= window <= most_seconds + slack:
            return float(window)
    return max(most_seconds, WINDOW_LEAST_SECONDS)
