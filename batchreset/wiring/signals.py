"""SIGINT, SIGTERM and SIGHUP end a run in order, at whatever moment they come."""

import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from types import FrameType
from typing import Final

import anyio

from batchreset.core.events import EventLog
from batchreset.core.outcome import Reason
from batchreset.core.stop import Stop, stop_for
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ExitCode


class Skipped:
    """Whether a block was broken off; `by` is the signal's name."""

    def __init__(self) -> None:
        self.by: str | None = None


Skippable = contextlib.AbstractContextManager[Skipped]


class LeaveError(BaseException):
    """Of a kind that no library takes for a failure of its own."""


_EXIT_CODES: Final = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}


class Signals:
    """Notes a signal while nothing is being sent; while something is, hands it to the run's stop switch.

    Between `noting` and its end no signal ends the process: results and summary are always written.
    """

    def __init__(self) -> None:
        self._first: signal.Signals | None = None
        # `nohup` means it: a hang-up that is ignored already stays so.
        self._heard = [n for n in _EXIT_CODES if n is not signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN]

    @property
    def stop(self) -> Stop | None:
        """The stop that the first signal asks for; None when none came."""
        if self._first is None:
            return None
        return stop_for(
            Reason.INTERRUPTED,
            f"{self._first.name} was received; nothing new was sent after it",
            exit_code=_EXIT_CODES[self._first],
        )

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Note signals while the block runs. Elsewhere than in the main thread none are heard."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in self._heard}
        self._note_from_now_on()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.asynccontextmanager
    async def stopping(self, stop: StopSwitch, log: EventLog) -> AsyncIterator[None]:
        """The first signal stops the run in order; a second one does not wait for what is under way."""

        async def watch(*, task_status: anyio.abc.TaskStatus[None]) -> None:
            with anyio.open_signal_receiver(*self._heard) as received:
                task_status.started()
                async for number in received:
                    log.warning("run.signal", signal=number.name)
                    if stop.requested:
                        stop.hurry()
                    self._first = self._first or number
                    self._request(stop)

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        async with anyio.create_task_group() as watching:
            await watching.start(watch)
            self._request(stop)
            yield
            watching.cancel_scope.cancel()
        # The event loop has put the default handlers back.
        self._note_from_now_on()

    @contextlib.contextmanager
    def skippable(self) -> Iterator[Skipped]:
        """A signal ends the block, not the process: what is done in it can be done again later."""
        skipped = Skipped()
        if threading.current_thread() is not threading.main_thread():
            yield skipped
            return

        def leave(number: int, frame: FrameType | None) -> None:
            # A second one must not interrupt the clearing away that the first one began.
            self._note_from_now_on()
            self._note(number, frame)
            skipped.by = signal.Signals(number).name
            raise LeaveError

        try:
            try:
                for number in self._heard:
                    signal.signal(number, leave)
                yield skipped
            finally:
                self._note_from_now_on()
        except LeaveError:
            pass
        except KeyboardInterrupt:
            # Of a library that listens for itself: polars does, while it works.
            skipped.by = signal.SIGINT.name

    def _request(self, stop: StopSwitch) -> None:
        if self.stop is not None:
            stop.request(self.stop)

    def _note_from_now_on(self) -> None:
        for number in self._heard:
            signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._first = self._first or signal.Signals(number)
