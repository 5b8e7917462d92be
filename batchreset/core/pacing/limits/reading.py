"""What the refusals that ended a fixed window say of it."""

import enum
from typing import Final

from batchreset.core.pacing.limits.episode import Episode
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.history import OBSERVED_AGREEMENT
from batchreset.core.pacing.limits.shape import Shape

ANOTHERS_SHARE: Final = 0.5
ANOTHERS_LEAST_SECONDS: Final = 4.0
"""An end that is told for so much of a window, and so much, later than a well known window's is another limit's."""
NOT_OVER_FACTOR: Final = 1.25
"""A window that was not over when it was thought to be is no longer than this."""
DOUBTED_FROM_AGREEING: Final = 2
"""After so many agreeing observations, one that contradicts them is not believed at once."""
TELLING_SHARE: Final = 0.1
"""Of a window: as far from the clock's, a begin tells whether windows end by the clock."""


class Reading(enum.Enum):
    """How an episode agrees with the window that was believed in."""

    EXPECTED = enum.auto()
    """It ended when it was expected to."""
    LATE_BY_CLOCK = enum.auto()
    """Its first request came late; it ended whole windows after the one before."""
    LATE_BY_FIRST_REQUEST = enum.auto()
    """Its first request came late; it ended one window after that."""
    LATE = enum.auto()
    """Its first request came late, and neither fits."""
    ANOTHERS = enum.auto()
    """It would have ended long ago: the wait was that of another limit, which a longer window has, or another scope."""
    NOT_OVER = enum.auto()
    """With it the one before took no more than one window does: that was not over yet."""
    DOUBTED = enum.auto()
    """It contradicts windows that agreed, for the first time: a request may have been judged late or too early."""
    TOO_SOON = enum.auto()
    """It ended before its time, after a short wait: it slides."""
    ANOTHER_LENGTH = enum.auto()
    """It is longer or shorter than was believed."""


def read(limit: Fixed, episode: Episode) -> Reading:
    """The first that holds, in this order."""
    window = limit.window_seconds
    if (episode.prompt or limit.sure) and episode.ended_at(episode.expected_seconds, window_seconds=window):
        return Reading.EXPECTED
    if _anothers(limit, episode):
        return Reading.ANOTHERS
    if not episode.prompt:
        return _read_late(limit, episode)
    if _not_over(limit, episode):
        return Reading.NOT_OVER
    if limit.history.agreeing >= DOUBTED_FROM_AGREEING and not limit.history.doubted:
        return Reading.DOUBTED
    return Reading.TOO_SOON if episode.short and episode.length.most_seconds < window else Reading.ANOTHER_LENGTH


def _anothers(limit: Fixed, episode: Episode) -> bool:
    if not (limit.sure and limit.steady) or episode.told_end is None or episode.put_off or episode.tries > 1:
        return False
    later_seconds = episode.end.least_seconds - episode.expected_seconds
    return later_seconds > max(ANOTHERS_SHARE * limit.window_seconds, ANOTHERS_LEAST_SECONDS)


def _not_over(limit: Fixed, episode: Episode) -> bool:
    """Whether what passed in it, and in the one before, is what one window takes."""
    window, last = limit.window_seconds, episode.end.since(episode.last_begin_seconds)
    longer = window < last.most_seconds and last.least_seconds < NOT_OVER_FACTOR * window
    took = episode.last_accepted + episode.accepted
    return limit.sure and longer and took <= (1.0 + OBSERVED_AGREEMENT) * limit.count


def _read_late(limit: Fixed, episode: Episode) -> Reading:
    window, before = limit.window_seconds, episode.ended_before_seconds
    if not limit.sure:
        return Reading.LATE
    windows = round((episode.end.most_seconds - before) / window)
    if windows > 0 and episode.ended_at(before + windows * window, window_seconds=window):
        return Reading.LATE_BY_CLOCK
    if episode.ended_at(episode.begin_seconds + window, window_seconds=window):
        return Reading.LATE_BY_FIRST_REQUEST
    return Reading.LATE


def alignment_after(limit: Shape, episode: Episode, before: Alignment) -> Alignment:
    """What windows follow, as far as this episode shows it: only a window that was met before can tell."""
    if not isinstance(limit, Fixed) or limit.borrowed:
        return before
    reading = read(limit, episode)
    if reading is Reading.LATE_BY_FIRST_REQUEST:
        return Alignment.FIRST_REQUEST
    if not _begin_tells(limit, episode):
        return before
    if reading is Reading.LATE_BY_CLOCK:
        return Alignment.CLOCK
    as_measured = reading is Reading.EXPECTED and limit.sure and not episode.prompt
    return Alignment.FIRST_REQUEST if as_measured and before is not Alignment.CLOCK else before


def _begin_tells(limit: Fixed, episode: Episode) -> bool:
    """Whether it began at another moment than the clock's windows do."""
    window = limit.window_seconds
    apart = (episode.begin_seconds - episode.ended_before_seconds) % window
    return min(apart, window - apart) > TELLING_SHARE * window
