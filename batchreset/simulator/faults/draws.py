"""Chance, seeded: what befalls the n-th request for an account depends on seed, account and n, on nothing else."""

import math
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Final

from batchreset.simulator.chance import uniforms
from batchreset.simulator.faults.kinds import ErrorBody, Fault
from batchreset.simulator.options import SimulatorOptions

_LATENCY_SIGMA: Final = 0.35
"""Spread of the logarithm: the slowest of a hundred takes about 2.3 times the median."""

_NORMAL: Final = statistics.NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """All of chance for one request.

    Attributes:
        error_status: which of the server errors, if it is to be one.
        error_body: what comes with it.
        reset: whether a lost connection is reset rather than closed.
        variety: from 0 to 1; which one it is to be, of a fault that has several.
    """

    fault: Fault | None
    error_status: int
    error_body: ErrorBody
    reset: bool
    variety: float
    latency_seconds: float
    weak: bool
    byte_order_mark: bool


class Faults:
    """Draws for requests, one after the other for each account."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self._shares = [(Fault(name), share) for name, share in options.fault_shares().items()]
        # A set's order is another in every process.
        self._statuses = sorted(options.error_statuses)
        self._bodies = sorted(options.error_bodies)
        self._drawn: Counter[str] = Counter()

    def enforces_mfa(self, key: str) -> bool:
        """Whether the next reset of this account is one of those that need MFA; a draw of its own."""
        self._drawn[f"mfa|{key}"] += 1
        uniform = uniforms(f"{self._options.seed}|mfa|{key}|{self._drawn[f'mfa|{key}']}")[0]
        return uniform < self._options.mfa_enforced_share

    def draw(self, key: str, *, faulty: bool) -> Draw:
        """The next draw for `key`.

        Args:
            key: the account and the kind of request.
            faulty: whether a fault may befall this request; the rest is drawn all the same.
        """
        self._drawn[key] += 1
        which = f"{self._options.seed}|{key}|{self._drawn[key]}"
        fault, error, reset, latency, weak, mark = uniforms(which)
        body, variety, *_ = uniforms(f"{which}|more")
        return Draw(
            fault=self._fault(fault) if faulty else None,
            error_status=self._statuses[int(error * len(self._statuses))],
            error_body=self._bodies[int(body * len(self._bodies))],
            reset=reset < 0.5,  # noqa: PLR2004  one as often as the other
            variety=variety,
            latency_seconds=self._latency_seconds(latency),
            weak=weak < self._options.weak_share,
            byte_order_mark=mark < self._options.bom_share,
        )

    def _fault(self, uniform: float) -> Fault | None:
        for fault, share in self._shares:
            if uniform < share:
                return fault
            uniform -= share
        return None

    def _latency_seconds(self, uniform: float) -> float:
        if self._options.latency_seconds == 0:
            return 0.0
        return self._options.latency_seconds * math.exp(_LATENCY_SIGMA * _NORMAL.inv_cdf(uniform))
