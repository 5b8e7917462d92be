"""A token bucket: so many requests a second, on average."""

from dataclasses import dataclass
from typing import Final

from batchreset.core.pacing.limits.rate import Rate
from batchreset.core.pacing.limits.shape import Known, Shape

TOLD_SECONDS: Final = 60.0
"""A bucket's rate is told as so much in this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket(Shape):
    """A rate.

    Attributes:
        rate: what comes in, and when the next may go. The one part that changes in place: each send moves it.
    """

    rate: Rate

    @property
    def known(self) -> Known | None:
        if not self.rate.per_second:
            return None
        count = max(1, round(self.rate.per_second * TOLD_SECONDS))
        return Known(shape="bucket", count=count, window_seconds=TOLD_SECONDS)

    def near(self, _sent: int) -> bool:
        """Always: it is kept empty."""
        return True
