"""No signal ends the process between the first thing done for a run and its summary."""

import signal

import anyio
import pytest

from batchreset.core.outcome import Reason
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ExitCode
from batchreset.wiring.signals import Signals


class Quiet:
    def debug(self, event: str, **fields: object) -> None: ...

    info = warning = error = debug


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, ExitCode.INTERRUPTED),
        (signal.SIGTERM, ExitCode.TERMINATED),
        (signal.SIGHUP, ExitCode.TERMINATED),
    ],
)
def test_a_signal_is_noted_and_the_handlers_are_put_back(number: signal.Signals, code: ExitCode) -> None:
    before = signal.getsignal(number)
    signals = Signals()
    with signals.noting():
        none_yet = signals.stop
        signal.raise_signal(number)
        stop = signals.stop
    assert none_yet is None
    assert stop is not None
    assert (stop.reason, stop.exit_code) == (Reason.INTERRUPTED, code)
    assert number.name in stop.what
    assert signal.getsignal(number) is before


def test_one_that_came_before_the_run_stops_it_at_its_beginning() -> None:
    signals = Signals()

    async def begin() -> bool:
        stop = StopSwitch()
        async with signals.stopping(stop, Quiet()):
            return stop.requested

    with signals.noting():
        signal.raise_signal(signal.SIGTERM)
        assert anyio.run(begin)


def test_during_the_run_the_first_stops_and_the_second_hurries_and_after_it_they_are_noted_again() -> None:
    signals = Signals()

    async def run() -> None:
        stop = StopSwitch()
        async with signals.stopping(stop, Quiet()):
            signal.raise_signal(signal.SIGTERM)
            await stop.wait()
            signal.raise_signal(signal.SIGINT)
            await stop.hurried()
        assert stop.stop is not None
        assert stop.stop.exit_code is ExitCode.TERMINATED

    with signals.noting():
        anyio.run(run)
        signal.raise_signal(signal.SIGTERM)
        assert signals.stop is not None


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        signals = Signals()
        with signals.noting():
            signal.raise_signal(signal.SIGHUP)
            assert signals.stop is None
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("earlier", [False, True], ids=["the first one", "the second one"])
def test_a_signal_breaks_off_what_can_be_done_later_and_no_more_than_that(*, earlier: bool) -> None:
    signals, cleared = Signals(), []
    with signals.noting():
        if earlier:
            signal.raise_signal(signal.SIGTERM)
        with signals.skippable() as skipped:
            try:
                signal.raise_signal(signal.SIGINT)
                cleared.append(False)
            finally:
                # A third one does not interrupt the clearing away.
                signal.raise_signal(signal.SIGINT)
                cleared.append(True)
        signal.raise_signal(signal.SIGINT)
    assert (skipped.by, cleared) == ("SIGINT", [True])
    assert signals.stop is not None
    assert signals.stop.exit_code is (ExitCode.TERMINATED if earlier else ExitCode.INTERRUPTED)


def test_a_library_that_hears_ctrl_c_itself_ends_the_block_no_less() -> None:
    def work() -> None:
        raise KeyboardInterrupt

    with Signals().skippable() as skipped:
        work()
    assert skipped.by == "SIGINT"


def test_what_is_not_broken_off_comes_to_its_end_and_errors_pass() -> None:
    signals = Signals()
    with signals.noting():
        with signals.skippable() as skipped:
            pass
        with pytest.raises(ValueError, match="of its own"), signals.skippable():
            raise ValueError("of its own")
        signal.raise_signal(signal.SIGINT)
    assert skipped.by is None
