"""Virtual time, and an event loop that does the same twice."""

import contextlib
import datetime as dt
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, TypeVar, TypeVarTuple

import anyio
import trio._core._run
import trio.testing

BEGAN: Final = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)

T = TypeVar("T")
Args = TypeVarTuple("Args")


class VirtualTime:
    """Seconds since the run's beginning, over all its event loops and the time between them."""

    def __init__(self) -> None:
        self._before = 0.0
        self._looping = False

    @property
    def seconds(self) -> float:
        return self._before + (anyio.current_time() if self._looping else 0.0)

    def now(self) -> dt.datetime:
        """The wall's."""
        return BEGAN + dt.timedelta(seconds=self.seconds)

    def passes(self, seconds: float) -> None:
        """While no loop runs."""
        self._before += seconds

    @contextlib.contextmanager
    def looping(self) -> Iterator[None]:
        """Around what a loop runs: its time begins at 0."""
        self._looping = True
        try:
            yield
        finally:
            self._before, self._looping = self.seconds, False


def run_in_order(chance: random.Random, main: Callable[[*Args], Awaitable[T]], *args: *Args) -> T:
    """To its end, in virtual time; which task goes first is `chance`'s choice and nothing else's.

    trio shuffles its tasks on purpose. The two names are its own ones for who wants that repeatable (hypothesis's
    support for trio uses them); without them tasks go in the order of their addresses.
    """
    trio_run: Any = trio._core._run
    shuffled_by, ordered = trio_run._r, trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    trio_run._r, trio_run._ALLOW_DETERMINISTIC_SCHEDULING = chance, True
    try:
        clock = trio.testing.MockClock(autojump_threshold=0)
        return anyio.run(main, *args, backend="trio", backend_options={"clock": clock})
    finally:
        trio_run._r, trio_run._ALLOW_DETERMINISTIC_SCHEDULING = shuffled_by, ordered
