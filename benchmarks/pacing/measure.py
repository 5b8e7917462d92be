"""What a pacer did in a regime, over seeds, beside what the oracle did."""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from batchreset.core.pacing import Pacer
from benchmarks.pacing.limiters import Both
from benchmarks.pacing.regimes import Regime
from benchmarks.pacing.service import Draws, Service
from benchmarks.pacing.simulate import Driven, Oracle, Run, StuckError, simulate

PacerMaker = Callable[[Mapping[str, int], int, random.Random], Driven]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run beside the oracle's."""

    seed: int
    run: Run
    oracle_seconds: float

    @property
    def over_oracle(self) -> float:
        return self.run.makespan_seconds / self.oracle_seconds

    @property
    def refused_per_thousand(self) -> float:
        return 1000.0 * self.run.refused / max(1, self.run.succeeded)


def new_pacer(rows: Mapping[str, int], max_concurrency: int, chance: random.Random) -> Driven:
    return Pacer(rows, max_concurrency=max_concurrency, random=chance)


def measured(regime: Regime, rows: int, seed: int, make: PacerMaker = new_pacer, *, milder: bool = False) -> Measured:
    """One seed. Pacer and oracle meet the same service, made twice from the same chance."""
    sizes = regime.sizes(rows)
    total = sum(sizes.values())
    pacer = make(sizes, regime.max_concurrency, random.Random(seed))
    return Measured(
        seed=seed,
        run=_run(pacer, regime, total, seed, milder=milder),
        oracle_seconds=oracle_seconds(regime, sizes, seed, milder=milder),
    )


def oracle_seconds(regime: Regime, sizes: Mapping[str, int], seed: int, *, milder: bool = False) -> float:
    """The best makespan there is. Of two limits at once: the longer of what each alone would take."""
    total = sum(sizes.values())
    limiter = _service(regime, total, seed, milder=milder).limiter
    limiters = [limiter.first, limiter.second] if isinstance(limiter, Both) else [limiter]
    longest = 0.0
    for alone in limiters:
        service = replace(_service(regime, total, seed, milder=milder), limiter=alone, way_in=0.0)
        oracle = Oracle(sizes, service, max_concurrency=regime.max_concurrency)
        longest = max(longest, simulate(oracle, service, random.Random(f"latency {seed}")).makespan_seconds)
    return longest


def _service(regime: Regime, rows: int, seed: int, *, milder: bool) -> Service:
    return regime.service(rows, Draws(chance=random.Random(f"{regime.name} {seed}"), milder=milder))


def _run(pacer: Driven, regime: Regime, rows: int, seed: int, *, milder: bool) -> Run:
    try:
        return simulate(pacer, _service(regime, rows, seed, milder=milder), random.Random(f"latency {seed}"))
    except StuckError:
        return Run(makespan_seconds=math.inf, succeeded=0, refused=0, failed=0, most_under_way=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One regime over all seeds."""

    regime: Regime
    worst: float
    worst_seed: int
    mean: float
    refused_mean: float
    refused_worst: float
    oracle_seconds: float
    took_seconds: float


def line(
    regime: Regime, rows: int, seeds: Sequence[int], make: PacerMaker = new_pacer, *, milder: bool = False
) -> Line:
    began = time.process_time()
    runs = [measured(regime, rows, seed, make, milder=milder) for seed in seeds]
    worst = max(runs, key=lambda run: run.over_oracle)
    refused = [run.refused_per_thousand for run in runs]
    return Line(
        regime=regime,
        worst=worst.over_oracle,
        worst_seed=worst.seed,
        mean=sum(run.over_oracle for run in runs) / len(runs),
        refused_mean=sum(refused) / len(runs),
        refused_worst=max(refused),
        oracle_seconds=sum(run.oracle_seconds for run in runs) / len(runs),
        took_seconds=time.process_time() - began,
    )
