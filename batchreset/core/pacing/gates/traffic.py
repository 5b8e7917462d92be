"""What one gate let through: under way, in this window, and of late."""

import math

from batchreset.core.pacing.gates.sendlog import SendLog
from batchreset.core.pacing.gates.window import Window


class Traffic:
    """Counts what passes.

    Attributes:
        in_flight: under way.
        last_sent_seconds: when the last one was sent.
        log: send times of late.
        window: since the window's begin.
    """

    __slots__ = ("in_flight", "last_sent_seconds", "log", "window")

    def __init__(self, groups_kept: int) -> None:
        self.in_flight = 0
        self.last_sent_seconds = -math.inf
        self.log = SendLog(groups_kept)
        self.window = Window()

    def sent_one(self, now_seconds: float) -> None:
        self.log.sent(now_seconds)
        self.in_flight += 1
        self.last_sent_seconds = now_seconds

    def returned(self, number: int) -> None:
        self.in_flight -= 1
        self.window.returned(number)

    @property
    def accepted(self) -> int:
        """Of this window's, those that surely passed."""
        return max(0, self.window.sent - self.window.refused - self.in_flight)
