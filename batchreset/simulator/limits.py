"""Limits per partner and per customer (learn: api-throttling-guidance): every request counts, refused ones too."""

import enum
import math
from dataclasses import dataclass


class Scope(enum.StrEnum):
    """Whose limit refused a request."""

    PARTNER = "partner"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Too many requests; the window ends in `seconds`."""

    scope: Scope
    seconds: float


class FixedWindow:
    """At most `limit` requests pass in each window; a window begins with the first request after the last one's end.

    Args:
        limit: 0 for none.
    """

    def __init__(self, *, limit: int, window_seconds: float) -> None:
        self._limit = limit
        self._window_seconds = window_seconds
        self._ends_seconds = -math.inf
        self._count = 0

    def wait_seconds(self, now_seconds: float) -> float:
        """Count one request; 0 if it passes, else the time to the window's end."""
        if self._limit == 0:
            return 0.0
        if now_seconds >= self._ends_seconds:
            self._ends_seconds = now_seconds + self._window_seconds
            self._count = 0
        self._count += 1
        return self._ends_seconds - now_seconds if self._count > self._limit else 0.0


class Limits:
    """The partner's window and one for each customer."""

    def __init__(
        self,
        *,
        partner_limit: int,
        partner_window_seconds: float,
        customer_limit: int,
        customer_window_seconds: float,
    ) -> None:
        self._partner = FixedWindow(limit=partner_limit, window_seconds=partner_window_seconds)
        self._customer_limit = customer_limit
        self._customer_window_seconds = customer_window_seconds
        self._customers: dict[str, FixedWindow] = {}

    def admit(self, customer: str, now_seconds: float) -> Refused | None:
        """Count one request against both; when both refuse, the longer wait is told."""
        window = self._customers.get(customer)
        if window is None:
            window = FixedWindow(limit=self._customer_limit, window_seconds=self._customer_window_seconds)
            self._customers[customer] = window
        waits = {
            Scope.PARTNER: self._partner.wait_seconds(now_seconds),
            Scope.CUSTOMER: window.wait_seconds(now_seconds),
        }
        scope = max(waits, key=waits.__getitem__)
        return Refused(scope=scope, seconds=waits[scope]) if waits[scope] > 0 else None
