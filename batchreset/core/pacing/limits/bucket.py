"""A token bucket: so many requests a second, on average."""

from dataclasses import dataclass, replace
from typing import Final

from batchreset.core.pacing.limits.history import History
from batchreset.core.pacing.limits.rate import Rate
from batchreset.core.pacing.limits.shape import Known, Shape, Standing

NEWS_SHARE: Final = 0.1
"""A rate that moves less is the same."""
TOLD_SECONDS: Final = 60.0
"""A bucket's rate is told as so much in this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket(Shape):
    """A rate.

    Attributes:
        rate: what comes in, and when the next may go. The one part that changes in place: each send moves it.
        told_per_second: as it was told last; 0: it was not.
    """

    rate: Rate
    told_per_second: float = 0.0

    @property
    def known(self) -> Known | None:
        if self.rate.guessed or self.borrowed:
            return None
        count = max(1, round(self.rate.per_second * TOLD_SECONDS))
        return Known(shape="bucket", count=count, window_seconds=TOLD_SECONDS)

    def measured(self) -> "Bucket":
        """It was, or again: it is told if it was not, or is another by now."""
        per_second, told = self.rate.per_second, self.told_per_second
        news = not self.rate.guessed and abs(per_second - told) > NEWS_SHARE * told
        told = per_second if news else told
        return replace(self, standing=Standing.MEASURED, told_per_second=told)

    def near(self, _sent: int) -> bool:
        """Always: it is kept empty."""
        return True


def borrowed(per_second: float, *, history: History) -> Bucket:
    """What an earlier run met, until it is seen here."""
    return Bucket(standing=Standing.BORROWED, history=history, rate=Rate(None, per_second))
