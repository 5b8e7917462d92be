"""A world in which runs are crashed."""

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from acceptance_world import world
from crashing import Crashing

from batchreset.simulator.options import SimulatorOptions


@pytest.fixture
def make_crashing(tmp_path: Path) -> Iterator[Callable[..., Crashing]]:
    """`make_crashing(seed, …)`: with a simulator of these options."""
    with contextlib.ExitStack() as stack:

        def make(seed: int, **options: Any) -> Crashing:
            settings = SimulatorOptions(seed=seed, latency_seconds=0.004, **options)
            return Crashing(made=stack.enter_context(world(tmp_path, settings)), chance=random.Random(seed))

        yield make
