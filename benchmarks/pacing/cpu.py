"""Processor time a row: of the pacer alone, without the simulation around it; reading the clock counts too."""

import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from batchreset.core.pacing import Answer, Pacer, Ticket
from benchmarks.pacing.regimes import TEN
from benchmarks.pacing.service import Draws
from benchmarks.pacing.simulate import simulate

ROWS: Final = 50_000
LIMITED_ROWS: Final = 10_000
CUSTOMERS_AND_TARGETS: Final = ((200, 25.0), (5_000, 50.0))
"""How many customers, and at most so many microseconds a row."""


def cpu_lines() -> Iterator[str]:
    """For the table: without a limit, and with a limit of the partner and of each customer."""
    for customers, target in CUSTOMERS_AND_TARGETS:
        free, limited = micros_a_row(customers), limited_micros_a_row(customers)
        yield f"{customers:5} customers: {free:.1f} µs a row, {limited:.1f} µs where both limit (target {target:.0f})"


def micros_a_row(customers: int, rows: int = ROWS) -> float:
    """Nothing is refused; 64 under way, answers in order, 1 in 500 unavailable."""
    sizes = {str(rank): max(1, rows // customers) for rank in range(customers)}
    pacer = Pacer(sizes, max_concurrency=64, random=random.Random(1))
    flying: deque[Ticket] = deque()
    now, turns = 0.0, 0
    began = time.process_time()
    while not pacer.done:
        turn = pacer.take(now)
        if isinstance(turn, Ticket):
            flying.append(turn)
            continue
        now += 0.004
        turns += 1
        ticket = flying.popleft()
        failed = turns % 500 == 0
        pacer.answer(now, ticket, Answer.UNAVAILABLE if failed else Answer.OK, latency_seconds=0.25, again=failed)
    return 1e6 * (time.process_time() - began) / sum(sizes.values())


def limited_micros_a_row(customers: int, rows: int = LIMITED_ROWS) -> float:
    """Partner and customers have limits, as in R3."""
    regime = replace(next(regime for regime in TEN if regime.name == "R3"), customers=customers)
    sizes = regime.sizes(rows)
    pacer = _Timed(Pacer(sizes, max_concurrency=regime.max_concurrency, random=random.Random(1)))
    simulate(pacer, regime.service(rows, Draws(chance=random.Random(1))), random.Random(1))
    return pacer.nanoseconds / 1e3 / sum(sizes.values())


class _Timed:
    """A pacer and how long it took in all."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self.nanoseconds = 0

    def take(self, now_seconds: float) -> Ticket | float:
        began = time.thread_time_ns()
        try:
            return self._pacer.take(now_seconds)
        finally:
            self.nanoseconds += time.thread_time_ns() - began

    def answer(
        self,
        now_seconds: float,
        ticket: Ticket,
        answer: Answer,
        *,
        latency_seconds: float,
        retry_after_seconds: float | None = None,
        again: bool,
    ) -> None:
        began = time.thread_time_ns()
        self._pacer.answer(
            now_seconds,
            ticket,
            answer,
            latency_seconds=latency_seconds,
            retry_after_seconds=retry_after_seconds,
            again=again,
        )
        self.nanoseconds += time.thread_time_ns() - began

    @property
    def done(self) -> bool:
        return self._pacer.done
