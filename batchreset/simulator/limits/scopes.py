"""Whose limits there are."""

import enum
from dataclasses import dataclass

from batchreset.simulator.limits.rule import Rule
from batchreset.simulator.limits.shapes import Limit


class Scope(enum.StrEnum):
    """Whose limit refused a request."""

    PARTNER = "partner"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Too many requests; one would pass in `seconds`."""

    scope: Scope
    seconds: float


class Limits:
    """The partner's limit and one for each customer.

    Args:
        seed: of limits that are drawn at random.
    """

    def __init__(self, *, partner: Rule, customer: Rule, seed: int = 0) -> None:
        self._partner = partner.made(seed=f"{seed}|{Scope.PARTNER}")
        self._customer_rule = customer
        self._customers: dict[str, Limit] = {}
        self._seed = seed

    def admit(self, customer: str, now_seconds: float) -> Refused | None:
        """Count one request against both; when both refuse, the longer wait is told."""
        limit = self._customers.get(customer)
        if limit is None:
            limit = self._customer_rule.made(seed=f"{self._seed}|{Scope.CUSTOMER}|{customer}")
            self._customers[customer] = limit
        waits = {
            Scope.PARTNER: self._partner.wait_seconds(now_seconds),
            Scope.CUSTOMER: limit.wait_seconds(now_seconds),
        }
        scope = max(waits, key=waits.__getitem__)
        return Refused(scope=scope, seconds=waits[scope]) if waits[scope] > 0 else None
