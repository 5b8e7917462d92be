"""The partner's gate and the customers' gates: each row passes two of them, each answer is told to both."""

import collections
import random
from collections.abc import Iterator, Mapping
from typing import Final

from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.phases import Phase
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.habits import Habits
from batchreset.core.pacing.notes import Learned, PaceNote
from batchreset.core.pacing.scopes.attribution import Attribution
from batchreset.core.pacing.scopes.lanes import Lane, Lanes
from batchreset.core.pacing.scopes.memory import begin_with, learned
from batchreset.core.pacing.scopes.reserve import Reserve
from batchreset.core.pacing.scopes.shared import Shared
from batchreset.core.pacing.seam import PARTNER, Pause, Ticket

PARTNER_GROUPS_KEPT: Final = 4096
CUSTOMER_GROUPS_KEPT: Final = 64
"""Send times that a gate keeps; there are many customers."""
NOTES_KEPT: Final = 1000
"""Of notes that nobody drains, the last."""


class Scopes:
    """Chooses whose row goes, as far as limits decide, and tells the gates what came back.

    Attributes:
        notes: what happened.
        partner: the gate that all rows pass.
        lanes: the customers' rows and gates.
    """

    def __init__(self, rows: Mapping[str, int], chance: random.Random, start_from: Learned | None) -> None:
        self.notes: collections.deque[PaceNote] = collections.deque(maxlen=NOTES_KEPT)
        self._chance = chance
        self._habits = Habits()
        self._earlier = {earlier.scope: earlier for earlier in start_from.customers} if start_from else {}
        self.partner = self._gate(PARTNER, PARTNER_GROUPS_KEPT)
        if start_from is not None and start_from.partner is not None:
            begin_with(self.partner, start_from.partner)
        self.lanes = Lanes(self._customers_gate)
        self.lanes.add(rows)
        self._reserve = Reserve()
        self._shared = Shared()
        self._attribution = Attribution(self.partner, self.lanes, self._shared)

    def _gate(self, scope: str, groups_kept: int) -> Gate:
        return Gate(scope, self._habits, self._chance, self.notes.append, groups_kept=groups_kept)

    def _customers_gate(self, customer: str) -> Gate:
        gate = self._gate(customer, CUSTOMER_GROUPS_KEPT)
        earlier = self._earlier.get(customer)
        if earlier is not None:
            begin_with(gate, earlier)
        return gate

    @property
    def gentle_until_seconds(self) -> float:
        """Until then there is no haste."""
        return self._attribution.gentle_until_seconds

    def pauses(self) -> Iterator[Pause]:
        """Who waits, until when: the partner's gate first."""
        if self.partner.door.paused:
            yield _pause(self.partner)
        for lane in self.lanes:
            if lane.gate.door.paused and lane.waiting:
                yield _pause(lane.gate)

    def learned(self) -> Learned:
        """What is known by now, as plain values."""
        customers = (learned(lane.gate) for lane in self.lanes)
        return Learned(partner=learned(self.partner), customers=tuple(known for known in customers if known))

    def choose(self, now_seconds: float, crowd: int) -> Lane | float:
        """The lane whose row goes now, or when to ask again."""
        witness = self._attribution.witness(now_seconds)
        if witness is not None:
            return witness
        partner, waiting = self.partner, self.lanes.waiting
        spurts = waiting <= partner.limit.count - partner.traffic.window.sent
        opens = partner.opens_seconds(now_seconds, spurts=spurts)
        if opens > now_seconds:
            return opens
        kept_until = self._reserve.holds_back_until(now_seconds, partner, self.lanes, waiting)
        if kept_until <= now_seconds:
            return self.lanes.choose(now_seconds, crowd)
        chosen = self._reserve.choose(now_seconds)
        return min(chosen, kept_until) if isinstance(chosen, float) else chosen

    def sent(self, now_seconds: float, lane: Lane, number: int) -> None:
        """A ticket was given."""
        gate = lane.gate
        if gate.door.phase is Phase.OPEN:
            self._shared.advise(gate, lane.waiting)
        self._attribution.sent(now_seconds, number)
        self.partner.sent_one(now_seconds, number)
        gate.sent_one(now_seconds, number)
        self.lanes.take(lane)

    def returned(self, ticket: Ticket, lane: Lane) -> None:
        """Some answer came."""
        self.partner.returned(ticket.number)
        lane.gate.returned(ticket.number)

    def passed(self, ticket: Ticket, lane: Lane, sent_at_seconds: float) -> None:
        """A good answer."""
        self.partner.passed(ticket.number, sent_at_seconds)
        if lane.gate.passed(ticket.number, sent_at_seconds):
            self._shared.renew(lane.gate)
            self._shared.learned(ticket.customer, lane.gate)
        self._attribution.passed(ticket.number)

    def service_is_back(self) -> None:
        """An outage is over."""
        self.partner.service_is_back()
        for lane in self.lanes:
            lane.gate.service_is_back()

    def refused(self, lane: Lane, refusal: Refusal) -> None:
        """A 429."""
        self._attribution.refused(lane, refusal)

    def lost(self, now_seconds: float, ticket: Ticket, lane: Lane) -> None:
        """Neither yes nor no."""
        self.partner.door.lost(now_seconds, ticket.number)
        lane.gate.door.lost(now_seconds, ticket.number)
        self._attribution.lost(ticket.number)


def _pause(gate: Gate) -> Pause:
    return Pause(scope=gate.scope, until_seconds=gate.door.until_seconds, told=gate.door.refused)
