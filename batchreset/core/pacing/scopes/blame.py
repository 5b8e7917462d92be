"""Whose limit refused, the partner's or the customer's: decided here, carried out in `attribution`."""

import enum
from typing import Final

from batchreset.core.pacing.gates.door import Cause
from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.phases import Phase
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.episode import SHORT_SECONDS
from batchreset.core.pacing.limits.fixed import Fixed

BUCKET_RESTS_SECONDS: Final = 5.0
"""A bucket that is kept nearly empty asks for no longer wait than this."""

SUSPICIOUS_SHARE: Final = 0.3
"""A customer that sent this share of what is believed of its limit may have met it: its window may have begun before
its first request, so that some were sent in it that are not counted."""


class Blame(enum.Enum):
    """To whom a refusal is given."""

    PARTNER = enum.auto()
    CUSTOMER = enum.auto()
    CUSTOMER_UNTAUGHT = enum.auto()
    """The customer waits, but nothing is learned of a limit."""
    UNCLEAR = enum.auto()
    """A trial finds it out."""


def blamed(partner: Gate, customer: Gate, refusal: Refusal) -> Blame:
    """By what is known when no trial is on: the first that holds, in this order."""
    number = refusal.number
    if number < partner.door.opened_number or number < customer.door.opened_number:
        return Blame.CUSTOMER_UNTAUGHT  # sent before the last wait: it belongs to a window that is over
    if partner.door.tries(number) or customer.door.tries(number):
        return _of_a_try(partner, customer, refusal)
    if partner.door.refused and not _customers_own(partner, customer, refusal):
        return Blame.PARTNER  # one of the burst that closed it
    if customer.door.refused:
        return Blame.CUSTOMER
    owner = _expected_owner(partner, customer, refusal)
    if owner is not Blame.UNCLEAR:
        return owner
    # Where the partner's gate is closed nobody can be sent as a witness.
    return Blame.UNCLEAR if partner.door.phase is Phase.OPEN else Blame.CUSTOMER_UNTAUGHT


def _of_a_try(partner: Gate, customer: Gate, refusal: Refusal) -> Blame:
    """A row that was sent to see whether its customer, the partner or both are open again."""
    end = refusal.end_seconds
    likely_partners = partner.near() or partner.door.tries(refusal.number)
    known_by_partner = likely_partners and end is not None and _expects(partner, end)
    known_by_customer = end is not None and _expects(customer, end)
    if known_by_partner != known_by_customer:
        return Blame.PARTNER if known_by_partner else Blame.CUSTOMER
    if not partner.door.tries(refusal.number):
        return Blame.CUSTOMER
    likely_customers = customer.near() and customer.limit.sure
    return Blame.PARTNER if partner.door.cause is Cause.REFUSED or not likely_customers else Blame.CUSTOMER


def _expected_owner(partner: Gate, customer: Gate, refusal: Refusal) -> Blame:
    """The only one of the two gates of which a refusal was expected, and at this moment."""
    end = refusal.end_seconds
    if partner.near() != customer.near():
        gate, blame = (partner, Blame.PARTNER) if partner.near() else (customer, Blame.CUSTOMER)
        if gate is partner and _may_be_customers(partner, customer):
            return Blame.UNCLEAR
        return blame if end is None or _may_end(gate, refusal, end) else Blame.UNCLEAR
    if not partner.near() or end is None or _expects(partner, end) == _expects(customer, end):
        return Blame.UNCLEAR
    return Blame.PARTNER if _expects(partner, end) else Blame.CUSTOMER


def _may_be_customers(partner: Gate, customer: Gate) -> bool:
    """Whether the partner's limit is not well known, while customers have theirs, and this one sent much of it."""
    if not isinstance(partner.limit, Fixed) or partner.limit.steady or not isinstance(customer.limit, Fixed):
        return False
    return customer.traffic.window.sent >= SUSPICIOUS_SHARE * customer.limit.count


def _customers_own(partner: Gate, customer: Gate, refusal: Refusal) -> bool:
    """While the partner's gate is closed: whether this refusal is nevertheless the customer's."""
    end, told_end = refusal.end_seconds, partner.told_until_seconds
    return customer.near() and end is not None and told_end is not None and abs(end - told_end) > SHORT_SECONDS


def _expects(gate: Gate, end_seconds: float) -> bool:
    """Whether its window is known to end about then."""
    return _measured(gate) and abs(end_seconds - gate.traffic.window.ends_seconds) <= SHORT_SECONDS


def _may_end(gate: Gate, refusal: Refusal, end_seconds: float) -> bool:
    """Whether nothing that is known of its limit speaks against its letting through again then."""
    if isinstance(gate.limit, Bucket):
        return end_seconds - refusal.at_seconds <= BUCKET_RESTS_SECONDS
    if isinstance(gate.limit, Fixed) and gate.traffic.window.prompt:
        return abs(end_seconds - gate.traffic.window.ends_seconds) <= SHORT_SECONDS
    return not _measured(gate) or _expects(gate, end_seconds)


def _measured(gate: Gate) -> bool:
    return isinstance(gate.limit, Fixed) and gate.limit.sure
