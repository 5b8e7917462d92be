"""The one switch that ends a run early: first word wins, nobody is interrupted, everybody who waits is told."""

from collections.abc import Callable

import anyio

from batchreset.core.stop import Stop


class RunStoppedError(Exception):
    """Raised where a row would have waited for its next turn; the row keeps what is known of it."""


class StopSwitch:
    """Set once, by a guard, a signal, the sign-in or the ledger."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._hurry = anyio.Event()
        self._listeners: list[Callable[[], None]] = []
        self.stop: Stop | None = None

    @property
    def requested(self) -> bool:
        """Whether nothing new may be sent."""
        return self.stop is not None

    def request(self, stop: Stop) -> None:
        """End the run early; later requests change nothing."""
        if self.stop is not None:
            return
        self.stop = stop
        self._event.set()
        for listener in self._listeners:
            listener()

    def hurry(self) -> None:
        """Do not wait for what is under way (a second signal)."""
        self._hurry.set()

    async def hurried(self) -> None:
        """Return when `hurry` was called."""
        await self._hurry.wait()

    def tell(self, listener: Callable[[], None]) -> None:
        """Have `listener` called when the stop is requested; at once when it has been."""
        self._listeners.append(listener)
        if self.requested:
            listener()

    async def wait(self) -> None:
        """Return when the stop is requested."""
        await self._event.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait, or raise RunStoppedError as soon as the stop is requested."""
        with anyio.move_on_after(seconds):
            await self._event.wait()
        if self.requested:
            raise RunStoppedError
