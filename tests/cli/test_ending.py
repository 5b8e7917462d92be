"""A signal ends whatever is done, is taken for nothing else, and lets what is in hand be cleared away."""

import contextlib
import signal
from collections.abc import Iterator

import pytest

from batchreset.cli.ending import ending_in_order
from batchreset.errors import TerminatedError


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Under `nohup` a hang-up is ignored from the beginning, and this process's tests end in any order."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_not_taken_for_an_error_on_its_way(number: signal.Signals) -> None:
    went_on = False

    @ending_in_order()
    def look_at_many() -> None:
        nonlocal went_on
        with contextlib.suppress(Exception):
            signal.raise_signal(number)
        went_on = True

    with pytest.raises(TerminatedError, match=f"{number.name} was received"):
        look_at_many()
    assert not went_on
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_second_one_does_not_interrupt_the_clearing_away() -> None:
    cleared = False

    @ending_in_order()
    def clear_away() -> None:
        nonlocal cleared
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)
            cleared = True

    with pytest.raises(TerminatedError):
        clear_away()
    assert cleared


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_in_order():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
