"""Accounts that must never be reset, and what becomes of a row that turns out to be of one at the last moment."""

from dataclasses import dataclass, field

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import KnownRow

_NOBODY = frozenset[str]()


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """Break-glass accounts and the like. Everything in lower case, ids without braces.

    Attributes:
        users: by their ids, wherever they are.
        customers: all users of these.
        names: by userPrincipalName; whose ids they are has to be found out, so `covers` does not look at them.
    """

    users: frozenset[str] = _NOBODY
    customers: frozenset[str] = _NOBODY
    names: frozenset[str] = _NOBODY

    def covers(self, customer_tenant_id: str, user_id: str) -> bool:
        """Whether this account is protected by an id."""
        return user_id in self.users or customer_tenant_id in self.customers

    def __or__(self, other: "Protected") -> "Protected":
        """Whoever is protected by either."""
        return Protected(
            users=self.users | other.users,
            customers=self.customers | other.customers,
            names=self.names | other.names,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which accounts may be reset at all.

    Attributes:
        customers: the only ones that may appear; empty: any may.
    """

    protected: Protected = field(default_factory=Protected)
    customers: frozenset[str] = _NOBODY

    def reason_against(self, customer_tenant_id: str, user_id: str) -> Reason | None:
        """Why this account must not be reset; None if it may be."""
        if self.customers and customer_tenant_id not in self.customers:
            return Reason.INVALID
        return Reason.PROTECTED if self.protected.covers(customer_tenant_id, user_id) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A planned row that is not sent, or not sent again, because its account must not be reset.

    Attributes:
        recorded: whether that is its ending in the ledger already.
    """

    outcome: Outcome
    reason: Reason
    recorded: bool


def left_out(known: KnownRow, reason: Reason) -> LeftOut:
    """How a row ends that may not be sent from now on.

    Only one that was never sent is `skipped`: what an earlier exchange may have changed stays in doubt.
    """
    if known.outcome is not None:
        return LeftOut(outcome=known.outcome, reason=reason, recorded=True)
    outcome = Outcome.IN_DOUBT if known.unclear else Outcome.FAILED if known.exchanges else Outcome.SKIPPED
    return LeftOut(outcome=outcome, reason=reason, recorded=False)
