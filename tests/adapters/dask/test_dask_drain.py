"""SIGTERM to a worker's process, while its sender has something to finish."""

import signal
from collections.abc import Callable, Iterator
from types import FrameType

import anyio
import pytest

from batchreset.adapters.dask import drain
from batchreset.adapters.dask.drain import Drain, hold_up_sigterm

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Worker:
    """As much of Dask's as a drain looks at."""

    def __init__(self) -> None:
        self.loop = self
        self.status = self
        self.name = "running"
        self.plugins = {"batchreset-drain": "as if it had been there before"}
        self.begun: list[tuple[object, ...]] = []

    def add_callback(self, *call: object) -> None:
        """Kept."""
        self.begun.append(call)


async def until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(2):
        # ASYNC110: a signal's handler tells nobody.
        while not holds():  # noqa: ASYNC110
            await anyio.sleep(0.005)


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """What the process would have done."""
    signals: list[int] = []

    def hear(signum: int, _frame: FrameType | None) -> None:
        signals.append(signum)

    before = signal.signal(signal.SIGTERM, hear)
    yield signals
    signal.signal(signal.SIGTERM, before)


async def test_the_process_is_told_when_nothing_is_left_and_not_before(heard: list[int]) -> None:
    left = [1]
    worker = Worker()
    draining = Drain(lambda: bool(left), worker=worker)
    await drain._watch(worker, draining)
    hold_up_sigterm()
    assert not draining.is_draining

    signal.raise_signal(signal.SIGTERM)
    await until(lambda: draining.is_draining)
    assert heard == []

    left.clear()
    await until(lambda: bool(heard))
    assert heard == [signal.SIGTERM]


async def test_who_is_told_twice_ends_at_once(heard: list[int]) -> None:
    left = [1]
    worker = Worker()
    busy = Drain(lambda: bool(left), worker=worker)
    await drain._watch(worker, busy)
    hold_up_sigterm()

    signal.raise_signal(signal.SIGTERM)
    await until(lambda: busy.is_draining)
    signal.raise_signal(signal.SIGTERM)

    assert heard == [signal.SIGTERM]
    left.clear()
    await until(lambda: len(heard) == 2)


async def test_a_sender_that_is_forgotten_holds_nobody_up(heard: list[int]) -> None:
    worker = Worker()
    busy = Drain(lambda: True, worker=worker)
    await drain._watch(worker, busy)
    worker.begun.clear()
    del busy
    hold_up_sigterm()

    signal.raise_signal(signal.SIGTERM)
    await until(lambda: bool(heard))


async def test_a_worker_that_takes_nothing_any_more_drains_its_sender() -> None:
    worker = Worker()
    draining = Drain(lambda: False, worker=worker)
    worker.name = "closing_gracefully"

    assert draining.is_draining
