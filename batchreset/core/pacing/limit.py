"""What is believed of one limit, and how each episode of refusals changes the belief."""

import collections
import enum
from typing import Final

from batchreset.core.pacing.episode import (
    AGREEMENT,
    ROUNDING_SECONDS,
    SHORT_SECONDS,
    WINDOWS_SECONDS,
    Episode,
    snapped,
)
from batchreset.core.pacing.rate import Rate
from batchreset.core.pacing.wording import Wording

OBSERVATIONS_KEPT: Final = 6
"""The limit is the least of so many: where it changes at random, the least is what a window can be trusted with."""
OBSERVED_AGREEMENT: Final = 0.015
"""Observed limits that differ by no more are the same one; where it changes at random, few are so near by chance."""
WINDOWS_BETWEEN_PROBES: Final = (0, 1, 3, 6, 10)
"""After so many agreeing observations in a row, so many windows are spent without looking beyond the limit."""
LATE_MOST_SECONDS: Final = 60.0
"""A window that is guessed from two ends is no longer than this: any number of short ones lies between them too."""
STRETCHED_FACTOR: Final = 1.25
"""A known window that lasted no longer than this was made longer by the refusals in it: some services do so."""
SHORTENED_SHARE: Final = 0.9
"""A known window that lasted this share, and is none that people configure, began a little before we thought."""
TELLING_SHARE: Final = 0.1
"""Of a window: as far from the clock's, a begin tells whether windows end by the clock."""
TRUSTED_AGREEING: Final = 3
"""So many observations are those of others worth, when they agree."""
DOUBTED_FROM: Final = 2
"""After so many agreeing observations, one that contradicts them is not believed at once."""
WILD_FACTOR: Final = 1.1
"""Observed limits further apart than this, and not agreeing of late, change from window to window."""
WILD_SHARE: Final = 0.85
"""Of the least that such a limit was seen to be: the next may be less."""
FALLEN_SHARE: Final = 0.7
"""A limit that fell below this share of the best one may come back: each window is probed."""
SLIDING_SHARE: Final = 0.99
"""Of what a sliding window was seen to take: requests overtake one another on their way."""
SLIDING_QUIET_WINDOWS: Final = 4
"""Windows without refusal before a sliding limit is tried a little higher."""
STRIKES_AT_MOST: Final = 3
"""Refusals within one window of another that a sliding window does not explain; then it is taken for a bucket."""
DOUBTFUL_UNTIL: Final = 2
"""Changes of mind up to which others' windows are believed rather than this one's shape."""
KINDS_TRIED_AT_MOST: Final = 6
"""Changes of mind before the limit is taken for a bucket for good: a rate that adapts fits anything."""


class Kind(enum.Enum):
    """The shape of a limit."""

    UNKNOWN = enum.auto()
    FIXED = enum.auto()
    """So many from a window's begin; all of them again when it ends."""
    SLIDING = enum.auto()
    """So many within any such time."""
    BUCKET = enum.auto()
    """So many a second, on average."""


SHAPES: Final = {Kind.FIXED: "window", Kind.SLIDING: "sliding", Kind.BUCKET: "bucket"}
BUCKET_SECONDS: Final = 60.0
"""A bucket's rate is told as so much in this time."""


