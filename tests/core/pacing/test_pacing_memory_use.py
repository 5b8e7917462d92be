"""A pacer's memory grows with the customers, not with the rows."""

import gc
import random
import tracemalloc
from dataclasses import replace

import pytest

from batchreset.core.pacing import Pacer
from benchmarks.pacing.regimes import TEN
from benchmarks.pacing.service import Draws
from benchmarks.pacing.simulate import simulate

BOTH = next(regime for regime in TEN if regime.about == "both")
KIB = 1024


def bytes_after(rows: int, customers: int) -> int:
    """What a pacer holds when it is done with so many rows of so many customers, all of them throttled at times."""
    regime = replace(BOTH, customers=customers)
    service = regime.service(rows, Draws(chance=random.Random(1)))
    sizes = regime.sizes(rows)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        pacer = Pacer(sizes, max_concurrency=64, random=random.Random(1))
        assert simulate(pacer, service, random.Random(2)).refused > 0
        pacer.drain_notes()
        del service
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        assert pacer.done
        return after - before
    finally:
        tracemalloc.stop()


@pytest.mark.torture
def test_twice_the_rows_need_no_more() -> None:
    """The partner's gate keeps some thousand moments, a customer's some dozen."""
    few, many = bytes_after(5_000, customers=20), bytes_after(10_000, customers=20)

    assert many < 1.2 * few
    assert many < (20 * 6 + 160) * KIB
