"""Which customer's row goes next: one that was sent before, so that few are under way for long.

Else one of the customer with most rows left, for it is the one that will be done last.
"""

import enum
import heapq
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.limits.shape import Open

CROWD_SHARE: Final = 3
"""A customer that has this part of what may be under way goes after the others: one slow lane must not hold all."""
NEW_AT_ONCE: Final = 4
NEW_GROWTH: Final = 14
LEADER_GROWTH: Final = 8
"""Of a customer of whom nothing is known so many go first, one more for each so many; more when nobody else waits.
The first customer leads: what it meets, the others need not."""


class _Place(enum.Enum):
    READY = enum.auto()
    LATER = enum.auto()
    PARKED = enum.auto()
    """Until an answer comes."""
    EMPTY = enum.auto()


class Lane:
    """One customer's rows.

    Attributes:
        order: of customers, as they came.
        waiting: rows that are not under way.
        leads: it may go faster than others of whom nothing is known.
        place: where `Lanes` keeps it.
        returned: of the waiting rows, those that were sent before.
        stamp: of its entry in a heap; older entries count no more.
    """

    __slots__ = ("customer", "gate", "leads", "order", "place", "returned", "stamp", "waiting")

    def __init__(self, customer: str, order: int, gate: Gate) -> None:
        self.customer = customer
        self.order = order
        self.gate = gate
        self.waiting = 0
        self.returned = 0
        self.place = _Place.EMPTY
        self.stamp = 0
        self.leads = False

    @property
    def spurts(self) -> bool:
        """Whether all that is left goes into this window."""
        return self.waiting <= self.gate.limit.count - self.gate.traffic.window.sent

    def crowded(self, crowd: int) -> bool:
        """Whether enough are under way while others wait: `crowd`, and before a limit is known fewer."""
        in_flight = self.gate.traffic.in_flight
        if in_flight >= crowd or not isinstance(self.gate.limit, Open):
            return in_flight >= crowd
        return in_flight >= NEW_AT_ONCE + self.gate.traffic.window.sent // (LEADER_GROWTH if self.leads else NEW_GROWTH)


class Lanes:
    """All customers' lanes. Each choice costs the logarithm of their number."""

    def __init__(self, make_gate: Callable[[str], Gate]) -> None:
        self._make_gate = make_gate
        self._lanes: dict[str, Lane] = {}
        self._ready: list[tuple[bool, int, int, int, Lane]] = []
        self._later: list[tuple[float, int, int, Lane]] = []
        self._leader: Lane | None = None
        self.waiting = 0

    def __getitem__(self, customer: str) -> Lane:
        return self._lanes[customer]

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def add(self, rows: Mapping[str, int], *, returned: bool = False) -> None:
        """More rows; a new customer's lane is made. Returned: they were sent before."""
        for customer, count in rows.items():
            if count > 0:
                lane = self._lanes.get(customer)
                if lane is None:
                    lane = self._lanes[customer] = Lane(customer, len(self._lanes), self._make_gate(customer))
                lane.waiting += count
                self.waiting += count
                if returned:
                    lane.returned += count
                self.wake(lane)

    def give_back(self, lane: Lane) -> None:
        lane.waiting += 1
        lane.returned += 1
        self.waiting += 1
        if lane.place is _Place.READY:
            self.wake(lane)

    def wake(self, lane: Lane) -> None:
        """Something about the lane changed: look at it anew."""
        lane.stamp += 1
        if lane.waiting:
            lane.place = _Place.READY
            heapq.heappush(self._ready, (not lane.returned, -lane.waiting, lane.order, lane.stamp, lane))
        else:
            lane.place = _Place.EMPTY

    def choose(self, now_seconds: float, crowd: int) -> Lane | float:
        """A lane that may send now, or when to ask again. A lane with `crowd` under way goes after others."""
        self._wake_due(now_seconds)
        crowded: list[Lane] = []
        chosen: Lane | None = None
        while self._ready:
            _, _, _, stamp, lane = heapq.heappop(self._ready)
            if stamp != lane.stamp:
                continue
            opens = lane.gate.opens_seconds(now_seconds, spurts=lane.spurts)
            if opens > now_seconds:
                self._put_later(lane, opens)
            elif lane.crowded(crowd):
                crowded.append(lane)
            else:
                chosen = lane
                break
        if chosen is None and crowded:
            chosen = crowded[0]
        for lane in crowded:
            if lane is not chosen:
                self.wake(lane)
        if chosen is not None:
            return chosen
        return self._later[0][0] if self._later else math.inf

    def take(self, lane: Lane) -> None:
        """One row of the chosen lane goes."""
        if self._leader is None:
            self._leader = lane
            lane.leads = True
        lane.waiting -= 1
        lane.returned -= min(lane.returned, 1)
        self.waiting -= 1
        self.wake(lane)

    def _put_later(self, lane: Lane, opens_seconds: float) -> None:
        lane.stamp += 1
        if math.isinf(opens_seconds):
            lane.place = _Place.PARKED
        else:
            lane.place = _Place.LATER
            heapq.heappush(self._later, (opens_seconds, lane.order, lane.stamp, lane))

    def _wake_due(self, now_seconds: float) -> None:
        while self._later:
            opens, _, stamp, lane = self._later[0]
            if stamp == lane.stamp and opens > now_seconds:
                return
            heapq.heappop(self._later)
            if stamp == lane.stamp:
                self.wake(lane)

    def settled(self, lane: Lane) -> None:
        """An answer came for the lane: if it waited for one, or had no rows, look at it anew."""
        if lane.place is not _Place.READY and lane.waiting:
            self.wake(lane)
