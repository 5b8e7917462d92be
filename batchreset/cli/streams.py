"""The standard streams, also where they were closed before the program began (`>&-`, some daemons)."""

import os
import sys
from typing import BinaryIO, Final

from batchreset.errors import SettingsError

_CLOSED: Final[set[str]] = set()


def stand_in_for_closed() -> None:
    """The null device takes their places: no file that is opened later gets their numbers, and what is told goes
    nowhere. Called at the door, each time somebody comes in by it.

    `sys.stdin` stays None: an input that is not there is not an empty one.
    """  # noqa: D205  one thought on two lines
    _CLOSED.clear()
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is not None:
            continue
        _CLOSED.add(name)
        # The lowest free number is the missing one's, as those below it are taken by now.
        number = os.open(os.devnull, os.O_RDWR)
        os.set_inheritable(number, True)
        if name != "stdin":
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))


def refuse_closed_output(what: str) -> None:
    """For a command whose very purpose is what it prints. Raises SettingsError."""
    if "stdout" in _CLOSED:
        raise SettingsError(
            f"standard output is closed, so that {what} would go nowhere; nothing was read or opened",
            next_step="give --out FILE, or send standard output somewhere",
        )


def standard_input() -> BinaryIO | None:
    """None where it is closed."""
    return sys.stdin.buffer if sys.stdin else None


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return bool(sys.stdin) and sys.stdin.isatty()
