"""What a gate has seen, made into something to learn from: its refusals beside what it had sent."""

from dataclasses import dataclass

from batchreset.core.pacing.gates.refusals import Refusals
from batchreset.core.pacing.gates.traffic import Traffic
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.episode import (
    ROUNDING_SECONDS,
    SHORT_SECONDS,
    WINDOWS_SECONDS,
    Episode,
    Lately,
    guessed,
)
from batchreset.core.pacing.limits.lessons import Limit
from batchreset.core.pacing.notes import LimitLearned


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldWindow:
    """A window as the refusals of a burst tell it: what it took, its length, when it ends."""

    count: int
    window_seconds: float
    end_seconds: float


def episode_of(traffic: Traffic, refusals: Refusals, reopened_at_seconds: float) -> Episode:
    """The whole of it: a row passed again."""
    window = traffic.window
    return Episode(
        prompt=window.prompt,
        ended_before_seconds=window.ended_before_seconds,
        expected_seconds=window.ends_seconds,
        begin_seconds=window.begin_seconds,
        last_begin_seconds=window.last_begin_seconds,
        last_accepted=window.last_accepted,
        refused_at_seconds=refusals.first_at_seconds,
        last_refused_at_seconds=refusals.last_at_seconds,
        told_least_seconds=refusals.told_least_seconds,
        told_end=refusals.first_end if refusals.put_off else refusals.told_end,
        put_off=refusals.put_off,
        reopened_at_seconds=reopened_at_seconds,
        accepted=traffic.accepted,
        refused=window.refused,
        tries=refusals.tries,
        lately=_lately(traffic, refusals.first_at_seconds),
    )


def _lately(traffic: Traffic, until_seconds: float) -> tuple[Lately, ...]:
    counted = traffic.log.counted
    return tuple(
        Lately(
            window_seconds=float(window_seconds),
            least=counted(until_seconds - window_seconds, until_seconds, partly=False),
            most=counted(
                until_seconds - window_seconds - ROUNDING_SECONDS, until_seconds + ROUNDING_SECONDS, partly=True
            ),
        )
        for window_seconds in WINDOWS_SECONDS
    )


def told_window(traffic: Traffic, refusals: Refusals) -> ToldWindow | None:
    """What the refusals so far say, before a row has passed again; None: too little."""
    until, least = refusals.told_end, refusals.told_least_seconds
    if until is None or refusals.tries != 1 or not refusals.learns or not traffic.accepted:
        return None
    if least is None or least <= SHORT_SECONDS:
        return None
    return ToldWindow(
        count=traffic.accepted,
        window_seconds=guessed(until.since(traffic.window.begin_seconds)),
        end_seconds=until.most_seconds - ROUNDING_SECONDS,
    )


def news_of(scope: str, before: Limit, after: Limit) -> LimitLearned | None:
    """A limit that was found, or found to be another. A bucket's rate that moves a little is no news."""
    known = after.known
    same = type(after) is type(before) and (after.count, after.window_seconds) == (before.count, before.window_seconds)
    if isinstance(after, Bucket) and isinstance(before, Bucket):
        same = after.told_per_second == before.told_per_second
    if known is None or same:
        return None
    return LimitLearned(scope=scope, shape=known.shape, limit=known.count, window_seconds=known.window_seconds)
