"""The engine world's service with limits: the simulator's own, in virtual time."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio
from engine_world import Service, throttled

from batchreset.core.exchange import Exchange
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.simulator.limits import LimitKind, Limits, Rule, Scope

UNLIMITED = Rule()

Wording = Callable[[float], float | None]
"""From the true wait to what `Retry-After` says; None: nothing."""


@dataclass
class LimitedService(Service):
    """Judges on arrival, and answers by its script what passes.

    Attributes:
        refused: 429s, by whose limit it was.
        passed_at: when each row passed.
    """

    partner: Rule = UNLIMITED
    customer: Rule = UNLIMITED
    wording: Wording = math.ceil
    refused: Counter[Scope] = field(default_factory=Counter)
    passed_at: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._limits = Limits(partner=self.partner, customer=self.customer)

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        now_seconds = anyio.current_time()
        refused = self._limits.admit(row.customer_tenant_id, now_seconds)
        if refused is None:
            self.passed_at[row.row] = now_seconds
        else:
            self.refused[refused.scope] += 1
        answer = await super().reset(row, password, request_id=request_id, correlation_id=correlation_id, token=token)
        return answer if refused is None else throttled(self.wording(refused.seconds))


def ideal_seconds(rule: Rule, rows: int) -> float:
    """When the last of so many rows passes if somebody who sees the limit sends each at the first moment it does."""
    if rule.kind is LimitKind.BUCKET:
        return max(0, rows - rule.limit) * rule.window_seconds / rule.limit
    limits = Limits(partner=replace(rule, penalty_seconds=0.0), customer=UNLIMITED)
    window = 0
    while True:
        rows -= sum(limits.admit("", window * rule.window_seconds) is None for _ in range(rule.limit))
        if rows <= 0:
            return window * rule.window_seconds
        window += 1
