"""Gives every refusal to the gate whose limit it was; where that is not clear, finds it out by a trial."""

import math
from typing import Final, assert_never

from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.phases import Phase
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.shape import Open
from batchreset.core.pacing.scopes.blame import Blame, blamed
from batchreset.core.pacing.scopes.lanes import Lane, Lanes
from batchreset.core.pacing.scopes.shared import Shared
from batchreset.core.pacing.scopes.trial import Trial

GENTLE_MOST_SECONDS: Final = 120.0
"""No longer than this, whatever that window is."""


class Attribution:
    """Carries out what `blame` and trials decide.

    Attributes:
        gentle_until_seconds: a customer's limit was met, so that the partner's, of which nothing is known yet, may be
            near: until that customer's first window ends there is no haste.
    """

    def __init__(self, partner: Gate, lanes: Lanes, shared: Shared) -> None:
        self._partner = partner
        self._lanes = lanes
        self._shared = shared
        self._trial: Trial | None = None
        self.gentle_until_seconds = -math.inf

    def refused(self, lane: Lane, refusal: Refusal) -> None:
        """A 429."""
        trial = self._trial
        if trial is not None:
            if trial.is_witness(refusal.number):
                trial.suspect(lane, refusal)
                self._convict_partner(trial)
            else:
                self._suspect(trial, lane, refusal)
            return
        partner, customer = self._partner, lane.gate
        blame = blamed(partner, customer, refusal)
        match blame:
            case Blame.PARTNER:
                self._give_partner(lane, refusal)
                customer.door.lost(refusal.at_seconds, refusal.number)
            case Blame.CUSTOMER | Blame.CUSTOMER_UNTAUGHT:
                self._give_customer(lane, refusal, learns=blame is Blame.CUSTOMER)
                partner.door.lost(refusal.at_seconds, refusal.number)
            case Blame.UNCLEAR:
                self._trial = Trial(refusal)
                partner.door.hold()
                self._suspect(self._trial, lane, refusal)
            case _:
                assert_never(blame)

    def _give_partner(self, lane: Lane, refusal: Refusal) -> None:
        self._partner.refuse(refusal, learns=True)
        lane.gate.not_begun(refusal.number)

    def _give_customer(self, lane: Lane, refusal: Refusal, *, learns: bool = True) -> None:
        gate = lane.gate
        gate.refuse(refusal, learns=learns)
        if math.isinf(self.gentle_until_seconds) and isinstance(self._partner.limit, Open):
            self.gentle_until_seconds = min(gate.door.until_seconds, refusal.at_seconds + GENTLE_MOST_SECONDS)
        self._shared.hint(lane.customer, gate)

    # The trial.

    def witness(self, now_seconds: float) -> Lane | float | None:
        """The lane whose row goes as a witness, or when to ask again. None: no trial is on, or none any more."""
        trial = self._trial
        if trial is None:
            return None
        opens = trial.opens_seconds(now_seconds)
        if opens > now_seconds:
            return opens
        witness = self._least_suspicious()
        if witness is None:
            self._judge_without_witness(trial)
        return witness

    def _least_suspicious(self) -> Lane | None:
        """The customer that sent least lately, of those that may send."""
        best: Lane | None = None
        least = (True, math.inf)
        for lane in self._lanes:
            gate = lane.gate
            if lane.waiting and gate.door.phase is Phase.OPEN and not gate.near():
                sent = (gate.traffic.in_flight > 0, gate.traffic.window.sent)
                if sent < least:
                    best, least = lane, sent
                if sent == (False, 0):
                    break
        return best

    def sent(self, now_seconds: float, number: int) -> None:
        """A ticket was given: during a trial, to a witness."""
        if self._trial is not None:
            self._trial.witness_sent(now_seconds, number)

    def passed(self, number: int) -> None:
        """A good answer."""
        trial = self._trial
        if trial is not None and trial.is_witness(number) and trial.witness_passed(number):
            self._convict_customers(trial)

    def lost(self, number: int) -> None:
        """Neither yes nor no."""
        if self._trial is not None and self._trial.is_witness(number):
            self._trial.witness_lost(number)

    def _suspect(self, trial: Trial, lane: Lane, refusal: Refusal) -> None:
        door = lane.gate.door
        trial.suspect(lane, refusal)
        door.lost(refusal.at_seconds, refusal.number)
        if door.phase is Phase.OPEN:
            door.hold()

    def _judge_without_witness(self, trial: Trial) -> None:
        """Several customers refused at once: the partner's limit is likelier than several of theirs."""
        if len(trial.suspects) > 1:
            self._convict_partner(trial)
        else:
            self._convict_customers(trial)

    def _convict_partner(self, trial: Trial) -> None:
        """The last refusal decided it. Others were the customer's own if that was near, and ends at another time."""
        self._trial = None
        for suspect in trial.suspects:
            if suspect.gate.door.phase is Phase.HELD:
                suspect.gate.door.free()
        *suspicions, decisive = trial.suspicions
        self._give_partner(decisive.lane, decisive.refusal)
        for suspicion in suspicions:
            if suspicion.lane.gate.near() and suspicion.refusal.ends_apart(decisive.refusal):
                self._give_customer(suspicion.lane, suspicion.refusal)
            else:
                self._give_partner(suspicion.lane, suspicion.refusal)

    def _convict_customers(self, trial: Trial) -> None:
        self._trial = None
        self._partner.door.free()
        for suspicion in trial.suspicions:
            self._give_customer(suspicion.lane, suspicion.refusal)
