"""What one gate went through, from a window's begin to the row that passed again: all that teaches of its limit."""

from dataclasses import dataclass
from typing import Final

from batchreset.core.pacing.limits.span import Span

SHORT_SECONDS: Final = 2.0
"""A wait this short is that of a bucket or of a window that slides: whole windows last longer."""
SHORT_TRIES: Final = 3
"""A short wait that proved too short more often than this was not meant."""
ROUNDING_SECONDS: Final = 1.0
"""`Retry-After` is in whole seconds, up or down."""
PUT_OFF_SECONDS: Final = 2.0
"""Where refusals put the end off, the first that was told may have been put off by so much."""
LIE_SECONDS: Final = 1.0
"""An end that was told, and after which a row that went later than this was still refused, was not meant."""
WINDOWS_SECONDS: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)
"""Windows that people configure; a measured one is taken for the nearest of these."""
WINDOW_LEAST_SECONDS: Final = 0.1
"""No window is taken for shorter."""
END_AGREEMENT: Final = 0.05
"""A window that ended within this share of its length from when it was expected to is the same: begins drift a little
while nothing is refused."""
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
        last_begin_seconds: the first send of the window before.
        last_accepted: what that one took.
        refused_at_seconds: when the first refused request was sent.
        last_refused_at_seconds: when the last one was.
        told_least_seconds: the shortest `Retry-After` of the first burst; None: none was given.
        told_end: when the window ends, as it was told first; None: it was not.
        put_off: later refusals told later ends.
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
    last_begin_seconds: float
    last_accepted: int
    refused_at_seconds: float
    last_refused_at_seconds: float
    told_least_seconds: float | None
    told_end: Span | None
    put_off: bool
    reopened_at_seconds: float
    accepted: int
    refused: int
    tries: int
    lately: tuple[Lately, ...] = ()

    @property
    def end(self) -> Span:
        """When the window ended, or would have if no refusal had put it off."""
        seen = Span(self.last_refused_at_seconds, max(self.reopened_at_seconds, self.last_refused_at_seconds))
        told = self.told_end
        if told is None:
            return seen
        if self.put_off:
            return Span(told.least_seconds - PUT_OFF_SECONDS, told.most_seconds)
        if told.most_seconds + LIE_SECONDS < self.last_refused_at_seconds:
            return seen
        return told.narrowed(seen)

    @property
    def length(self) -> Span:
        """From the begin on."""
        return self.end.since(self.begin_seconds)

    @property
    def short(self) -> bool:
        """Whether the wait was that of a bucket or of a window that slides."""
        if self.told_least_seconds is not None and self.tries <= SHORT_TRIES:
            return self.told_least_seconds <= SHORT_SECONDS
        return self.end.most_seconds - self.refused_at_seconds <= SHORT_SECONDS

    def ended_at(self, moment_seconds: float, *, window_seconds: float) -> bool:
        """Whether a window of that length may have ended then."""
        return self.end.holds(moment_seconds, slack_seconds=END_AGREEMENT * window_seconds)


def configured(length: Span) -> float | None:
    """The window people would have configured, if there is one so long."""
    slack = AGREEMENT * length.most_seconds
    return next((float(window) for window in WINDOWS_SECONDS if length.holds(window, slack_seconds=slack)), None)


def snapped(length: Span) -> float:
    """Of a window from its begin: as people would have configured it, or in whole seconds if that can be."""
    window = configured(length)
    if window is not None:
        return window
    whole = float(
        round(max(0.5 * (length.least_seconds + length.most_seconds), length.most_seconds - ROUNDING_SECONDS))
    )
    return whole if length.holds(whole) and whole else max(length.most_seconds, WINDOW_LEAST_SECONDS)


def guessed(length: Span) -> float:
    """Of a window that may have begun before us: no shorter than what was seen of it."""
    window = configured(length)
    if window is not None:
        return window
    return next((float(window) for window in WINDOWS_SECONDS if window > length.most_seconds), length.most_seconds)
