"""How a limit is spent: when the next may go, as far as the limit alone decides. Nothing is changed here."""

import math
from typing import Final

from batchreset.core.pacing.gates.traffic import Traffic
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.limits.sliding import Sliding

SPEND_SHARE: Final = 0.25
SPEND_SHARE_SPURTS: Final = 0.05
SPEND_SHARE_SLIDING: Final = 0.1
SPEND_SHARE_UNSTEADY: Final = 0.3
SPACING_UNSTEADY_MOST_SECONDS: Final = 0.08
"""A known limit is spent no faster than in this share of its window, so that one that fell costs few refusals; where
requests are so far apart, few are under way anyhow."""
SPEND_SHARE_WILD: Final = 0.15
"""The least of windows that differ is spent faster: time is needed beyond it, where any request may be refused."""
PROBE_GROWTH: Final = 40
"""Beyond the limit one more is under way for each so many that passed: a fourfold rise is found in one window."""
PROBE_PACE_SECONDS: Final = 0.35
PROBE_REST_SHARE: Final = 0.05
PROBE_AT_MOST: Final = 3
"""So many at once for each a second that is needed to reach the most that was seen before this last share of the
window; and no more."""
PROBE_LEFT_LEAST_SECONDS: Final = 1.0
"""No haste is reckoned from less than this."""
GUESSED_SHARE: Final = 0.3
GUESSED_AT_ONCE: Final = 4
GUESSED_GROWTH: Final = 48
"""A guessed limit is spent in this share of the window, by so many at once or as many more as it takes, within what is
careful; that grows by one for each so many that passed."""
CAREFUL_AT_ONCE: Final = 8
"""After the first refusals, until the shape is known, so many under way are careful."""
SLACK_FACTOR: Final = 2.0
"""A sliding window is taken for longer by so many slacks: requests overtake one another."""


def in_window(now_seconds: float, limit: Fixed, traffic: Traffic, *, spurts: bool) -> float | None:
    """None: the window's budget is spent. Spurts: all that is left goes into this window, as nothing is gained by care.

    First what is trusted, early in the window and no faster than it could have fallen unseen; then beyond it, by few
    at once, where this window is probed or the limit was lower before.
    """
    sent = traffic.window.sent
    if sent < (limit.count if spurts else limit.trusted_count):
        spaced = traffic.last_sent_seconds + _spacing_seconds(limit, spurts=spurts)
        if spaced > now_seconds:
            return spaced
        if limit.standing is not Standing.GUESSED or spurts:
            return now_seconds
        return now_seconds if traffic.in_flight < _guessed_at_once(now_seconds, limit, traffic) else math.inf
    if limit.probing or sent < limit.count:
        if sent == limit.trusted_count and limit.steady and not spurts and traffic.in_flight:
            return math.inf  # one that is still under way would be refused beside it
        return now_seconds if traffic.window.over_in_flight < _probes_at_once(now_seconds, limit, traffic) else math.inf
    return None


def _guessed_at_once(now_seconds: float, limit: Fixed, traffic: Traffic) -> int:
    """Just fast enough to spend it in this share of the window: it may well be less."""
    spent_at_seconds = traffic.window.begin_seconds + GUESSED_SHARE * limit.window_seconds
    left_seconds = max(spent_at_seconds - now_seconds, PROBE_LEFT_LEAST_SECONDS)
    needed = math.ceil(PROBE_PACE_SECONDS * (limit.count - traffic.window.sent) / left_seconds)
    return max(GUESSED_AT_ONCE, min(needed, CAREFUL_AT_ONCE + traffic.window.sent // GUESSED_GROWTH))


def _spacing_seconds(limit: Fixed, *, spurts: bool) -> float:
    if spurts:
        return SPEND_SHARE_SPURTS * limit.window_seconds / limit.count
    if limit.wild:
        return SPEND_SHARE_WILD * limit.window_seconds / limit.count
    spacing = SPEND_SHARE * limit.window_seconds / limit.count
    if limit.steady:
        return spacing
    unsteady = SPEND_SHARE_UNSTEADY * limit.window_seconds / limit.count
    return max(spacing, min(unsteady, SPACING_UNSTEADY_MOST_SECONDS))


def _probes_at_once(now_seconds: float, limit: Fixed, traffic: Traffic) -> int:
    """Up to the most that was seen a refusal is likely everywhere: just fast enough to get there. Then ever more."""
    sent, most = traffic.window.sent, limit.likely_most
    rest_seconds = PROBE_REST_SHARE * limit.window_seconds
    left_seconds = max(traffic.window.ends_seconds - now_seconds - rest_seconds, PROBE_LEFT_LEAST_SECONDS)
    at_once = max(1, min(round(PROBE_PACE_SECONDS * (most - sent) / left_seconds), PROBE_AT_MOST))
    return max(at_once, 1 + (sent - most) // PROBE_GROWTH) if sent > most else at_once


def in_sliding(now_seconds: float, limit: Sliding, traffic: Traffic, own_slack_seconds: float) -> float:
    spaced = traffic.last_sent_seconds + SPEND_SHARE_SLIDING * limit.window_seconds / limit.count
    if spaced > now_seconds:
        return spaced
    window_seconds = limit.window_seconds + SLACK_FACTOR * own_slack_seconds
    return traffic.log.opens_seconds(now_seconds, limit.count, window_seconds)


def by_rate(limit: Bucket) -> float:
    return limit.rate.opens_seconds()
