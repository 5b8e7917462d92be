"""The ten regimes of the targets, and a score of further ones. Each is made afresh from a seed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.pacing.limiters import (
    Both,
    DebtBucket,
    EachCustomer,
    FixedWindow,
    Limiter,
    NoLimit,
    Shared,
    SlidingWindow,
)
from benchmarks.pacing.service import Draws, Service, Wording, as_it_is, unsaid

CUSTOMERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """What a pacer meets.

    Attributes:
        name: as printed.
        about: in a few words.
        service: made from the number of rows and what chance decides.
        customers: how many; sizes follow Zipf.
        rows: how many in all; None: as asked.
        max_concurrency: what the pacer is allowed.
    """

    name: str
    about: str
    service: Callable[[int, Draws], Service]
    customers: int = CUSTOMERS
    rows: int | None = None
    max_concurrency: int = 64

    def sizes(self, rows: int) -> Mapping[str, int]:
        """Rows of each customer: Zipf, every row given to somebody."""
        rows = self.rows or rows
        weights = [1.0 / rank for rank in range(1, self.customers + 1)]
        share = rows / sum(weights)
        sizes = [math.floor(weight * share) for weight in weights]
        for rank in range(rows - sum(sizes)):
            sizes[rank % self.customers] += 1
        return {f"customer-{rank:04}": size for rank, size in enumerate(sizes) if size}


def _steady(limit: int) -> Callable[[float, int], int]:
    return lambda _now, _ordinal: limit


def _fixed(draws: Draws, limit: int, window_seconds: float, *, penalty_seconds: float = 0.0) -> FixedWindow:
    phase = draws.phase_seconds(window_seconds)
    return FixedWindow(_steady(limit), window_seconds, phase_seconds=phase, penalty_seconds=penalty_seconds)


def _each_fixed(draws: Draws, limit: int, window_seconds: float) -> EachCustomer:
    phase = draws.phase_seconds(window_seconds)
    return EachCustomer(lambda: FixedWindow(_steady(limit), window_seconds, phase_seconds=phase))


def _service(draws: Draws, limiter: Limiter, wording: Wording | None = None) -> Service:
    wording = wording or draws.wording()
    return Service(limiter=limiter, wording=wording, way_in=draws.way_in(), refusal_share=draws.refusal_share())


def _falls_and_rises(rows: int, draws: Draws) -> Service:
    third = rows / 10.0 / 3.0

    def limit(now_seconds: float, _ordinal: int) -> int:
        return 150 if third <= now_seconds < 2 * third else 600

    return _service(draws, FixedWindow(limit, 60.0, phase_seconds=draws.phase_seconds(60.0)))


def _another_each_window(_rows: int, draws: Draws) -> Service:
    limits = [draws.chance.randint(300, 600) for _ in range(1000)]
    phase = draws.phase_seconds(60.0)
    limiter = FixedWindow(lambda _now, ordinal: limits[ordinal % 1000], 60.0, phase_seconds=phase)
    return _service(draws, limiter)


def _both(partner: int, customer: int) -> Callable[[int, Draws], Service]:
    def made(_rows: int, draws: Draws) -> Service:
        return _service(draws, Both(_fixed(draws, partner, 60.0), _each_fixed(draws, customer, 60.0)))

    return made


def _partner(limit: int, window_seconds: float, wording: Wording | None = None) -> Callable[[int, Draws], Service]:
    return lambda _rows, draws: _service(draws, _fixed(draws, limit, window_seconds), wording)


def _each(limit: int, window_seconds: float, wording: Wording | None = None) -> Callable[[int, Draws], Service]:
    return lambda _rows, draws: _service(draws, _each_fixed(draws, limit, window_seconds), wording)


TEN: Final = (
    Regime(name="R1", about="600 in 60 s, partner", service=_partner(600, 60.0)),
    Regime(name="R2", about="60 in 60 s, each customer", service=_each(60, 60.0)),
    Regime(name="R3", about="both", service=_both(600, 60)),
    Regime(
        name="R4",
        about="bucket 20/s, burst 100, debt",
        service=lambda _, draws: _service(draws, DebtBucket(20.0, 100.0)),
    ),
    Regime(name="R5", about="sliding 600 in 60 s", service=lambda _, draws: _service(draws, SlidingWindow(600, 60.0))),
    Regime(name="R6", about="R1, a quarter for a third of it", service=_falls_and_rises),
    Regime(
        name="R7",
        about="50 in service, 503 past 100",
        service=lambda _rows, _draws: Service(limiter=NoLimit(), in_service=50.0, breaks_at=100.0),
    ),
    Regime(
        name="R8",
        about="R1, each refusal adds 1 s",
        service=lambda _, draws: _service(draws, _fixed(draws, 600, 60.0, penalty_seconds=1.0)),
    ),
    Regime(name="R9", about="no limit", service=lambda _rows, _draws: Service(limiter=NoLimit())),
    Regime(name="R10", about="300 to 600, another each window", service=_another_each_window),
)

FURTHER: Final = (
    Regime(name="W10", about="100 in 10 s, partner", service=_partner(100, 10.0)),
    Regime(name="W30", about="300 in 30 s, partner", service=_partner(300, 30.0)),
    Regime(name="W300", about="2000 in 300 s, partner", service=_partner(2000, 300.0)),
    Regime(name="C10", about="12 in 10 s, each customer", service=_each(12, 10.0)),
    Regime(name="B-tight", about="600 partner, 20 each", service=_both(600, 20)),
    Regime(name="B-loose", about="300 partner, 120 each", service=_both(300, 120)),
    Regime(name="untold", about="R1 without Retry-After", service=_partner(600, 60.0, unsaid)),
    Regime(name="untold-c", about="R2 without Retry-After", service=_each(60, 60.0, unsaid)),
    Regime(name="decimals", about="R1, Retry-After with decimals", service=_partner(600, 60.0, as_it_is)),
    Regime(name="zero", about="R1, Retry-After always 0", service=_partner(600, 60.0, lambda _: 0.0)),
    Regime(name="one-c", about="R1, one customer", service=_partner(600, 60.0), customers=1),
    Regime(
        name="shared",
        about="R1, others send 3/s",
        service=lambda _, draws: _service(draws, Shared(_fixed(draws, 600, 60.0), 3.0, draws.chance)),
    ),
    Regime(
        name="shared-b",
        about="R4, others send 6/s",
        service=lambda _, draws: _service(draws, Shared(DebtBucket(20.0, 100.0, debt=False), 6.0, draws.chance)),
    ),
    Regime(name="at-once-1", about="R1, one at a time", service=_partner(600, 60.0), max_concurrency=1),
    Regime(name="at-once-4", about="R1, four at a time", service=_partner(600, 60.0), max_concurrency=4),
    Regime(name="at-once-256", about="R1, 256 at a time", service=_partner(600, 60.0), max_concurrency=256),
    Regime(
        name="open-256",
        about="no limit, 256 at a time",
        service=lambda _rows, _draws: Service(limiter=NoLimit()),
        max_concurrency=256,
    ),
    Regime(
        name="busy-256",
        about="R7, 256 at a time",
        service=lambda _rows, _draws: Service(limiter=NoLimit(), in_service=50.0, breaks_at=100.0),
        max_concurrency=256,
    ),
    Regime(name="one-a-window", about="1 in 10 s, partner", service=_partner(1, 10.0), rows=60),
    Regime(
        name="bucket-c",
        about="bucket 1/s, burst 10, each customer",
        service=lambda _, draws: _service(draws, EachCustomer(lambda: DebtBucket(1.0, 10.0))),
    ),
    Regime(
        name="bucket-fast",
        about="bucket 100/s, burst 200",
        service=lambda _, draws: _service(draws, DebtBucket(100.0, 200.0)),
    ),
    Regime(
        name="sliding-c",
        about="sliding 60 in 60 s, each customer",
        service=lambda _, draws: _service(draws, EachCustomer(lambda: SlidingWindow(60, 60.0))),
    ),
    Regime(
        name="down",
        about="R1, 503 for two minutes",
        service=lambda _, draws: Service(limiter=_fixed(draws, 600, 60.0), down=(100.0, 220.0)),
    ),
)
