"""Whose limit was it? All stop; rows of customers that sent little go, and how they fare is the answer."""

from dataclasses import dataclass
from typing import Final

from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.episode import SHORT_SECONDS
from batchreset.core.pacing.scopes.lanes import Lane

WITNESSES: Final = 1
WITNESSES_OF_A_BUCKET: Final = 3
"""Where the wait is short, a bucket may just have got one more: several must pass."""
HEDGE_SECONDS: Final = 1.0
"""A witness that is not heard in this time is joined by another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A refusal of which it is not known whose limit it was, and whose row it was."""

    lane: Lane
    refusal: Refusal


class Trial:
    """Collects refusals and witnesses until it is clear."""

    def __init__(self, first: Refusal) -> None:
        told = first.retry_after_seconds
        self._needed = WITNESSES if told is not None and told > SHORT_SECONDS else WITNESSES_OF_A_BUCKET
        self._out: dict[int, float] = {}
        self._passed = 0
        self.suspicions: list[Suspicion] = []

    @property
    def suspects(self) -> list[Lane]:
        """Each once, in the order of their refusals."""
        return list({suspicion.lane.customer: suspicion.lane for suspicion in self.suspicions}.values())

    def suspect(self, lane: Lane, refusal: Refusal) -> None:
        self.suspicions.append(Suspicion(lane=lane, refusal=refusal))

    def opens_seconds(self, now_seconds: float) -> float:
        """When the next witness may go."""
        if len(self._out) + self._passed < self._needed:
            return now_seconds
        return max(self._out.values()) + HEDGE_SECONDS

    def witness_sent(self, now_seconds: float, number: int) -> None:
        self._out[number] = now_seconds

    def is_witness(self, number: int) -> bool:
        return number in self._out

    def witness_passed(self, number: int) -> bool:
        """True: the partner's limit is not to blame."""
        del self._out[number]
        self._passed += 1
        return self._passed >= self._needed

    def witness_lost(self, number: int) -> None:
        """Neither yes nor no."""
        del self._out[number]
