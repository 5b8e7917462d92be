"""A sliding window: so many requests within any such time."""

import math
from dataclasses import dataclass, replace
from typing import Final

from batchreset.core.pacing.limits.episode import WINDOWS_SECONDS, Episode, Lately
from batchreset.core.pacing.limits.history import History
from batchreset.core.pacing.limits.shape import Known, Shape, Standing

SLIDING_SHARE: Final = 0.99
"""Of what a sliding window was seen to take: requests overtake one another on their way."""
FALL_LEAST_SHARE: Final = 0.85
"""One episode of refusals lowers it no further than this, though fewer were sent in its window: others may send too."""
SHORTENED_FACTOR: Final = 1.25
"""A window that slides looks shorter than it is, by no more than this: the end that was seen is the first row's."""
QUIET_LEAST_SECONDS: Final = 10.0
"""A shorter window counts for so much in this: no limit is sought every second."""
QUIET_WINDOWS: Final = 4
"""Windows without refusal before a sliding limit is tried a little higher."""
RAISED_GROWTH: Final = 50
"""One more for each so many, each window."""
BORROWED_QUIET_SHARE: Final = 0.12
"""Of its window, before a borrowed one is tried higher: all of it is spent in less."""
BORROWED_GROWTH: Final = 2
BORROWED_FACTOR: Final = 2
"""Then it is one more for each so many, and so many times more each time: it was not seen in this run."""
DOUBTFUL_UNTIL_SHAPES: Final = 2
"""Changes of mind up to which others' windows are believed rather than this one's shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliding(Shape):
    """`count` requests within any `window_seconds`.

    Attributes:
        trusted_count: what was believed before it was tried higher; 0: it was not.
        strikes: refusals soon after another, one after another.
        refused_at_seconds: when the first request was sent that was refused last time.
        quiet_until_seconds: without refusal until then, it is tried higher.
    """

    trusted_count: int = 0
    strikes: int = 0
    refused_at_seconds: float
    quiet_until_seconds: float = 0.0

    @property
    def known(self) -> Known | None:
        return None if self.borrowed else Known(shape="sliding", count=self.count, window_seconds=self.window_seconds)

    def near(self, _sent: int) -> bool:
        """Always: the oldest requests leave it one by one."""
        return True

    @property
    def doubtful(self) -> bool:
        """Whether others' windows are believed rather than that this one slides."""
        return self.history.shapes_tried <= DOUBTFUL_UNTIL_SHAPES

    def settled(self, episode: Episode) -> "Sliding":
        """After refusals: back to what was trusted, or lower if that was too much."""
        sent = sent_within(episode.lately, self.window_seconds) or self.count
        tried_higher = self.count > self.trusted_count > 0 and not self.borrowed
        least = 0.0 if self.borrowed else FALL_LEAST_SHARE * self.count
        lower = SLIDING_SHARE * min(self.count, max(sent, least))
        count = max(1, self.trusted_count if tried_higher else int(lower))
        return replace(
            self,
            count=count,
            trusted_count=count,
            standing=Standing.MEASURED if self.borrowed else self.standing,
            refused_at_seconds=episode.refused_at_seconds,
            quiet_until_seconds=episode.reopened_at_seconds
            + QUIET_WINDOWS * max(self.window_seconds, QUIET_LEAST_SECONDS),
        )

    def raised(self, now_seconds: float) -> "Sliding":
        """Nothing was refused for long: a little more is tried each window."""
        if now_seconds < self.quiet_until_seconds:
            return self
        spent = BORROWED_QUIET_SHARE * self.window_seconds
        quiet_until = now_seconds + (spent if self.borrowed else max(self.window_seconds, QUIET_LEAST_SECONDS))
        if not self.trusted_count:
            return replace(self, trusted_count=self.count, quiet_until_seconds=quiet_until)
        step = max(1, self.count // RAISED_GROWTH)
        if self.borrowed:
            step = max(1, self.count // BORROWED_GROWTH, BORROWED_FACTOR * (self.count - self.trusted_count))
        return replace(
            self,
            trusted_count=self.count,
            count=self.count + step,
            strikes=0,
            quiet_until_seconds=quiet_until,
        )


def borrowed(count: int, window_seconds: float, *, history: History) -> Sliding:
    """What an earlier run met, until it is seen here."""
    return Sliding(
        count=count,
        window_seconds=window_seconds,
        standing=Standing.BORROWED,
        history=history,
        refused_at_seconds=-math.inf,
    )


def configured_above(window_seconds: float) -> float:
    """The window that people configure and that looks like this one; else this one."""
    above = min((float(window) for window in WINDOWS_SECONDS if window >= window_seconds), default=window_seconds)
    return above if above <= SHORTENED_FACTOR * window_seconds else window_seconds


def sent_within(lately: tuple[Lately, ...], window_seconds: float) -> int:
    """0: not counted."""
    return next((sent.most for sent in lately if sent.window_seconds == window_seconds), 0)
