"""What an episode of refusals teaches of a fixed window: its count, its length, or that it slides."""

from dataclasses import replace
from typing import Final, assert_never

from batchreset.core.pacing.limits.episode import ROUNDING_SECONDS, WINDOWS_SECONDS, Episode, snapped
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.reading import Reading, read
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.limits.sliding import Sliding, configured_above
from batchreset.core.pacing.limits.span import Span

LATE_MOST_SECONDS: Final = 60.0
"""A window that is guessed from two ends is no longer than this: any number of short ones lies between them too."""
STRETCHED_FACTOR: Final = 1.25
"""A known window that lasted no longer than this was made longer by the refusals in it: some services do so."""
SHORTENED_SHARE: Final = 0.9
"""A known window that lasted this share, and is none that people configure, began a little before we thought."""


def taught_fixed(limit: Fixed, episode: Episode, alignment: Alignment) -> Fixed | Sliding:
    """Of a window that was met here, or lent by others that agree: from now on it is what is measured here."""
    reading = read(limit, episode)
    if limit.standing is Standing.LENT:
        limit = replace(limit, standing=Standing.MEASURED)
    match reading:
        case Reading.EXPECTED:
            begin_known = episode.prompt or alignment is not Alignment.UNKNOWN
            counted = _counted(limit, episode, begin_known=begin_known)
            return replace(counted, standing=Standing.MEASURED)
        case Reading.LATE_BY_CLOCK | Reading.LATE_BY_FIRST_REQUEST:
            return _counted(limit, episode, begin_known=False)
        case Reading.LATE:
            return _counted(_measured_late(limit, episode), episode, begin_known=False)
        case Reading.ANOTHERS:
            return limit
        case Reading.NOT_OVER:
            longer = episode.end.since(episode.last_begin_seconds)
            return replace(limit, window_seconds=max(limit.window_seconds, snapped(longer)))
        case Reading.DOUBTED:
            return replace(limit, history=replace(limit.history, doubted=True))
        case Reading.TOO_SOON:
            return slides(limit, episode)
        case Reading.ANOTHER_LENGTH:
            return _measured_again(limit, episode)
        case _:
            assert_never(reading)


def _counted(limit: Fixed, episode: Episode, *, begin_known: bool) -> Fixed:
    """Of a window that may have begun before its first request, only more than was believed says something."""
    return limit.observed(episode.accepted) if begin_known or episode.accepted >= limit.count else limit


def slides(limit: Fixed, episode: Episode) -> Sliding:
    """As much as it ever took, in any window of its length."""
    return Sliding(
        count=max(limit.history.counts),
        window_seconds=configured_above(limit.window_seconds),
        standing=limit.standing,
        history=limit.history.another_shape(),
        refused_at_seconds=episode.refused_at_seconds,
    ).settled(episode)


def _measured_again(limit: Fixed, episode: Episode) -> Fixed:
    """Another length, unless the difference is one that services are known to make."""
    window, length, measured = limit.window_seconds, episode.length.most_seconds, snapped(episode.length)
    stretched = limit.sure and window < length <= STRETCHED_FACTOR * window
    shortened = limit.sure and SHORTENED_SHARE * window <= length <= window and measured == length
    kept = (stretched or shortened) and window in WINDOWS_SECONDS
    return replace(
        limit,
        window_seconds=window if kept else measured,
        standing=Standing.MEASURED,
        history=limit.history.forgotten() if length < window else limit.history,
    ).observed(episode.accepted)


def _measured_late(limit: Fixed, episode: Episode) -> Fixed:
    """Nothing fits what was believed: is there a window of which a whole number lies between two ends?"""
    believed, before = limit.window_seconds, episode.ended_before_seconds
    earliest, latest = episode.end.least_seconds, episode.end.most_seconds
    least = earliest - episode.refused_at_seconds
    found = 0.0
    for window in (believed, *WINDOWS_SECONDS):
        windows = round((latest - before) / window)
        fits = windows > 0 and earliest <= before + windows * window <= latest + ROUNDING_SECONDS
        if fits and least <= window <= max(LATE_MOST_SECONDS, believed):
            found = max(found, window)  # a longer one is the safer belief
            if limit.sure and window == believed:
                break
    if not found:
        window_seconds = snapped(Span(least, episode.length.most_seconds)) if least > believed else believed
        return replace(limit, window_seconds=window_seconds, standing=Standing.GUESSED)
    standing = Standing.MEASURED if found == believed else Standing.GUESSED
    return replace(limit, window_seconds=float(found), standing=standing)
