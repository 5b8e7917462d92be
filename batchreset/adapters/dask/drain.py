"""A worker that is told to end lets its sender finish what it has, and tell of it."""

import asyncio
import contextlib
import signal
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

DRAIN_SECONDS: Final = 25.0
"""A process that is told to end waits no longer: Kubernetes kills it after 30 s. Dask's nanny kills after 8."""
_LOOK_SECONDS: Final = 0.05
_PLUGIN: Final = "batchreset-drain"


class Drain:
    """One sender's. Made in the actor's constructor, which a worker calls in a thread; ends with the actor.

    A worker ends in two ways: Dask's own (`Worker.close`: its nanny was told to end, its lifetime is over), which a
    plugin may hold up; and SIGTERM to its process, where nothing of Dask waits.

    Args:
        busy: whether there is something to finish, or an answer that nobody has fetched; asked in the event loop.
        worker: Dask's; the one that is making the actor where none is given.
    """

    def __init__(self, busy: Callable[[], bool], *, worker: Any = None) -> None:
        self._busy = busy
        self._ending = False
        self._worker: Any = worker or _this_worker()
        self._worker.loop.add_callback(_watch, self._worker, self)

    @property
    def is_draining(self) -> bool:
        """It was told to end, or takes on nothing any more."""
        return self._ending or self._worker.status.name != "running"

    async def finished(self) -> None:
        """Nothing is left, or it took too long."""
        self._ending = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                # ASYNC110: it is asked of somebody who tells nobody.
                while self._busy():  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)


def _this_worker() -> Any:
    from distributed import get_worker  # noqa: PLC0415  only on a worker

    return get_worker()


_DRAINS: Final[weakref.WeakSet[Drain]] = weakref.WeakSet()
"""Of this process. An actor that is dropped, with its keys, is not kept by them."""


async def _all_finished() -> None:
    await asyncio.gather(*(drain.finished() for drain in list(_DRAINS)))


async def _watch(worker: Any, drain: Drain) -> None:
    _DRAINS.add(drain)
    if _PLUGIN not in worker.plugins:
        await worker.plugin_add(plugin=_holding_up(), name=_PLUGIN)
        hold_up_sigterm()


def _holding_up() -> Any:
    from distributed import WorkerPlugin  # noqa: PLC0415  only on a worker

    class HoldingUp(WorkerPlugin):  # type: ignore[misc]  # Dask is not typed
        async def teardown(self, worker: object) -> None:  # noqa: ARG002  as Dask calls it
            await _all_finished()

    return HoldingUp()


def hold_up_sigterm() -> None:
    """What the process would do at once it does when all are finished; at once when it is told twice."""
    if threading.current_thread() is not threading.main_thread():
        # Signals are heard by the main thread alone: a worker that lives in another's process ends with that.
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    waiting: list[asyncio.Task[None]] = []

    async def then_as_before() -> None:
        await _all_finished()
        signal.raise_signal(signal.SIGTERM)

    def finish_first(_signum: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, before)
        loop.call_soon_threadsafe(lambda: waiting.append(loop.create_task(then_as_before())))

    signal.signal(signal.SIGTERM, finish_first)
