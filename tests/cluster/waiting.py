"""For what other processes come to."""

import time
from collections.abc import Callable


def let_pass(seconds: float) -> None:
    """Time is what a test of leases is about."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end, "time", seconds=seconds + 5)


def until(condition: Callable[[], object], what: str, *, seconds: float = 40.0) -> None:
    """Look again and again until it holds; no event tells of what other processes have come to."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.04)
