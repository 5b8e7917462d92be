"""What an episode of refusals teaches: from a belief to the next. The table stands in the room's docstring."""

from dataclasses import replace
from typing import Final, assert_never

from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.episode import (
    ROUNDING_SECONDS,
    SHORT_SECONDS,
    WINDOWS_SECONDS,
    Episode,
    snapped,
)
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.rate import Rate
from batchreset.core.pacing.limits.reading import Reading, read
from batchreset.core.pacing.limits.shape import Open, Standing
from batchreset.core.pacing.limits.sliding import Sliding

LATE_MOST_SECONDS: Final = 60.0
"""A window that is guessed from two ends is no longer than this: any number of short ones lies between them too."""
STRETCHED_FACTOR: Final = 1.25
"""A known window that lasted no longer than this was made longer by the refusals in it: some services do so."""
SHORTENED_SHARE: Final = 0.9
"""A known window that lasted this share, and is none that people configure, began a little before we thought."""
STRIKES_AT_MOST: Final = 3
"""Refusals within one window of another that a sliding window does not explain; then it is taken for a bucket."""
REST_FACTOR: Final = 2.0
"""A bucket opens again within this many short waits, and as many times its debt."""
SHAPES_TRIED_AT_MOST: Final = 6
"""Changes of mind before the limit is taken for a bucket for good: a rate that adapts fits anything."""

Limit = Open | Fixed | Sliding | Bucket
"""What is believed of one limit."""


def taught(limit: Limit, episode: Episode, alignment: Alignment) -> Limit:
    """The belief after refusals and then a row that passed. `alignment`: what was known of it before the episode."""
    match limit:
        case Open():
            # Refused before anything passed: others spent it.
            return _first(limit, episode) if episode.accepted else limit
        case Fixed() if limit.borrowed:
            return _borrowed(limit, episode)
        case Fixed():
            return _fixed(_seen_here(limit), episode, alignment)
        case Sliding():
            return _sliding(limit, episode)
        case Bucket():
            return _bucket(limit, episode)
        case _:
            assert_never(limit)


def _first(limit: Open | Fixed, episode: Episode) -> Fixed | Bucket:
    """A short wait is a bucket's; else the window is what lies between the first request and the end."""
    if not episode.short:
        return _guessed(limit, episode)
    return Bucket(
        count=limit.count,
        window_seconds=limit.window_seconds,
        history=limit.history.another_shape(),
        rate=Rate(episode.refused_at_seconds, taken=episode.refused),
    )


def _guessed(limit: Limit, episode: Episode) -> Fixed:
    guess = Fixed(
        count=limit.count,
        window_seconds=episode.measured_window_seconds(),
        history=limit.history.another_shape(),
    )
    return guess.observed(episode.accepted)


def _borrowed(limit: Fixed, episode: Episode) -> Fixed | Bucket:
    """What was borrowed proves right, or this is the first that is met."""
    window = limit.window_seconds
    if not episode.ended_at(episode.begin_seconds + window, window_seconds=window):
        return _first(limit, episode)
    standing = Standing.MEASURED if limit.standing is Standing.BORROWED else Standing.GUESSED
    return replace(limit, standing=standing).observed(episode.accepted)


def _seen_here(limit: Fixed) -> Fixed:
    """What was lent is from now on what was measured here."""
    return replace(limit, standing=Standing.MEASURED) if limit.standing is Standing.LENT else limit


def _fixed(limit: Fixed, episode: Episode, alignment: Alignment) -> Fixed | Sliding:
    reading = read(limit, episode)
    match reading:
        case Reading.EXPECTED:
            begin_known = episode.prompt or alignment is not Alignment.UNKNOWN
            return _counted(replace(limit, standing=Standing.MEASURED), episode, begin_known=begin_known)
        case Reading.LATE_BY_CLOCK | Reading.LATE_BY_FIRST_REQUEST:
            return _counted(limit, episode, begin_known=False)
        case Reading.LATE:
            return _counted(_measured_late(limit, episode), episode, begin_known=False)
        case Reading.TOO_SOON_ONCE:
            return replace(limit, history=replace(limit.history, doubted=True))
        case Reading.TOO_SOON:
            return _slides(limit, episode)
        case Reading.ANOTHER_LENGTH:
            return _measured_again(limit, episode)
        case _:
            assert_never(reading)


def _counted(limit: Fixed, episode: Episode, *, begin_known: bool) -> Fixed:
    """Of a window that may have begun before its first request, only more than was believed says something."""
    return limit.observed(episode.accepted) if begin_known or episode.accepted >= limit.count else limit


def _slides(limit: Fixed, episode: Episode) -> Sliding:
    return Sliding(
        count=max(limit.history.counts),
        window_seconds=limit.window_seconds,
        standing=limit.standing,
        history=limit.history.another_shape(),
        refused_at_seconds=episode.refused_at_seconds,
    ).settled(episode.reopened_at_seconds)


def _measured_again(limit: Fixed, episode: Episode) -> Fixed:
    """Another length, unless the difference is one that services are known to make."""
    window, length, measured = limit.window_seconds, episode.length_seconds, episode.measured_window_seconds()
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
    earliest, latest = episode.earliest_end_seconds, episode.latest_end_seconds
    least = earliest - episode.refused_at_seconds
    found = 0.0
    for window in (believed, *WINDOWS_SECONDS):
        windows = round((latest - before) / window)
        fits = windows > 0 and earliest <= before + windows * window <= latest + ROUNDING_SECONDS
        if fits and least <= window <= max(LATE_MOST_SECONDS, believed):
            found = max(found, window)  # a longer one is the safer belief
    if not found:
        window_seconds = snapped(least, episode.length_seconds) if least > believed else believed
        return replace(limit, window_seconds=window_seconds, standing=Standing.GUESSED)
    standing = Standing.MEASURED if found == believed else Standing.GUESSED
    return replace(limit, window_seconds=float(found), standing=standing)


def _sliding(limit: Sliding, episode: Episode) -> Sliding | Bucket:
    """A little lower; refused again and again within one window, it is a bucket of that rate."""
    soon = episode.refused_at_seconds - limit.refused_at_seconds < limit.window_seconds
    strikes = limit.strikes + 1 if soon else 0
    if strikes <= STRIKES_AT_MOST:
        struck = replace(limit, strikes=strikes, refused_at_seconds=episode.refused_at_seconds)
        return struck.settled(episode.reopened_at_seconds)
    return Bucket(
        count=limit.count,
        window_seconds=limit.window_seconds,
        standing=limit.standing,
        history=limit.history.another_shape(),
        rate=Rate(episode.refused_at_seconds, limit.count / limit.window_seconds, taken=episode.refused),
    )


def _bucket(limit: Bucket, episode: Episode) -> Bucket | Fixed:
    """The rate is measured; a wait that no bucket needs was a window's."""
    rate = limit.rate
    rest_seconds = episode.latest_end_seconds - episode.refused_at_seconds
    debt_seconds = (episode.refused + 1) / rate.per_second if rate.per_second else SHORT_SECONDS
    rests_long = rest_seconds > REST_FACTOR * SHORT_SECONDS + REST_FACTOR * debt_seconds
    if rests_long and episode.tries == 1 and limit.history.shapes_tried < SHAPES_TRIED_AT_MOST:
        return _guessed(replace(limit, history=limit.history.forgotten()), episode)
    rate.refused(episode.refused_at_seconds, episode.refused)
    return limit
