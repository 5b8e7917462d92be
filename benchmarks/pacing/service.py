"""The service around a limiter: how long it takes, when it fails, how it words `Retry-After`."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from batchreset.core.pacing import Answer
from benchmarks.pacing.limiters import Limiter

LATENCY_MEDIAN_SECONDS: Final = 0.25
LATENCY_SIGMA: Final = 0.4
LATENCY_TAIL_SHARE: Final = 0.01
LATENCY_TAIL_SECONDS: Final = (1.0, 10.0)
FAILURE_SHARE: Final = 0.005
ALIGNED_SHARE: Final = 0.5
LATENCY_BEFORE_LIMITER_SHARE: Final = 0.3
QUICK_REFUSAL_SHARE: Final = 0.2


def rounded_up(seconds: float) -> float:
    return float(math.ceil(seconds))


def rounded_down(seconds: float) -> float:
    return float(math.floor(seconds))


def as_it_is(seconds: float) -> float:
    return round(seconds, 3)


def unsaid(seconds: float) -> None:
    del seconds


Wording = Callable[[float], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, made afresh for each simulated run.

    Attributes:
        limiter: who may pass.
        wording: what a refusal says of the true wait.
        in_service: that many are served side by side at full speed; beyond, all become slower.
        breaks_at: beyond that many under way, 503.
        down: from when to when everything is a 503.
        failures: the share of 503 among the rest.
        way_in: the share of the latency that lies before the limiter.
        refusal_share: of the latency, what a refusal takes.
    """

    limiter: Limiter
    wording: Wording = rounded_up
    in_service: float = math.inf
    breaks_at: float = math.inf
    down: tuple[float, float] = (math.inf, math.inf)
    failures: float = FAILURE_SHARE
    way_in: float = 0.0
    refusal_share: float = 1.0

    def latency_seconds(self, now_seconds: float, chance: random.Random, under_way: int) -> float:
        """Drawn when the request leaves."""
        del now_seconds
        if chance.random() < LATENCY_TAIL_SHARE:
            shortest, longest = LATENCY_TAIL_SECONDS
            seconds = shortest * math.exp(chance.random() * math.log(longest / shortest))
        else:
            seconds = LATENCY_MEDIAN_SECONDS * math.exp(LATENCY_SIGMA * chance.gauss(0.0, 1.0))
        return seconds * max(1.0, under_way / self.in_service)

    def answer(
        self, now_seconds: float, customer: str, chance: random.Random, under_way: int
    ) -> tuple[Answer, float | None]:
        """What a request that arrives now is answered."""
        wait = self.limiter.judge(now_seconds, customer)
        if wait is not None:
            return Answer.THROTTLED, self.wording(wait)
        begins, ends = self.down
        if under_way > self.breaks_at or begins <= now_seconds < ends or chance.random() < self.failures:
            return Answer.UNAVAILABLE, None
        return Answer.OK, None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """What chance decides of a service, read harshly or mildly.

    Harshly: windows end by the clock or begin with their first request, half and half; a request may be under way
    for a while before the limiter sees it. Mildly: they begin with their first request, and a request is judged as it
    is sent; refusals may come back sooner than other answers.
    """

    chance: random.Random
    milder: bool = False

    def phase_seconds(self, window_seconds: float) -> float | None:
        if self.milder:
            return None
        aligned = self.chance.random() < ALIGNED_SHARE
        return self.chance.uniform(0.0, window_seconds) if aligned else None

    def wording(self) -> Wording:
        return self.chance.choice([rounded_up, rounded_down])

    def way_in(self) -> float:
        return 0.0 if self.milder else self.chance.choice([0.0, LATENCY_BEFORE_LIMITER_SHARE])

    def refusal_share(self) -> float:
        return self.chance.choice([1.0, QUICK_REFUSAL_SHARE]) if self.milder else 1.0
