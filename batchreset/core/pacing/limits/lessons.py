"""What an episode of refusals teaches: from a belief to the next. The table stands in the room's docstring."""

from dataclasses import replace
from typing import Final, assert_never

from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.episode import SHORT_SECONDS, Episode, guessed
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.fixed_lessons import taught_fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.rate import Rate
from batchreset.core.pacing.limits.shape import Open, Standing
from batchreset.core.pacing.limits.sliding import Sliding

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
            return taught_fixed(limit, episode, alignment)
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
        window_seconds=guessed(episode.length),
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


def _sliding(limit: Sliding, episode: Episode) -> Sliding | Bucket:
    """A little lower; refused again and again within one window, it is a bucket of that rate."""
    if episode.tries == 1 and episode.end.least_seconds - episode.refused_at_seconds > limit.window_seconds:
        return limit  # it would be open again: another limit's
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
    """The rate is measured; a wait that no bucket needs was a window's: another limit's, if this one was measured."""
    rate = limit.rate
    rest_seconds = episode.end.most_seconds - episode.refused_at_seconds
    per_second = rate.per_second or episode.accepted / max(episode.refused_at_seconds - episode.begin_seconds, 1.0)
    debt_seconds = (episode.refused + 1) / per_second if per_second else SHORT_SECONDS
    rests_long = rest_seconds > REST_FACTOR * SHORT_SECONDS + REST_FACTOR * debt_seconds
    told_long = episode.told_least_seconds is not None and episode.told_least_seconds > SHORT_SECONDS
    if rests_long and (told_long or episode.tries == 1) and limit.history.shapes_tried < SHAPES_TRIED_AT_MOST:
        if rate.per_second:
            return replace(limit, rate=Rate(episode.reopened_at_seconds, rate.per_second))
        return _guessed(replace(limit, history=limit.history.forgotten()), episode)
    rate.refused(episode.refused_at_seconds, episode.refused)
    return limit
