"""What holds a run back, in a few words; the figure first, as a line may be cut off at its end."""

import enum
import math
from dataclasses import dataclass

from batchreset.core.pacing import PaceSnapshot


class Cause(enum.StrEnum):
    """Why nothing goes somewhere."""

    OUTAGE = "outage"
    THROTTLED = "throttled"
    WINDOW = "window"
    """A known limit is spent; its next window is awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The longest wait of the weightiest cause.

    Attributes:
        scope: a customer, or "partner"; empty in an outage.
        seconds: whole ones, rounded up.
        others: so many scopes wait besides.
    """

    cause: Cause
    scope: str = ""
    seconds: int
    others: int = 0

    def __str__(self) -> str:
        who = f"{self.scope} and {self.others} more" if self.others else self.scope
        match self.cause:
            case Cause.OUTAGE:
                return f"service unavailable: one row goes in {self.seconds} s"
            case Cause.THROTTLED:
                return f"throttled: waits {self.seconds} s ({who})" if self.seconds else "throttled: one row goes first"
            case Cause.WINDOW:
                return f"limit reached: next window in {self.seconds} s ({who})"


def waiting(pace: PaceSnapshot | None, now_seconds: float) -> Waiting | None:
    """An outage, else what was refused, else who awaits the next window of a known limit; None: nobody waits."""
    if pace is None:
        return None
    if pace.outage_until_seconds is not None:
        return Waiting(cause=Cause.OUTAGE, seconds=_whole(pace.outage_until_seconds - now_seconds))
    if not pace.pauses:
        return None
    told = [pause for pause in pace.pauses if pause.told]
    those = told or pace.pauses
    longest = max(those, key=lambda pause: pause.until_seconds)
    return Waiting(
        cause=Cause.THROTTLED if told else Cause.WINDOW,
        scope=longest.scope,
        seconds=_whole(longest.until_seconds - now_seconds),
        others=len(those) - 1,
    )


def _whole(seconds: float) -> int:
    return max(0, math.ceil(seconds))
