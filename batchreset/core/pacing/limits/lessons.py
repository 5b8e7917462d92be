"""What an episode of refusals teaches: from a belief to the next. The table stands in the room's docstring."""

from dataclasses import replace
from typing import Final, assert_never

from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.episode import END_AGREEMENT, SHORT_SECONDS, Episode, guessed
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.fixed_lessons import slides, taught_fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.rate import GUESS_SHARE, Rate
from batchreset.core.pacing.limits.shape import Open, Standing
from batchreset.core.pacing.limits.sliding import Sliding, sent_within

STRIKES_AT_MOST: Final = 4
"""Refusals within one window of another that a sliding window does not explain; then it is taken for a bucket."""
LITTLE_SHARE: Final = 0.8
NEARLY_SHARE: Final = 0.95
"""Of what a window is believed to take."""
EARLY_LEAST_SECONDS: Final = 30.0
"""Of a shorter window it is not clear what was sent within it: requests are judged up to a second late."""
REST_FACTOR: Final = 2.0
"""A bucket opens again within this many short waits, and as many times its debt; and what was taken for a window that
slides, within that window."""
BORROWED_LEAST_SECONDS: Final = 10.0
"""A borrowed rate that is refused sooner is none: all that is known is what passed."""
GUESS_LEAST_SECONDS: Final = 1.0
"""No rate is reckoned from less than this."""
GUESS_LEAST_PER_SECOND: Final = 0.2
"""What passed may have been sent long before it was refused."""
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
        case Fixed() if _slid(limit, episode):
            return slides(limit, episode)
        case Fixed():
            return taught_fixed(limit, episode, alignment)
        case Sliding():
            return _sliding(limit, episode)
        case Bucket():
            return _bucket(limit, episode)
        case _:
            assert_never(limit)


def _slid(limit: Fixed, episode: Episode) -> bool:
    """It took little, and was over early or nothing was told; what was sent before it began still counts."""
    untold = episode.told_least_seconds is None and episode.told_end is None
    early = episode.end.most_seconds < episode.expected_seconds - END_AGREEMENT * limit.window_seconds
    sent = sent_within(episode.lately, limit.window_seconds)
    early = early and limit.window_seconds >= EARLY_LEAST_SECONDS
    little = episode.accepted < LITTLE_SHARE * limit.count
    return (untold or early) and limit.sure and little and sent >= NEARLY_SHARE * limit.count


def _first(limit: Open | Fixed, episode: Episode) -> Fixed | Bucket:
    """A short wait is a bucket's; else the window is what lies between the first request and the end."""
    if not episode.short:
        return _guessed(limit, episode)
    return Bucket(
        count=limit.count,
        window_seconds=limit.window_seconds,
        history=limit.history.another_shape(),
        rate=_guessed_rate(episode),
    )


def _guessed_rate(episode: Episode) -> Rate:
    """At least the burst passed: the bucket holds no more than what did, and its rate is less."""
    seconds = episode.refused_at_seconds - episode.begin_seconds
    met_per_second = episode.accepted / max(seconds, GUESS_LEAST_SECONDS)
    return Rate(
        episode.refused_at_seconds,
        max(GUESS_SHARE * met_per_second, GUESS_LEAST_PER_SECOND),
        opened_at_seconds=episode.reopened_at_seconds,
        taken=episode.refused,
        first=(episode.accepted, seconds),
        guessed=True,
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
    fits = episode.ended_at(episode.begin_seconds + window, window_seconds=window)
    if not fits or (limit.standing is Standing.BORROWED_GUESS and episode.short):
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
        return replace(limit, strikes=strikes).settled(episode)
    bucket = Bucket(
        count=limit.count,
        window_seconds=limit.window_seconds,
        standing=limit.standing,
        history=limit.history.another_shape(),
        rate=Rate(
            episode.refused_at_seconds,
            limit.count / limit.window_seconds,
            opened_at_seconds=episode.reopened_at_seconds,
            taken=episode.refused,
        ),
    )
    return bucket.measured()


def _bucket(limit: Bucket, episode: Episode) -> Bucket | Fixed:
    """The rate is measured; a wait that no bucket needs was a window's: another limit's, if this one was measured."""
    rate = limit.rate
    rest_seconds = episode.end.most_seconds - episode.refused_at_seconds
    debt_seconds = SHORT_SECONDS if rate.guessed else (episode.refused + 1) / rate.per_second
    needed_seconds = REST_FACTOR * SHORT_SECONDS + REST_FACTOR * debt_seconds
    rests_long = not episode.short and rest_seconds > max(needed_seconds, limit.window_seconds)
    told_long = episode.told_least_seconds is not None and episode.told_least_seconds > SHORT_SECONDS
    if rests_long and (told_long or episode.tries == 1) and limit.history.shapes_tried < SHAPES_TRIED_AT_MOST:
        if not rate.guessed and not limit.borrowed:
            return replace(limit, rate=Rate(episode.reopened_at_seconds, rate.per_second))
        return _guessed(replace(limit, history=limit.history.forgotten()), episode)
    if limit.borrowed and episode.refused_at_seconds - episode.begin_seconds < BORROWED_LEAST_SECONDS:
        return replace(limit, standing=Standing.MEASURED, rate=_guessed_rate(episode))
    rate.refused(episode)
    return limit.measured()
