"""What a row must satisfy, as plain values."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Ids and names are lower case, ids without braces.

    Attributes:
        on_invalid: "stop" refuses the input when any row has a problem, "skip" leaves such rows out.
        customers: the only tenants that may appear; empty: any may.
        protected_users, protected_customers, protected_upns: accounts that must never be reset, by user id, by
            customer, by userPrincipalName.
        operator_upns: the operator's own; compared where the input has a column of them, never demanded.
    """

    on_invalid: Literal["stop", "skip"]
    max_rows: int
    customers: frozenset[str]
    protected_users: frozenset[str]
    protected_customers: frozenset[str]
    protected_upns: frozenset[str]
    operator_upns: frozenset[str] = frozenset()

    @property
    def upns(self) -> frozenset[str]:
        """All principal names whose accounts are left out."""
        return self.protected_upns | self.operator_upns
