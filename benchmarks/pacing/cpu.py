"""Processor time a row: the pacer alone, answers at once, no simulation around it."""

import random
import time
from collections import deque
from collections.abc import Iterator

from batchreset.core.pacing import Answer, Pacer, Ticket

ROWS = 50_000


def cpu_lines() -> Iterator[str]:
    for customers in (200, 5_000):
        yield f"{customers} customers: {micros_a_row(customers):.1f} µs a row"


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
