"""What was sent in the window under way, and when it ends."""

import math
from typing import Final

from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.shape import Shape

PROMPT_SECONDS: Final = 2.0
"""A window whose first request was later than this after the last one's end may have begun without us."""


class Window:
    """Counts from the first request on.

    Attributes:
        begin_seconds: when the first request was sent.
        last_begin_seconds: the last one's.
        last_accepted: sent in the last one, less those refused.
        first_number: its ticket; 0: none was sent yet.
        sent: how many were.
        refused: how many of them were refused.
        over_first: the first ticket beyond the limit; 0: none.
        over_in_flight: how many of those are under way.
        prompt: it began as soon as the last one was over.
        ended_before_seconds: when the last one ended.
        ends_seconds: when this one will, if the limit's window is known.
    """

    __slots__ = (
        "begin_seconds",
        "ended_before_seconds",
        "ends_seconds",
        "first_number",
        "last_accepted",
        "last_begin_seconds",
        "over_first",
        "over_in_flight",
        "prompt",
        "refused",
        "sent",
    )

    def __init__(self) -> None:
        self.begin_seconds = self.last_begin_seconds = -math.inf
        self.ended_before_seconds = 0.0
        self.ends_seconds = -math.inf
        self.first_number = 0
        self.last_accepted = 0
        self.over_first = 0
        self.over_in_flight = 0
        self.prompt = True
        self.refused = 0
        self.sent = 0

    def _next(self, now_seconds: float) -> None:
        self.last_begin_seconds, self.begin_seconds = self.begin_seconds, now_seconds
        self.last_accepted = self.sent - self.refused

    def begin(self, now_seconds: float, number: int, limit: Shape, alignment: Alignment, *, prompt: bool) -> None:
        self._next(now_seconds)
        self.first_number = number
        self.sent = 0
        self.refused = 0
        self.over_first = 0
        self.over_in_flight = 0
        self.prompt = prompt
        self.set_end(limit, alignment)

    def begin_in_passing(self, now_seconds: float, number: int, limit: Shape, alignment: Alignment) -> None:
        """By a request for which nobody waited."""
        on_time = limit.sure and now_seconds <= self.ended_before_seconds + PROMPT_SECONDS
        self.begin(now_seconds, number, limit, alignment, prompt=number == 1 or on_time)

    def set_end(self, limit: Shape, alignment: Alignment) -> None:
        length = limit.window_seconds
        self.ends_seconds = self.begin_seconds + length
        if not self.prompt and alignment is Alignment.CLOCK and limit.sure and length > 0.0:
            windows = math.ceil((self.begin_seconds - self.ended_before_seconds) / length)
            self.ends_seconds = self.ended_before_seconds + windows * length

    def roll(self, now_seconds: float, limit: Shape, *, exact: bool) -> None:
        """It ended while the gate was open: the next begins with the next request.

        Exact: its end was known, not only that it would be no later.
        """
        if limit.sure and exact:
            self.ended_before_seconds = self.ends_seconds
        self._next(now_seconds)
        self.ends_seconds = now_seconds + limit.window_seconds
        self.first_number = 0
        self.sent = 0

    def sent_one(self, number: int, *, beyond: bool) -> None:
        """One more. Beyond: more than the limit."""
        self.sent += 1
        if beyond:
            if self.over_first == 0:
                self.over_first = number
            self.over_in_flight += 1

    def returned(self, number: int) -> None:
        if self.over_first and number >= self.over_first and self.over_in_flight:
            self.over_in_flight -= 1
