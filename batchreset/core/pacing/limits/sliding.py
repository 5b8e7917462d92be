"""A sliding window: so many requests within any such time."""

from dataclasses import dataclass, replace
from typing import Final

from batchreset.core.pacing.limits.shape import Known, Shape

SLIDING_SHARE: Final = 0.99
"""Of what a sliding window was seen to take: requests overtake one another on their way."""
QUIET_WINDOWS: Final = 4
"""Windows without refusal before a sliding limit is tried a little higher."""
RAISED_GROWTH: Final = 50
"""One more for each so many, each window."""
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
        return Known(shape="sliding", count=self.count, window_seconds=self.window_seconds)

    def near(self, _sent: int) -> bool:
        """Always: the oldest requests leave it one by one."""
        return True

    @property
    def doubtful(self) -> bool:
        """Whether others' windows are believed rather than that this one slides."""
        return self.history.shapes_tried <= DOUBTFUL_UNTIL_SHAPES

    def settled(self, reopened_at_seconds: float) -> "Sliding":
        """After refusals: back to what was trusted, or a little lower if that was too much."""
        tried_higher = self.count > self.trusted_count > 0
        count = max(1, self.trusted_count if tried_higher else int(self.count * SLIDING_SHARE))
        quiet_until = reopened_at_seconds + QUIET_WINDOWS * self.window_seconds
        return replace(self, count=count, trusted_count=count, quiet_until_seconds=quiet_until)

    def raised(self, now_seconds: float) -> "Sliding":
        """Nothing was refused for long: a little more is tried each window."""
        if now_seconds < self.quiet_until_seconds:
            return self
        return replace(
            self,
            trusted_count=self.count,
            count=self.count + max(1, self.count // RAISED_GROWTH),
            strikes=0,
            quiet_until_seconds=now_seconds + self.window_seconds,
        )
