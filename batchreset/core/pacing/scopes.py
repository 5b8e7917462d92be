"""The partner's gate, the customers' gates, and which of them a refusal belongs to."""

import collections
import math
import random
from collections.abc import Iterator, Mapping
from typing import Final

from batchreset.core.pacing.episode import SHORT_SECONDS
from batchreset.core.pacing.gate import CUSTOMER_GROUPS, PARTNER_GROUPS, Gate
from batchreset.core.pacing.lanes import Lane, Lanes
from batchreset.core.pacing.limit import Kind
from batchreset.core.pacing.memory import begin_with, learned
from batchreset.core.pacing.notes import Learned, PaceNote
from batchreset.core.pacing.phases import Phase
from batchreset.core.pacing.reserve import Reserve
from batchreset.core.pacing.seam import Pause, Ticket
from batchreset.core.pacing.shared import Shared
from batchreset.core.pacing.trial import Refusal, Trial
from batchreset.core.pacing.wording import Wording

PARTNER: Final = "partner"
"""The scope of the limit that all customers share."""
CLOSED: Final = (Phase.WAITING, Phase.TRYING)
GENTLE_MOST_SECONDS: Final = 120.0
"""No longer than this, whatever that window is."""
NOTES_KEPT: Final = 1000
"""Of notes that nobody drains, the last."""


