"""Chance, seeded: what befalls the n-th request for an account depends on seed, account and n, on nothing else."""

import enum
import hashlib
import math
import statistics
import struct
from collections import Counter
from dataclasses import dataclass
from typing import Final

from batchreset.simulator.options import SimulatorOptions

_LATENCY_SIGMA: Final = 0.35
"""Spread of the logarithm: the slowest of a hundred takes about 2.3 times the median."""

_NORMAL: Final = statistics.NormalDist()
_ERRORS: Final = (500, 503, 504)


class Fault(enum.StrEnum):
    """What befalls a request; each value is the name of the option that gives its share."""

    ERROR = "error_share"
    APPLIED_ERROR = "applied_error_share"
    LOST = "lost_share"
    LOST_APPLIED = "lost_applied_share"
    CUT_SHORT = "cut_short_share"
    HANG = "hang_share"
    HANG_APPLIED = "hang_applied_share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """All of chance for one request.

    Attributes:
        error_status: which of the server errors, if it is to be one.
        reset: whether a lost connection is reset rather than closed.
    """

    fault: Fault | None
    error_status: int
    reset: bool
    latency_seconds: float
    weak: bool
    byte_order_mark: bool


class Faults:
    """Draws for requests, one after the other for each account."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self._shares = [(Fault(name), share) for name, share in options.fault_shares().items()]
        self._drawn: Counter[str] = Counter()

    def enforces_mfa(self, key: str) -> bool:
        """Whether the next reset of this account is one of those that need MFA; a draw of its own."""
        self._drawn[f"mfa|{key}"] += 1
        uniform = _uniforms(f"{self._options.seed}|mfa|{key}|{self._drawn[f'mfa|{key}']}")[0]
        return uniform < self._options.mfa_enforced_share

    def draw(self, key: str, *, faulty: bool) -> Draw:
        """The next draw for `key`.

        Args:
            key: the account and the kind of request.
            faulty: whether a fault may befall this request; the rest is drawn all the same.
        """
        self._drawn[key] += 1
        fault, error, reset, latency, weak, mark = _uniforms(f"{self._options.seed}|{key}|{self._drawn[key]}")
        return Draw(
            fault=self._fault(fault) if faulty else None,
            error_status=_ERRORS[int(error * len(_ERRORS))],
            reset=reset < 0.5,  # noqa: PLR2004  one as often as the other
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


def _uniforms(text: str) -> list[float]:
    """Six numbers, evenly between 0 and 1, neither included."""
    digest = hashlib.blake2b(text.encode(), digest_size=48).digest()
    # 52 bits and a half: exact as a float, never 0 and never 1.
    return [((number >> 12) + 0.5) / 2**52 for number in struct.unpack(">6Q", digest)]
