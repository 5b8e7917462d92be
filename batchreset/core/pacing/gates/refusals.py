"""The refusals that closed a gate and those that kept it closed, and what was told with them."""

import enum
import math
from dataclasses import dataclass
from typing import Final

from batchreset.core.pacing.limits.episode import ROUNDING_SECONDS, SHORT_SECONDS
from batchreset.core.pacing.limits.habits import OWN_SLACK_MOST_SECONDS
from batchreset.core.pacing.limits.span import Span

PAUSE_MOST_SECONDS: Final = 3600.0
"""A longer `Retry-After` is asked about again after an hour: limits change without notice."""
SLOW_ANSWER_SECONDS: Final = 2.0
"""A `Retry-After` that was longer than this under way has partly passed when it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A 429: which ticket's, when it came, when its request was sent, and what it told."""

    number: int
    at_seconds: float
    sent_at_seconds: float
    retry_after_seconds: float | None

    @property
    def told_seconds(self) -> float | None:
        """The wait that was told, within bounds; None: none that makes sense."""
        told = self.retry_after_seconds
        return min(max(told, 0.0), PAUSE_MOST_SECONDS) if told is not None and math.isfinite(told) else None

    @property
    def passed_seconds(self) -> float:
        """How much of what was told is over."""
        return max(0.0, self.at_seconds - self.sent_at_seconds - SLOW_ANSWER_SECONDS)

    @property
    def told_end(self) -> Span | None:
        """Between what moments the window ends that refused it: judged when sent, or answered, or in between."""
        told = self.told_seconds
        if told is None:
            return None
        return Span(self.sent_at_seconds + told - ROUNDING_SECONDS, self.at_seconds + told + ROUNDING_SECONDS)

    @property
    def end_seconds(self) -> float | None:
        """When the window ends that refused it, if that was told."""
        told = self.retry_after_seconds
        return self.at_seconds + max(told, 0.0) if told is not None and math.isfinite(told) else None

    def ends_apart(self, other: "Refusal") -> bool:
        """Whether the two are surely of different windows."""
        one, two = self.end_seconds, other.end_seconds
        return one is not None and two is not None and abs(one - two) > SHORT_SECONDS


class Series(enum.Enum):
    """How a series of refusals began."""

    NONE = enum.auto()
    """There is none."""
    UNTAUGHT = enum.auto()
    """With requests that say nothing of the limit: of a window that was over, or sent while nothing was clear."""
    BURST = enum.auto()
    """While the gate was open."""
    OWN_WAIT = enum.auto()
    """With a row sent to see after a wait that nobody told us."""


class Refusals:
    """One series, from the first refusal to the first row that passes.

    Attributes:
        tries: the first burst, and each row that was sent to see and refused; 0: there is none.
        series: how it began.
        first_at_seconds: when the first refused request was sent.
        last_at_seconds: when the last one was.
        told_end: when the window ends, as the service said it first; None: it said nothing.
        told_least_seconds: the shortest `Retry-After` of the first burst.
        first_end: the earliest end that was told.
        put_off: later refusals told later ends: what is refused is counted, and keeps the gate shut.
    """

    __slots__ = (
        "first_at_seconds",
        "first_end",
        "last_at_seconds",
        "put_off",
        "series",
        "told_end",
        "told_least_seconds",
        "tries",
    )

    def __init__(self) -> None:
        self.tries = 0
        self.series = Series.NONE
        self.first_at_seconds = 0.0
        self.last_at_seconds = 0.0
        self.told_end: Span | None = None
        self.first_end: Span | None = None
        self.told_least_seconds: float | None = None
        self.put_off = False

    def begin(self, refusal: Refusal, series: Series) -> None:
        self.tries = 1
        self.series = series
        self.first_at_seconds = self.last_at_seconds = refusal.sent_at_seconds
        self.told_end = self.first_end = None
        self.told_least_seconds = None
        self.put_off = False

    def end(self) -> None:
        self.tries = 0
        self.series = Series.NONE
        self.told_end = self.first_end = None
        self.told_least_seconds = None
        self.put_off = False

    def one_more(self, refusal: Refusal) -> None:
        """Another refusal of the same burst."""
        self.first_at_seconds = min(self.first_at_seconds, refusal.sent_at_seconds)
        self.last_at_seconds = max(self.last_at_seconds, refusal.sent_at_seconds)

    def tried_in_vain(self, refusal: Refusal) -> None:
        """The row that was sent to see was refused."""
        self.tries += 1
        self.one_more(refusal)

    @property
    def learns(self) -> bool:
        """Whether the series tells something of the limit."""
        return self.series is Series.BURST or self.series is Series.OWN_WAIT

    def teach(self, reopened_at_seconds: float) -> bool:
        """Whether it does now that it is over, when that row was sent which passed.

        What is over in a moment after a wait of our own says only that the window was measured a little too short,
        and for that the slack has grown.
        """
        over_seconds = reopened_at_seconds - self.first_at_seconds
        a_moment = self.series is Series.OWN_WAIT and over_seconds <= OWN_SLACK_MOST_SECONDS + SHORT_SECONDS
        return self.learns and not a_moment

    @property
    def told_until_seconds(self) -> float | None:
        """The end that was told, as it is likeliest."""
        return self.told_end.most_seconds - ROUNDING_SECONDS if self.told_end is not None else None

    def note(self, refusal: Refusal) -> None:
        """What was told. The earliest end is the window's: where refusals are counted, they put it off."""
        told, end = refusal.told_seconds, refusal.told_end
        if told is None or end is None:
            return
        before, least = self.told_end, self.told_least_seconds
        if before is None or self.first_end is None:
            self.told_end = self.first_end = end
        else:
            self.first_end = self.first_end.earlier(end)
            if end.meets(before):
                self.told_end = end.narrowed(before)
            else:  # a constant that is told again is told as much; what is put off takes longer
                later = end.least_seconds > before.most_seconds
                self.put_off = self.put_off or (told > (least or told) if later else told < (least or told))
                self.told_end = before if later else end
        if self.tries <= 1:  # what is told to a row that came a moment too early says nothing of the limit's shape
            self.told_least_seconds = told if least is None else min(least, told)