class Scopes:
    """Sends through two gates each, and gives every refusal to one of them.

    Attributes:
        gentle_until_seconds: a customer's limit was met, so that the partner's, of which nothing is known yet, may be
            near: until that customer's first window ends there is no haste.
    """

    def __init__(self, rows: Mapping[str, int], chance: random.Random, start_from: Learned | None) -> None:
        self._wording = Wording()
        self.notes: collections.deque[PaceNote] = collections.deque(maxlen=NOTES_KEPT)
        self.partner = Gate(PARTNER, self._wording, chance, self.notes.append, groups=PARTNER_GROUPS)
        self._chance = chance
        self.lanes = Lanes(self._customers_gate)
        self._earlier = {earlier.scope: earlier for earlier in start_from.customers} if start_from else {}
        if start_from is not None and start_from.partner is not None:
            begin_with(self.partner, start_from.partner)
        self.lanes.add(rows)
        self._reserve = Reserve()
        self._trial: Trial | None = None
        self._shared = Shared()
        self.gentle_until_seconds = -math.inf

    def _customers_gate(self, customer: str) -> Gate:
        gate = Gate(customer, self._wording, self._chance, self.notes.append, groups=CUSTOMER_GROUPS)
        earlier = self._earlier.get(customer)
        if earlier is not None:
            begin_with(gate, earlier)
        return gate

    def pauses(self) -> Iterator[Pause]:
        """Who waits, until when: the partner's gate first."""
        if self.partner.phase in CLOSED:
            yield Pause(scope=PARTNER, until_seconds=self.partner.until_seconds, told=self.partner.told)
        for lane in self.lanes:
            if lane.gate.phase in CLOSED and lane.waiting:
                yield Pause(scope=lane.customer, until_seconds=lane.gate.until_seconds, told=lane.gate.told)

    def learned(self) -> Learned:
        """What is known by now, as plain values."""
        customers = (learned(lane.gate) for lane in self.lanes)
        return Learned(partner=learned(self.partner), customers=tuple(known for known in customers if known))

    def choose(self, now_seconds: float, crowd: int) -> Lane | float:
        """The lane whose row goes now, or when to ask again."""
        if self._trial is not None:
            opens = self._trial.opens_seconds(now_seconds)
            if opens > now_seconds:
                return opens
            witness = self._witness()
            if witness is not None:
                return witness
            self._judge_without_witness(self._trial)
        partner = self.partner
        partner.spurts = self.lanes.waiting <= partner.limit.count - partner.window.sent
        opens = partner.opens_seconds(now_seconds)
        if opens > now_seconds:
            return opens
        kept_until = self._reserve.holds_back_until(now_seconds, self.partner, self.lanes, self.lanes.waiting)
        if kept_until <= now_seconds:
            return self.lanes.choose(now_seconds, crowd)
        chosen = self._reserve.choose(now_seconds)
        return min(chosen, kept_until) if isinstance(chosen, float) else chosen

    def sent(self, now_seconds: float, lane: Lane, number: int) -> None:
        """A ticket was given."""
        gate = lane.gate
        if gate.limit.kind is Kind.UNKNOWN and not gate.limit.refuted and gate.phase is Phase.OPEN:
            self._shared.lend(gate, lane.waiting)
        elif gate.limit.borrowed and gate.phase is Phase.OPEN:
            self._shared.confirm(gate, lane.waiting)
        if self._trial is not None:
            self._trial.witness_sent(now_seconds, number)
        self.partner.sent_one(now_seconds, number)
        gate.sent_one(now_seconds, number)
        self.lanes.take(lane)

    def returned(self, ticket: Ticket, lane: Lane) -> None:
        self.partner.returned(ticket.number)
        lane.gate.returned(ticket.number)

    def passed(self, ticket: Ticket, lane: Lane, sent_at_seconds: float) -> None:
        """A good answer."""
        self.partner.passed(ticket.number, sent_at_seconds)
        if lane.gate.passed(ticket.number, sent_at_seconds):
            self._shared.renew(lane.gate)
            self._shared.learned(ticket.customer, lane.gate)
        trial = self._trial
        if trial is not None and trial.is_witness(ticket.number) and trial.witness_passed(ticket.number):
            self._blame_customers(trial)

    def lost(self, now_seconds: float, ticket: Ticket, lane: Lane) -> None:
        """Neither yes nor no."""
        self.partner.lost(now_seconds, ticket.number)
        lane.gate.lost(now_seconds, ticket.number)
        if self._trial is not None and self._trial.is_witness(ticket.number):
            self._trial.witness_lost(ticket.number)

    def refused(self, refusal: Refusal) -> None:
        """A 429: give it to a gate, or hold all until it is known whose it was."""
        number = refusal.number
        if self._trial is not None:
            if self._trial.is_witness(number):
                self._trial.refusals.append(refusal)
                self._blame_partner(self._trial)
            else:
                self._suspect(self._trial, refusal)
            return
        partner, customer = self.partner, refusal.lane.gate
        if number < partner.opened_number or number < customer.opened_number:
            self._refuse(customer, refusal, learns=False)
            partner.lost(refusal.at_seconds, number)
        elif partner.tries(number) or customer.tries(number):
            self._refused_try(refusal)
        elif partner.phase is not Phase.OPEN and partner.told and not self._customers_own(refusal):
            self._refuse(partner, refusal)
        elif customer.phase is not Phase.OPEN and customer.told:
            self._refuse(customer, refusal)
        elif (owner := self._expected_owner(refusal)) is not None:
            self._refuse(owner, refusal)
        elif partner.phase is not Phase.OPEN:
            self._refuse(customer, refusal, learns=False)
        else:
            self._trial = Trial(refusal.retry_after_seconds)
            partner.hold()
            self._suspect(self._trial, refusal)

    def _expected_owner(self, refusal: Refusal) -> Gate | None:
        """The only one of the two gates of which a refusal was expected, and at this moment."""
        partner, customer, end = self.partner, refusal.lane.gate, refusal.end_seconds
        if partner.near() != customer.near():
            gate = partner if partner.near() else customer
            return gate if end is None or gate.may_end(end) else None
        if not partner.near() or end is None:
            return None
        if partner.expects(end) != customer.expects(end):
            return partner if partner.expects(end) else customer
        return None

    def _customers_own(self, refusal: Refusal) -> bool:
        """While the partner's gate is closed: whether this refusal is nevertheless the customer's."""
        customer, end = refusal.lane.gate, refusal.end_seconds
        told_end = self.partner.told_until_seconds
        return customer.near() and end is not None and told_end is not None and abs(end - told_end) > SHORT_SECONDS

    def _refused_try(self, refusal: Refusal) -> None:
        """A row that was sent to see whether its customer, the partner or both are open again."""
        partner, customer = self.partner, refusal.lane.gate
        end = refusal.end_seconds
        known_by_partner = end is not None and partner.expects(end)
        known_by_customer = end is not None and customer.expects(end)
        if known_by_partner != known_by_customer:
            partners = known_by_partner
        elif partner.tries(refusal.number):
            partners = partner.told or not (customer.near() and customer.limit.sure)
        else:
            partners = False
        if partners:
            self._refuse(partner, refusal)
            customer.lost(refusal.at_seconds, refusal.number)
        else:
            self._refuse(customer, refusal)
            partner.lost(refusal.at_seconds, refusal.number)

    def _refuse(self, gate: Gate, refusal: Refusal, *, learns: bool = True) -> None:
        gate.refuse(refusal, learns=learns)
        if gate is self.partner:
            refusal.lane.gate.not_begun(refusal.number)
        else:
            if math.isinf(self.gentle_until_seconds) and self.partner.limit.kind is Kind.UNKNOWN:
                self.gentle_until_seconds = min(gate.until_seconds, refusal.at_seconds + GENTLE_MOST_SECONDS)
            self._shared.hint(refusal.lane.customer, gate)

    def _suspect(self, trial: Trial, refusal: Refusal) -> None:
        trial.refusals.append(refusal)
        refusal.lane.gate.lost(refusal.at_seconds, refusal.number)
        if refusal.lane.gate.phase is Phase.OPEN:
            refusal.lane.gate.hold()

    def _witness(self) -> Lane | None:
        """The customer that sent least lately, of those that may send."""
        best: Lane | None = None
        least = (True, math.inf)
        for lane in self.lanes:
            gate = lane.gate
            if lane.waiting and gate.phase is Phase.OPEN and not gate.near():
                sent = (gate.in_flight > 0, gate.window.sent)
                if sent < least:
                    best, least = lane, sent
                if sent == (False, 0):
                    break
        return best

    def _judge_without_witness(self, trial: Trial) -> None:
        if len(trial.suspects) > 1:
            self._blame_partner(trial)
        else:
            self._blame_customers(trial)

    def _blame_partner(self, trial: Trial) -> None:
        self._trial = None
        for lane in trial.suspects:
            if lane.gate.phase is Phase.HELD:
                lane.gate.free()
            self.lanes.wake(lane)
        *suspected, witness = trial.refusals
        self._refuse(self.partner, witness)
        for refusal in suspected:
            own = refusal.lane.gate.near() and refusal.ends_apart(witness)
            self._refuse(refusal.lane.gate if own else self.partner, refusal)

    def _blame_customers(self, trial: Trial) -> None:
        self._trial = None
        self.partner.free()
        for refusal in trial.refusals:
            self._refuse(refusal.lane.gate, refusal)
        for lane in trial.suspects:
            self.lanes.wake(lane)
