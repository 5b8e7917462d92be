"""What is kept back of the partner's window for customers that will take longest.

A partner's window that is spent on many small customers while a large one waits for its own leaves nothing when that
one opens; it is then served only in every other window, and the whole run takes that much longer.
"""

import math
from collections.abc import Iterable
from typing import Final

from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.phases import Phase
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.scopes.lanes import Lane

CRITICAL_SHARE: Final = 0.8
"""A customer that needs this share of the time that the partner's limit costs, or more, decides when the run ends."""
CRITICAL_AT_MOST: Final = 32
"""Customers looked after; each costs a little time at each send."""
LAST_MOMENT_SECONDS: Final = 1.0
"""Nothing is kept for a customer that opens later than this before the window ends."""
PLANNED_EVERY_SECONDS: Final = 5.0


class Reserve:
    """Chooses the critical customers now and then, and holds the others back when little is left."""

    def __init__(self) -> None:
        self._critical: list[Lane] = []
        self._most = 0
        self._planned_at_seconds = -math.inf

    def holds_back_until(self, now_seconds: float, partner: Gate, lanes: Iterable[Lane], waiting: int) -> float:
        """Not later than now: any customer may send. Else when a critical one opens for which the rest is kept."""
        limit, window = partner.limit, partner.traffic.window
        if not isinstance(limit, Fixed) or not limit.sure:
            return now_seconds
        if now_seconds >= self._planned_at_seconds + PLANNED_EVERY_SECONDS:
            self._plan(now_seconds, limit, lanes, waiting)
        left = limit.count - window.sent
        if left > self._most or left <= 0:
            return now_seconds
        kept, opens = 0, math.inf
        for lane in self._critical:
            rows, opens_seconds = _claim(now_seconds, lane, window.ends_seconds - LAST_MOMENT_SECONDS)
            kept += rows
            opens = min(opens, opens_seconds)
        return opens if left <= kept else now_seconds

    def choose(self, now_seconds: float) -> Lane | float:
        """The critical customer that may send now, or when to ask again."""
        soonest = math.inf
        for lane in self._critical:
            if lane.waiting:
                opens = lane.gate.opens_seconds(now_seconds)
                if opens <= now_seconds:
                    return lane
                soonest = min(soonest, opens)
        return soonest

    def _plan(self, now_seconds: float, partner: Fixed, lanes: Iterable[Lane], waiting: int) -> None:
        self._planned_at_seconds = now_seconds
        partner_seconds = waiting / partner.count * partner.window_seconds
        found = [
            (need_seconds, lane.order, lane)
            for lane in lanes
            if lane.waiting and (need_seconds := _needs_seconds(lane)) >= CRITICAL_SHARE * partner_seconds
        ]
        found.sort(reverse=True)
        self._critical = [lane for _, _, lane in found[:CRITICAL_AT_MOST]]
        self._most = sum(min(2 * lane.gate.limit.count, lane.waiting) for lane in self._critical)


def _needs_seconds(lane: Lane) -> float:
    limit = lane.gate.limit
    return lane.waiting / limit.count * limit.window_seconds if isinstance(limit, Fixed) else 0.0


def _claim(now_seconds: float, lane: Lane, ends_seconds: float) -> tuple[int, float]:
    """How many rows the customer can send before the partner's window ends then, and when it opens, if it is closed."""
    door, count, window = lane.gate.door, lane.gate.limit.count, lane.gate.traffic.window
    if not lane.waiting or (door.phase is Phase.WAITING and door.until_seconds >= ends_seconds):
        return 0, math.inf
    if door.phase is Phase.WAITING:
        return min(count, lane.waiting), max(door.until_seconds, math.nextafter(now_seconds, math.inf))
    budget = max(0, count - window.sent)
    if now_seconds < window.ends_seconds < ends_seconds:  # its next window opens within this one of the partner's
        return min(budget + count, lane.waiting), window.ends_seconds
    return min(budget, lane.waiting), math.inf
