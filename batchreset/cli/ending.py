"""SIGTERM and SIGHUP end the program as Ctrl-C does, wherever nothing more careful listens for them.

What a block has in hand is taken away by its own `finally`, which a signal's default would pass over.
"""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Final

from batchreset.errors import TerminatedError

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Ended(SystemExit):
    """Of a kind that nothing on its way takes for an error of its own; asyncio, too, lets it pass."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name


@contextlib.contextmanager
def ending_in_order() -> Iterator[None]:
    """While the block runs, in the main thread. One that is ignored (`nohup`) stays so.

    Raises:
        TerminatedError: one of them came.
    """
    heard = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in heard:
        signal.signal(number, _end)
    try:
        yield
    except Ended as ended:
        raise TerminatedError(
            f"{ended.name} was received; nothing more is done",
            next_step="look at `batchreset status` for what was done; start it again when it suits",
        ) from None
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> None:
    # A second one must not interrupt the clearing away that the first one began.
    for heard in _ENDING:
        signal.signal(heard, signal.SIG_IGN)
    raise Ended(number)
