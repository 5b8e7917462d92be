"""What beliefs of every shape have in common, and the belief with which a run begins: that there is no limit."""

import enum
from dataclasses import dataclass

from batchreset.core.pacing.limits.history import NOTHING_SEEN, History


class Standing(enum.Enum):
    """What a belief in a window rests on."""

    GUESSED = enum.auto()
    """One window, which may have begun before us."""
    MEASURED = enum.auto()
    """A window from its true begin to its end."""
    BORROWED_GUESS = enum.auto()
    """Refusals of another customer that are not over yet; here nothing was seen."""
    BORROWED = enum.auto()
    """A window that another customer, or an earlier run, measured; here nothing was seen."""
    LENT = enum.auto()
    """Several others that agree; here nothing was seen, and nothing need be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A limit as it is told: its shape, so many requests in so many seconds."""

    shape: str
    count: int
    window_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One belief. A new one takes its place when something was learned.

    Attributes:
        count: requests that a window takes. Where the limit is no window (any more): of the one last believed in, as
            others' plans may still count on it for a few seconds; 0: there was none.
        window_seconds: its length, likewise.
        standing: what the belief in that window rests on.
        history: what was observed.
    """

    count: int = 0
    window_seconds: float = 0.0
    standing: Standing = Standing.GUESSED
    history: History = NOTHING_SEEN

    @property
    def sure(self) -> bool:
        """Whether the window was measured, here or by several others."""
        return self.standing is Standing.MEASURED or self.standing is Standing.LENT

    @property
    def borrowed(self) -> bool:
        """Whether it is believed because of one other, and not yet seen here."""
        return self.standing is Standing.BORROWED_GUESS or self.standing is Standing.BORROWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Shape):
    """No limit was met, or what was borrowed proved to be none.

    Attributes:
        refuted: the second; then nothing is borrowed again.
    """

    refuted: bool = False

    @property
    def known(self) -> Known | None:
        return None

    def near(self, _sent: int) -> bool:
        return False
