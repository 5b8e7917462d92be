"""The real clock: the wall, and the event loop's own time, so that a virtual event loop brings virtual time."""

import datetime as dt

import anyio


class LoopClock:
    """Wall time that moves with the event loop's, from one reading of the wall at the start.

    A wall clock that is set back in mid-run therefore cannot make an answer come before its request.
    """

    def __init__(self, started_at: dt.datetime | None = None) -> None:
        self._started_at = started_at or dt.datetime.now(dt.UTC)
        self._started_seconds = anyio.current_time()

    def now(self) -> dt.datetime:
        """Aware, UTC."""
        return self._started_at + dt.timedelta(seconds=self.monotonic() - self._started_seconds)

    def monotonic(self) -> float:
        """Seconds."""
        return anyio.current_time()
