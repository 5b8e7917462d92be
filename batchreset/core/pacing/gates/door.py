"""The phase machine of a gate, with its times: closed until a moment, then one row to see."""

import enum
import math
from typing import Final

from batchreset.core.pacing.gates.phases import Cue, Phase, moved

HEDGE_SECONDS: Final = 1.0
"""Without an answer to the one row after a window for so long, another goes: only where nobody told us to wait."""


class Cause(enum.Enum):
    """Why a gate is closed, or was last."""

    SPENT = enum.auto()
    """Of itself: the window's budget was spent."""
    REFUSED = enum.auto()
    """The service refused."""


class Door:
    """Open, or closed with a moment at which one row goes to see.

    Attributes:
        phase: how it stands.
        cause: why it is closed, or was last.
        until_seconds: while waiting, when the next may go; later put off where that row was lost.
        due_seconds: when the wait is over, or was last.
        waited_seconds: how long it was closed, in all.
        last_wait_seconds: the last time.
        opened_number: the row that opened it last; those sent before it say nothing of what came after.
        trying_late_seconds: how long after the moment that row went.
        trying_sent: how many went to see since it closed.
    """

    __slots__ = (
        "_closed_at_seconds",
        "_counted_to_seconds",
        "_trying_first",
        "_trying_out",
        "_trying_since_seconds",
        "cause",
        "due_seconds",
        "last_wait_seconds",
        "opened_number",
        "phase",
        "trying_late_seconds",
        "trying_sent",
        "until_seconds",
        "waited_seconds",
    )

    def __init__(self) -> None:
        self.phase = Phase.OPEN
        self.cause = Cause.SPENT
        self.until_seconds = -math.inf
        self.due_seconds = 0.0
        self.waited_seconds = 0.0
        self.last_wait_seconds = 0.0
        self.opened_number = 0
        self.trying_late_seconds = 0.0
        self.trying_sent = 0
        self._closed_at_seconds = 0.0
        self._counted_to_seconds = 0.0
        self._trying_first = 0
        self._trying_out = 0
        self._trying_since_seconds = 0.0

    @property
    def refused(self) -> bool:
        """Whether it is closed because the service refused, and not known to be open again."""
        return self.cause is Cause.REFUSED and self.closed

    @property
    def closed(self) -> bool:
        """Whether it waits for a moment, or for the row that was sent to see."""
        return self.phase is Phase.WAITING or self.phase is Phase.TRYING

    @property
    def paused(self) -> bool:
        """Whether one row at most goes to see. After a wait of its own others may follow it, as nobody refused."""
        return self.phase is Phase.WAITING or (self.phase is Phase.TRYING and self.cause is Cause.REFUSED)

    def opens_seconds(self) -> float:
        """Of a door that is not open: when one row may go to see; infinite: after an answer."""
        if self.phase is Phase.WAITING:
            return math.inf if self._trying_out else self.until_seconds
        if self.phase is Phase.TRYING and self.cause is Cause.SPENT:
            return self._trying_since_seconds + HEDGE_SECONDS
        return math.inf

    def close(self, now_seconds: float, until_seconds: float, cause: Cause) -> bool:
        """Wait. True: it did not before, or for another cause."""
        fresh = self.phase is not Phase.WAITING
        news = fresh or cause is not self.cause
        self.phase = moved(self.phase, Cue.CLOSE)
        if fresh:
            self._closed_at_seconds = self._counted_to_seconds = now_seconds
            self.trying_sent = 0
            self.until_seconds = -math.inf
        self.until_seconds = self.due_seconds = max(self.until_seconds, until_seconds)
        self.cause = cause
        return news

    def sent_to_see(self, now_seconds: float, number: int) -> None:
        """A row goes though it is closed."""
        if self.phase is Phase.WAITING:
            self.last_wait_seconds = now_seconds - self._closed_at_seconds
            # After a row that was lost it waits on: the time before is counted already.
            self.waited_seconds += now_seconds - self._counted_to_seconds
            self._counted_to_seconds = now_seconds
            self.trying_late_seconds = now_seconds - self.due_seconds
            self._trying_first = number
        self.phase = moved(self.phase, Cue.TRY)
        self._trying_since_seconds = now_seconds
        self.trying_sent += 1
        self._trying_out += 1

    def returned(self, number: int) -> None:
        """Some answer came."""
        if self._trying_out and number >= self._trying_first:
            self._trying_out -= 1

    def tries(self, number: int) -> bool:
        """Whether this is the row that was sent to see."""
        return self.phase is Phase.TRYING and number >= self._trying_first

    def passed(self) -> None:
        """The row that was sent to see did."""
        self.phase = moved(self.phase, Cue.PASSED)
        self._trying_out = 0
        self.opened_number = self._trying_first

    def lost(self, now_seconds: float, number: int) -> None:
        """Neither yes nor no: the row that was sent to see is followed by another."""
        if self.tries(number):
            self.phase = moved(self.phase, Cue.LOST)
            self.until_seconds = now_seconds

    def hold(self) -> None:
        self.phase = moved(self.phase, Cue.HOLD)

    def free(self) -> None:
        self.phase = moved(self.phase, Cue.FREE)
