"""Calls side by side: bounded, and no error of theirs gets out."""

import signal
import threading
import time
from types import FrameType

import pytest

from batchreset.wiring.within import TOO_LATE, within


def test_each_says_what_it_has_to_and_errors_only_their_type() -> None:
    def fails() -> str | None:
        raise KeyError("c4n4ry")

    assert within(5, {"well": lambda: None, "badly": lambda: "it answered 500", "wrong": fails}) == {
        "well": None, "badly": "it answered 500", "wrong": "KeyError",
    }  # fmt: skip
    assert within(5, {}) == {}


def test_they_are_under_way_at_once() -> None:
    both = threading.Barrier(2, timeout=5)

    def waits() -> str | None:
        both.wait()
        return None

    assert within(5, {"one": waits, "two": waits}) == {"one": None, "two": None}


def test_what_hangs_is_left_to_itself_and_does_not_keep_the_process() -> None:
    over, began = threading.Event(), time.monotonic()
    before = set(threading.enumerate())

    def hangs() -> str | None:
        over.wait(10)
        return None

    assert within(0.05, {"hangs": hangs, "well": lambda: None}) == {"hangs": TOO_LATE, "well": None}
    assert time.monotonic() - began < 5
    left = set(threading.enumerate()) - before
    assert all(thread.daemon for thread in left)
    over.set()
    for thread in left:
        thread.join()


def test_a_signal_ends_the_waiting() -> None:
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(KeyboardInterrupt):
            within(30, {"hangs": lambda: str(over.wait(10))})
    finally:
        signal.signal(signal.SIGALRM, before)
        over.set()
