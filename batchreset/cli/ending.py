"""SIGTERM and SIGHUP end the program as Ctrl-C does, wherever nothing more careful listens for them.

What a block has in hand is taken away by its own `finally`, which a signal's default would pass over.
"""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from batchreset.errors import TerminatedError


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """While the block runs, in the main thread. One that is ignored (`nohup`) stays so.

    Raises:
        TerminatedError: one of them came.
    """
    heard = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_DFL]
    for number in heard:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> None:
    raise TerminatedError(
        f"{signal.Signals(number).name} was received before anything was sent", next_step="start it again when it suits"
    )
