"""The pace at which a bucket is spent: guessed, measured between two moments at which it was empty, then growing."""

import math
from typing import Final

from batchreset.core.pacing.limits.episode import Episode

FIRST_SHARE: Final = 0.98
"""Of a measured rate, what is sent: a hair less, so that the bucket fills a little."""
BACK_SHARE: Final = 0.07
"""After a refusal the rate begins this much lower (the beta of CUBIC, small: the rate was measured, not guessed)."""
PLATEAU_LEAST_SECONDS: Final = 5.0
PLATEAU_MOST_SECONDS: Final = 60.0
PLATEAU_MOST_REQUESTS: Final = 100.0
"""When the measured rate is reached again; beyond it, growth is cubic. At the most so long, or so many requests where
those take longer: each time the limit is found costs a refusal or two, however slow it is."""
PLATEAU_SHARE: Final = 0.5
PLATEAU_SHARE_AGREEING: Final = 4.0
"""Of the time over which the rate was measured: what was measured briefly is soon looked beyond. The second where it
agrees with what was believed."""
AGREEMENT_SHARE: Final = 0.1
"""So near are rates that agree."""
GUESS_SHARE: Final = 0.25
"""Of the rate that was met before the first refusal, which emptied a full bucket."""
GUESS_DOUBLES_SECONDS: Final = 8.0
"""A rate that is only guessed doubles in this time."""
DOUBLINGS_AT_MOST: Final = 32.0
"""Beyond, nothing holds anyhow, and powers would overflow."""
CATCH_UP_SECONDS: Final = 0.25
"""A caller that comes late may make up for so much, but not for a part of a request: some buckets hold one."""
LEAST_PER_SECOND: Final = 1.0 / 3600.0
MEASURED_LEAST_SHARE: Final = 0.5
"""One measurement does not lower the rate further than this: refusals may have been somebody else's."""
CLOSED_MOST_SECONDS: Final = 30.0
"""After a longer wait the bucket was full, and no more of it is counted."""


class Rate:
    """Requests a second.

    Args:
        empty_at_seconds: when the bucket was known to be empty; None: not known, counted from the first request.
        per_second: what is believed.
        opened_at_seconds: when a row passed again; None: at that moment.
        taken: what was taken since it was empty.
        first: what passed before the first refusal, and in how many seconds; None: not known.
        guessed: the rate was not measured yet.

    Attributes:
        per_second: what was measured last, or is guessed.
        guessed: the second.
    """

    __slots__ = (
        "_empty_at_seconds",
        "_first_seconds",
        "_first_taken",
        "_next_seconds",
        "_opened_at_seconds",
        "_plateau_seconds",
        "_since_seconds",
        "_taken",
        "guessed",
        "per_second",
    )

    def __init__(
        self,
        empty_at_seconds: float | None,
        per_second: float,
        *,
        opened_at_seconds: float | None = None,
        taken: int = 0,
        first: tuple[int, float] | None = None,
        guessed: bool = False,
    ) -> None:
        self.per_second = max(per_second, LEAST_PER_SECOND)
        self.guessed = guessed
        self._first_taken: float = first[0] if first else math.inf
        self._first_seconds = first[1] if first else 0.0
        self._empty_at_seconds = empty_at_seconds
        self._opened_at_seconds = empty_at_seconds if opened_at_seconds is None else opened_at_seconds
        self._since_seconds = self._opened_at_seconds or 0.0
        self._next_seconds = -math.inf
        self._taken = taken
        self._plateau_seconds = PLATEAU_LEAST_SECONDS

    def now_per_second(self, now_seconds: float) -> float:
        """What is sent at this moment."""
        passed = now_seconds - self._since_seconds
        if self.guessed:
            return self.per_second * math.exp2(min(passed / GUESS_DOUBLES_SECONDS, DOUBLINGS_AT_MOST))
        run = passed / self._plateau_seconds - 1.0
        return FIRST_SHARE * self.per_second * (1.0 + BACK_SHARE * run * run * run)

    def opens_seconds(self) -> float:
        return self._next_seconds

    def sent(self, now_seconds: float) -> None:
        self._taken += 1
        if self._empty_at_seconds is None:
            self._empty_at_seconds = self._opened_at_seconds = self._since_seconds = now_seconds
        per_second = max(self.now_per_second(now_seconds), LEAST_PER_SECOND)
        late_seconds = CATCH_UP_SECONDS if CATCH_UP_SECONDS * per_second >= 1.0 else 0.0
        self._next_seconds = max(self._next_seconds, now_seconds - late_seconds) + 1.0 / per_second

    def refused(self, episode: Episode) -> None:
        """The bucket is empty again: what was taken in between is what came in, or less, if it was full for a time."""
        empty_at = episode.refused_at_seconds
        begun, opened = self._empty_at_seconds, self._opened_at_seconds
        if begun is None or opened is None or empty_at <= max(begun, opened):
            return
        taken = self._taken - episode.refused
        before, guessed = self.per_second, self.guessed
        span_seconds = empty_at - opened + min(opened - begun, CLOSED_MOST_SECONDS)
        self.per_second = self._measured(taken, span_seconds, empty_at - opened, episode)
        agrees = not guessed and abs(self.per_second - before) <= AGREEMENT_SHARE * before
        share = PLATEAU_SHARE_AGREEING if agrees else PLATEAU_SHARE
        self._plateau_seconds = self._plateau_for(empty_at - opened, share)
        self.guessed = False
        self._empty_at_seconds, self._opened_at_seconds = empty_at, episode.reopened_at_seconds
        self._taken = episode.refused
        self._since_seconds = episode.reopened_at_seconds
        self._next_seconds = self._since_seconds + 1.0 / self.now_per_second(self._since_seconds)

    def _measured(self, taken: int, span_seconds: float, open_seconds: float, episode: Episode) -> float:
        """What was taken since the bucket was empty; more, if it took more in a part of that time than it can hold.

        At the first refusal it had given all it held, and what came in until then: that bounds what it holds.
        """
        least = max(taken / span_seconds, LEAST_PER_SECOND)
        burst = max(self._first_taken - least * self._first_seconds, 1.0)
        for sent in episode.lately:
            if sent.window_seconds <= open_seconds:
                least = max(least, (sent.least - burst) / sent.window_seconds)
        return least if self.guessed else max(least, MEASURED_LEAST_SHARE * self.per_second)

    def _plateau_for(self, span: float, share: float) -> float:
        most = max(PLATEAU_MOST_SECONDS, PLATEAU_MOST_REQUESTS / self.per_second)
        return min(max(share * span, PLATEAU_LEAST_SECONDS), most)
