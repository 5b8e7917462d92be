"""Time as it is handed in: a wall clock for what is recorded, a monotonic one for what is measured."""

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Both clocks of one source, so that a test's virtual time moves them together."""

    def now(self) -> dt.datetime:
        """Wall-clock time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, of no particular origin."""
        ...


def rfc3339(moment: dt.datetime) -> str:
    """`2026-11-21T08:40:00.123Z`: UTC, milliseconds, as every file of a run writes times."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
