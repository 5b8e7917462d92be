"""The real clock: the wall, and the event loop's own time, so that a virtual event loop brings virtual time."""

import asyncio
import datetime as dt
from collections.abc import Callable

import anyio


class LoopClock:
    """Wall time that moves with the event loop's, from one reading of the wall at the start; of one event loop.

    A wall clock that is set back in mid-run therefore cannot make an answer come before its request.
    """

    def __init__(self, started_at: dt.datetime | None = None) -> None:
        self.monotonic = _loop_time()
        """Seconds."""
        self._started_at = started_at or dt.datetime.now(dt.UTC)
        self._started_seconds = self.monotonic()

    def now(self) -> dt.datetime:
        """Aware, UTC."""
        return self._started_at + dt.timedelta(seconds=self.monotonic() - self._started_seconds)


def _loop_time() -> Callable[[], float]:
    """Asked a dozen times for each row: anyio would find out each time which kind of loop this is."""
    try:
        return asyncio.get_running_loop().time
    except RuntimeError:
        return anyio.current_time