class Limit:
    """One limit, learned.

    Attributes:
        kind: its shape.
        count: requests a window takes.
        window_seconds: its length.
        sure: the window was measured from a true begin; a first one may have begun before us.
        borrowed: believed because others have it, or from an earlier run; not yet seen here.
        lent: believed, and trusted, because others have it.
        refuted: what was borrowed proved wrong; nothing is borrowed again.
        probing: this window is spent beyond the limit, to see whether it is still there.
        rate: of a bucket.
    """

    __slots__ = (
        "_agreeing",
        "_best",
        "_doubted",
        "_kinds_tried",
        "_lent_sure",
        "_seen",
        "_strikes",
        "_trusted",
        "_unprobed",
        "borrowed",
        "count",
        "kind",
        "last_refusal_seconds",
        "lent",
        "probing",
        "quiet_until_seconds",
        "rate",
        "refuted",
        "sure",
        "window_seconds",
    )

    def __init__(self) -> None:
        self.kind = Kind.UNKNOWN
        self.count = 0
        self.window_seconds = 0.0
        self.sure = False
        self.borrowed = False
        self.refuted = False
        self.lent = False
        self.probing = True
        self.rate = Rate(None)
        self.last_refusal_seconds = 0.0
        self.quiet_until_seconds = 0.0
        self._seen: collections.deque[int] = collections.deque(maxlen=OBSERVATIONS_KEPT)
        self._agreeing = 0
        self._unprobed = 0
        self._best = 0
        self._doubted = False
        self._strikes = 0
        self._trusted = 0
        self._kinds_tried = 0
        self._lent_sure = False

    def borrow(self, count: int, window_seconds: float, *, sure: bool, trusted_windows: int) -> None:
        """Believe a limit that was seen elsewhere, until it is seen or disproved here.

        Sure: the window was measured. Trusted: by several; then so many windows are not probed.
        """
        self._lent_sure = sure
        if trusted_windows:
            self.kind, self.count, self.window_seconds = Kind.FIXED, count, window_seconds
            self.sure, self.borrowed, self.probing = True, False, False
            self.lent = True
            self._agreeing = TRUSTED_AGREEING
            self._unprobed = trusted_windows
            self._seen.append(count)
            self._best = count
            return
        self.kind = Kind.FIXED
        self.count = count
        self.window_seconds = window_seconds
        self.borrowed, self.sure, self.probing = True, False, True

    @property
    def known(self) -> bool:
        """Whether there is anything to tell of it."""
        return not self.borrowed and (
            self.kind in (Kind.FIXED, Kind.SLIDING) or (self.kind is Kind.BUCKET and self.rate.per_second > 0.0)
        )

    def as_known(self) -> tuple[str, int, float]:
        """Shape, requests, seconds; of a bucket, what comes in while one window of a minute passes."""
        if self.kind is Kind.BUCKET:
            return SHAPES[self.kind], max(1, round(self.rate.per_second * BUCKET_SECONDS)), BUCKET_SECONDS
        return SHAPES[self.kind], self.count, self.window_seconds

    def doubtful(self) -> bool:
        """Whether it is taken for one that slides, and was not so before."""
        return self.kind is Kind.SLIDING and self._kinds_tried <= DOUBTFUL_UNTIL

    def start_bucket(self, per_second: float) -> None:
        """Believe a rate of an earlier run."""
        self.kind = Kind.BUCKET
        self.rate = Rate(None, per_second)

    def disproved(self) -> None:
        """Far more passed than what was borrowed."""
        self.kind, self.borrowed, self.count, self.refuted = Kind.UNKNOWN, False, 0, True

    @property
    def most_seen(self) -> int:
        """The most that a window took of late."""
        return max(self._seen, default=self.count)

    @property
    def steady(self) -> bool:
        """Whether the last observations agree."""
        return self._agreeing > 0

    @property
    def wild(self) -> bool:
        """Whether it seems to change at random."""
        return not self._agreeing and self.most_seen > WILD_FACTOR * self.count

    @property
    def trusted_count(self) -> int:
        """So many of a window are sent without caution."""
        return max(1, int(WILD_SHARE * self.count)) if self.wild else self.count

    def window_begins(self) -> None:
        """Decide whether this window is probed."""
        if self.kind is not Kind.FIXED or self.borrowed or not self.sure or self._agreeing == 0:
            self.probing = True
            return
        if self._unprobed > 0 and self.count >= FALLEN_SHARE * self._best:
            self._unprobed -= 1
            self.probing = False
            return
        self.probing = True

    def window_ends_unrefused(self, accepted: int) -> None:
        """More than was believed passed, and nothing was refused."""
        if self.kind is not Kind.FIXED or accepted <= self.count:
            return
        if not self.wild:
            higher = [seen for seen in self._seen if seen > accepted]
            self._seen.clear()
            self._seen.extend(higher)
        self._seen.append(accepted)
        self._take_count()
        self._agreeing = 0

    def learn(self, episode: Episode, wording: Wording) -> None:
        """Refusals, and then a row that passed."""
        earliest, latest = episode.end_seconds()
        short = episode.short()
        self.lent = False
        if self.kind is Kind.UNKNOWN or self.borrowed:
            self._learn_first(episode, earliest, latest, short=short)
        elif self.kind is Kind.FIXED:
            self._learn_fixed(episode, earliest, latest, wording, short=short)
        elif self.kind is Kind.SLIDING:
            self._learn_sliding(episode)
        else:
            self._learn_bucket(episode, earliest, latest)
        self.last_refusal_seconds = episode.refused_at_seconds

    def _learn_first(self, episode: Episode, earliest: float, latest: float, *, short: bool) -> None:
        borrowed = self.borrowed
        if not borrowed and episode.accepted == 0:
            return  # refused before anything passed: others spent it
        self.borrowed = False
        if borrowed and self._fits(episode.begin_seconds + self.window_seconds, earliest, latest):
            self._observe(episode.accepted)
            self.sure = self._lent_sure
        elif short:
            self._become(Kind.BUCKET)
            self.rate = Rate(episode.refused_at_seconds, taken=episode.refused)
        else:
            self._become(Kind.FIXED)
            self.window_seconds = snapped(earliest - episode.begin_seconds, latest - episode.begin_seconds)
            self.sure = False
            self._observe(episode.accepted)

    def _fits(self, end_seconds: float, earliest: float, latest: float) -> bool:
        slack = AGREEMENT * self.window_seconds
        return earliest - slack <= end_seconds <= latest + slack

    def _learn_fixed(self, episode: Episode, earliest: float, latest: float, wording: Wording, *, short: bool) -> None:
        window = self.window_seconds
        if (episode.prompt or self.sure) and self._fits(episode.expected_seconds, earliest, latest):
            begin_known = episode.prompt or wording.aligned is not None
            if self.sure and not episode.prompt and not wording.aligned and self._begin_tells(episode):
                wording.aligned = False
            self.sure = True
            if begin_known or episode.accepted >= self.count:
                self._observe(episode.accepted)
        elif not episode.prompt:
            self._learn_late(episode, earliest, latest, wording)
        elif short and latest - episode.begin_seconds < window and self._agreeing >= DOUBTED_FROM and not self._doubted:
            self._doubted = True  # after windows that agreed, once may be a request that came a moment too early
        elif short and latest - episode.begin_seconds < window and self._seen:
            self._become(Kind.SLIDING)
            self.count = max(self._seen)
            self._trusted = 0
            self._settle_sliding(episode)
        else:
            if latest - episode.begin_seconds < window:
                self._seen.clear()
            length = latest - episode.begin_seconds
            stretched = self.sure and window < length <= STRETCHED_FACTOR * window
            measured = snapped(earliest - episode.begin_seconds, length)
            shortened = self.sure and SHORTENED_SHARE * window <= length <= window and measured == length
            if not ((stretched or shortened) and window in WINDOWS_SECONDS):
                self.window_seconds = measured
            self.sure = True
            self._observe(episode.accepted)

    def _learn_late(self, episode: Episode, earliest: float, latest: float, wording: Wording) -> None:
        """A window that may have begun before its first request, and ended at another moment than was expected."""
        before, window = episode.ended_before_seconds, self.window_seconds
        windows = round((latest - before) / window) if window > 0.0 else 0
        if self.sure and windows > 0 and self._fits(before + windows * window, earliest, latest):
            wording.aligned = True if self._begin_tells(episode) else wording.aligned
        elif self.sure and self._fits(episode.begin_seconds + window, earliest, latest):
            wording.aligned = False
        else:
            self._measure_late(episode, earliest, latest)
        if episode.accepted >= self.count:
            self._observe(episode.accepted)

    def _begin_tells(self, episode: Episode) -> bool:
        """Whether it began at another moment than the clock's windows do."""
        apart = (episode.begin_seconds - episode.ended_before_seconds) % self.window_seconds
        return min(apart, self.window_seconds - apart) > TELLING_SHARE * self.window_seconds

    def _measure_late(self, episode: Episode, earliest: float, latest: float) -> None:
        """Nothing fits what was believed: is there a window of which a whole number lies between two ends?"""
        least, before = earliest - episode.refused_at_seconds, episode.ended_before_seconds
        found = 0.0
        for window in (self.window_seconds, *WINDOWS_SECONDS):
            windows = round((latest - before) / window) if window > 0.0 else 0
            fits = windows > 0 and earliest <= before + windows * window <= latest + ROUNDING_SECONDS
            if fits and least <= window <= max(LATE_MOST_SECONDS, self.window_seconds):
                found = max(found, window)  # a longer one is the safer belief
        self.sure = found > 0.0 and found == self.window_seconds
        if found > 0.0:
            self.window_seconds = float(found)
        elif least > self.window_seconds:
            self.window_seconds = snapped(least, latest - episode.begin_seconds)

    def _learn_sliding(self, episode: Episode) -> None:
        soon = episode.refused_at_seconds - self.last_refusal_seconds < self.window_seconds
        self._strikes = self._strikes + 1 if soon else 0
        if self._strikes > STRIKES_AT_MOST:
            self._become(Kind.BUCKET)
            self.rate = Rate(episode.refused_at_seconds, self.count / self.window_seconds, taken=episode.refused)
            return
        self._settle_sliding(episode)

    def _settle_sliding(self, episode: Episode) -> None:
        trusted = self._trusted if self.count > self._trusted > 0 else int(self.count * SLIDING_SHARE)
        self.count = self._trusted = max(1, trusted)
        self.quiet_until_seconds = episode.reopened_at_seconds + SLIDING_QUIET_WINDOWS * self.window_seconds

    def sliding_raised(self, now_seconds: float) -> None:
        """Nothing was refused for long: a little more is tried each window."""
        if now_seconds >= self.quiet_until_seconds:
            self._trusted = self.count
            self.count += max(1, self.count // 50)
            self._strikes = 0
            self.quiet_until_seconds = now_seconds + self.window_seconds

    def _learn_bucket(self, episode: Episode, earliest: float, latest: float) -> None:
        rate = self.rate
        rest_seconds = latest - episode.refused_at_seconds
        debt_seconds = (episode.refused + 1) / rate.per_second if rate.per_second else SHORT_SECONDS
        if (
            rest_seconds > 2.0 * SHORT_SECONDS + 2.0 * debt_seconds
            and episode.tries == 1
            and self._kinds_tried < KINDS_TRIED_AT_MOST
        ):
            self._become(Kind.FIXED)
            self._seen.clear()
            self.window_seconds = snapped(earliest - episode.begin_seconds, latest - episode.begin_seconds)
            self.sure = False
            self._observe(episode.accepted)
            return
        rate.refused(episode.refused_at_seconds, episode.refused)

    def _observe(self, accepted: int) -> None:
        self._doubted = False
        accepted = max(1, accepted)
        most, least = (1.0 + OBSERVED_AGREEMENT) * self.count, (1.0 - OBSERVED_AGREEMENT) * self.count
        agrees = bool(self._seen) and least <= accepted <= most and self._seen[-1] <= most
        if (
            not agrees
            and self._seen
            and abs(accepted - self._seen[-1]) <= OBSERVED_AGREEMENT * accepted
            and (min(accepted, self._seen[-1]) > self.count)
        ):
            last = self._seen[-1]
            self._seen.clear()
            self._seen.append(last)
        self._agreeing = min(self._agreeing + 1, len(WINDOWS_BETWEEN_PROBES) - 1) if agrees else 0
        self._unprobed = WINDOWS_BETWEEN_PROBES[self._agreeing]
        self._seen.append(accepted)
        self._take_count()

    def _take_count(self) -> None:
        self.count = max(1, min(self._seen))
        self._best = max(self._best, self.count)

    def _become(self, kind: Kind) -> None:
        self.kind = kind
        self._kinds_tried += 1
        self._strikes = 0
        self._agreeing = 0
