"""The refusals that closed a gate and those that kept it closed: what was told, and how long to wait."""

import math
import random
from typing import Final, Protocol

from batchreset.core.pacing.episode import SHORT_SECONDS
from batchreset.core.pacing.wording import Wording

PAUSE_FIRST_SECONDS: Final = 1.0
PAUSE_GROWTH: Final = 1.6
PAUSE_UNTOLD_MOST_SECONDS: Final = 15.0
"""Bounds of a pause when the service gives no `Retry-After`, or one that proved too short."""
STUBBORN_TRIES: Final = 20
STUBBORN_TOLD_TRIES: Final = 100
STUBBORN_GROWTH: Final = 1.3
"""After so many refusals one after another, more where `Retry-After` is long, each wait is longer by this: where
refused requests count, and a window is longer than a pause, asking keeps it shut for ever."""
PATIENCE_TRIES: Final = 2
"""After so many refusals one after another, `Retry-After` is no longer believed."""
PAUSE_UNTOLD_SPREAD: Final = 0.2
PAUSE_MOST_SECONDS: Final = 3600.0
"""A longer `Retry-After` is asked about again after an hour: limits change without notice."""
JITTER_SECONDS: Final = 0.2
"""Other clients come back at the same moment."""
SLOW_ANSWER_SECONDS: Final = 2.0
"""A `Retry-After` that was longer than this under way has partly passed when it comes."""


class Refused(Protocol):
    """A 429, when it came and when its request was sent."""

    @property
    def number(self) -> int: ...
    @property
    def at_seconds(self) -> float: ...
    @property
    def sent_at_seconds(self) -> float: ...
    @property
    def retry_after_seconds(self) -> float | None: ...


class Refusals:
    """One series, from the first refusal to the first row that passes.

    Attributes:
        tries: the first burst, and each row that was sent to see and refused; 0: there is none.
        learns: the series tells something of the limit.
        own: it began with a row sent to see after a wait that nobody told us.
        first_at_seconds: when the first refused request was sent.
        last_at_seconds: when the last one was.
        told_until_seconds: when the window ends, as the service said it first.
        told_least_seconds: the shortest `Retry-After` of the first burst.
    """

    __slots__ = (
        "_chance",
        "_wording",
        "first_at_seconds",
        "last_at_seconds",
        "learns",
        "own",
        "told_least_seconds",
        "told_until_seconds",
        "tries",
    )

    def __init__(self, wording: Wording, chance: random.Random) -> None:
        self._wording = wording
        self._chance = chance
        self.tries = 0
        self.learns = False
        self.own = False
        self.first_at_seconds = 0.0
        self.last_at_seconds = 0.0
        self.told_until_seconds: float | None = None
        self.told_least_seconds: float | None = None

    def begin(self, sent_at_seconds: float, *, learns: bool, own: bool) -> None:
        self.tries = 1
        self.learns = learns
        self.own = own
        self.first_at_seconds = sent_at_seconds
        self.last_at_seconds = sent_at_seconds
        self.told_until_seconds = None
        self.told_least_seconds = None

    def end(self) -> None:
        self.tries = 0
        self.learns = False
        self.told_until_seconds = None
        self.told_least_seconds = None

    def one_more(self, sent_at_seconds: float) -> None:
        """Another refusal of the same burst."""
        self.first_at_seconds = min(self.first_at_seconds, sent_at_seconds)
        self.last_at_seconds = max(self.last_at_seconds, sent_at_seconds)

    def tried_in_vain(self, sent_at_seconds: float, retry_after_seconds: float | None, *, told: bool) -> None:
        """A row that was sent to see was refused. Told: the wait before it was the service's, not our own."""
        if retry_after_seconds is None or retry_after_seconds <= SHORT_SECONDS:
            self._wording.was_too_early(told=told)
        if told:
            self.tries += 1
            self.one_more(sent_at_seconds)
        else:
            self.begin(sent_at_seconds, learns=True, own=True)

    def pause_seconds(
        self, now_seconds: float, latency_seconds: float, retry_after_seconds: float | None, *, left_seconds: float
    ) -> float:
        """How long to wait from now on. `left_seconds`: of the window, if its length is known; else 0."""
        tries = max(1, self.tries)
        untold = min(PAUSE_FIRST_SECONDS * PAUSE_GROWTH ** min(tries - 1, 16), PAUSE_UNTOLD_MOST_SECONDS)
        stubborn = tries - (STUBBORN_TRIES if (retry_after_seconds or 0.0) <= untold else STUBBORN_TOLD_TRIES)
        if stubborn > 0:
            untold = min(PAUSE_UNTOLD_MOST_SECONDS * STUBBORN_GROWTH ** min(stubborn, 64), PAUSE_MOST_SECONDS)
        if retry_after_seconds is None or not math.isfinite(retry_after_seconds):
            if tries == 1:
                untold = max(untold, min(left_seconds, PAUSE_MOST_SECONDS))
            return untold * (1.0 - PAUSE_UNTOLD_SPREAD + 2.0 * PAUSE_UNTOLD_SPREAD * self._chance.random())
        told = min(max(retry_after_seconds, 0.0), PAUSE_MOST_SECONDS)
        passed = max(0.0, latency_seconds - SLOW_ANSWER_SECONDS)
        self._note(now_seconds + told - passed, told)
        again_refused = untold / PAUSE_GROWTH if tries > PATIENCE_TRIES else 0.0
        wait = max(told - passed, again_refused, 0.0)
        return wait + self._wording.slack_seconds + JITTER_SECONDS * self._chance.random()

    def _note(self, until_seconds: float, told_seconds: float) -> None:
        """Answers that contradict the first are of another window, or were long under way."""
        if self.told_until_seconds is None:
            self.told_until_seconds = until_seconds
        elif abs(until_seconds - self.told_until_seconds) <= SHORT_SECONDS:
            self.told_until_seconds = min(until_seconds, self.told_until_seconds)
        least = self.told_least_seconds
        if self.tries <= 1:  # what is told to a row that came a moment too early says nothing of the limit's shape
            self.told_least_seconds = told_seconds if least is None else min(least, told_seconds)
