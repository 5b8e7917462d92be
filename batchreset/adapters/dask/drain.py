"""A worker that is told to end lets its sender finish what it has."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

DRAIN_SECONDS: Final = 25.0
"""A worker waits no longer; Kubernetes kills 30 s after it asked, Dask's nanny 8 s."""
_LOOK_SECONDS: Final = 0.05


class Drain:
    """One sender's, on the worker that makes it. Made in the actor's constructor, which a worker calls in a thread.

    A worker ends in two ways: Dask's own (`Worker.close`: its nanny was told to end, its lifetime is over), where a
    plugin may hold it up; and SIGTERM to its process, where nothing of Dask waits.

    Args:
        busy: whether the sender has something to finish; asked in the worker's event loop.
    """

    def __init__(self, busy: Callable[[], bool]) -> None:
        from distributed import get_worker  # noqa: PLC0415  only on a worker

        self._busy = busy
        self._ending = False
        self._worker: Any = get_worker()
        self._name = f"batchreset-drain-{id(self):x}"
        self._worker.loop.add_callback(self._begin)

    @property
    def is_draining(self) -> bool:
        """It was told to end, or does not take on anything any more."""
        return self._ending or self._worker.status.name != "running"

    async def finished(self) -> None:
        """Nothing is left to finish, or it took too long."""
        self._ending = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                # ASYNC110: it is asked of somebody who tells nobody.
                while self._busy():  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _begin(self) -> None:
        await self._worker.plugin_add(plugin=_holding_up(self), name=self._name)
        _on_sigterm(self.finished)


def _holding_up(drain: Drain) -> Any:
    from distributed import WorkerPlugin  # noqa: PLC0415  only on a worker

    class HoldingUp(WorkerPlugin):  # type: ignore[misc]  # Dask is not typed
        async def teardown(self, worker: object) -> None:  # noqa: ARG002  as Dask calls it
            await drain.finished()

    return HoldingUp()


_DRAINS: Final[set[Callable[[], Any]]] = set()


def _on_sigterm(finished: Callable[[], Any]) -> None:
    """What the process would have done at once is done when they are finished. Python hears signals in one thread."""
    if threading.current_thread() is not threading.main_thread():
        return
    _DRAINS.add(finished)
    if len(_DRAINS) > 1:
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)

    def drain_first(signum: int, _frame: FrameType | None) -> None:
        signal.signal(signum, before)
        loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(then_as_before(signum))))

    async def then_as_before(signum: int) -> None:
        await asyncio.gather(*(finished() for finished in _DRAINS))
        signal.raise_signal(signum)

    tasks: list[asyncio.Task[None]] = []
    signal.signal(signal.SIGTERM, drain_first)
