"""A fixed window: so many requests from its begin, all of them again when it ends."""

from dataclasses import dataclass, field, replace
from typing import Final

from batchreset.core.pacing.limits.history import History
from batchreset.core.pacing.limits.shape import Known, Open, Shape, Standing

WILD_FACTOR: Final = 1.1
"""Observed limits further apart than this, and not agreeing of late, change from window to window."""
WILD_SHARE: Final = 0.85
"""Of the least that such a limit was seen to be: the next may be less."""
FALLEN_SHARE: Final = 0.7
"""A limit that fell below this share of the best one may come back: each window is probed."""
NEAR_SHARE: Final = 0.9
NEAR_SHARE_STEADY: Final = 0.98
"""From this share of the limit on, a refusal is expected; the second of one that was seen again and again."""
DISPROVED_FACTOR: Final = 2
"""A borrowed limit of which so many times passed is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Shape):
    """`count` requests in `window_seconds`.

    Attributes:
        probing: this window is spent beyond the limit, to see whether it is still there.
        trusted_count: so many of a window are sent without caution. Reckoned once, as each send asks.
    """

    probing: bool = True
    trusted_count: int = field(init=False)

    def __post_init__(self) -> None:
        trusted = max(1, int(WILD_SHARE * self.count)) if self.wild else self.count
        object.__setattr__(self, "trusted_count", trusted)

    @property
    def known(self) -> Known | None:
        return None if self.borrowed else Known(shape="window", count=self.count, window_seconds=self.window_seconds)

    def near(self, sent: int) -> bool:
        """Whether a refusal is expected after so many in a window."""
        return sent >= (NEAR_SHARE_STEADY if self.steady else NEAR_SHARE) * self.count

    @property
    def most_seen(self) -> int:
        """The most that a window took of late; where the last ones agree, what they agree on."""
        return self.count if self.steady else max(self.history.counts, default=self.count)

    @property
    def likely_most(self) -> int:
        """The most that a window may be expected to take: where few were seen and they differ, more than any."""
        counts, most = self.history.counts, self.most_seen
        if self.steady or not counts:
            return most
        return most + (most - min(counts)) // len(counts)

    @property
    def steady(self) -> bool:
        """Whether the last observations agree."""
        return self.history.agreeing > 0

    @property
    def wild(self) -> bool:
        """Whether it seems to change at random."""
        return not self.history.agreeing and self.most_seen > WILD_FACTOR * self.count

    def disproved(self, sent: int) -> bool:
        """Whether far more passed than what was borrowed."""
        return self.borrowed and sent > DISPROVED_FACTOR * self.count

    def given_up(self) -> Open:
        """What remains when it was disproved."""
        return Open(refuted=True, window_seconds=self.window_seconds, history=self.history)

    def observed(self, accepted: int) -> "Fixed":
        """A window took so many and then refused. A guess may have counted two windows: it is no more than a bound."""
        history = self.history
        if self.standing is Standing.GUESSED and self.count and accepted < self.count:
            history = history.only_guessed()
        history = history.observed(accepted, believed=self.count)
        return replace(self, history=history, count=history.least)

    def window_over(self, accepted: int) -> "Fixed":
        """A window ended in which nothing was refused: more than was believed may have passed."""
        if accepted <= self.count:
            return self
        history = self.history.took_more(accepted, wild=self.wild)
        return replace(self, history=history, count=history.least)

    def next_window(self) -> "Fixed":
        """A window begins: is it probed?"""
        history = self.history
        trusted = self.sure and history.agreeing > 0 and history.unprobed_windows > 0
        if not trusted or self.count < FALLEN_SHARE * history.best:
            return replace(self, probing=True)
        history = replace(history, unprobed_windows=history.unprobed_windows - 1)
        return replace(self, probing=False, history=history)

    def probed(self) -> "Fixed":
        """This window is: when it began is not known."""
        return replace(self, probing=True)


def borrowed(count: int, window_seconds: float, *, history: History, measured: bool) -> Fixed:
    """What one other met, or an earlier run, until it is seen or disproved here."""
    standing = Standing.BORROWED if measured else Standing.BORROWED_GUESS
    return Fixed(count=count, window_seconds=window_seconds, standing=standing, history=history)


def lent(count: int, window_seconds: float, *, history: History, unprobed_windows: int) -> Fixed:
    """What several others agree on; so many windows are not probed."""
    return Fixed(
        count=count,
        window_seconds=window_seconds,
        standing=Standing.LENT,
        history=history.lent(count, unprobed_windows=unprobed_windows),
        probing=False,
    )
