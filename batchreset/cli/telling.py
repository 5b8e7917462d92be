"""What is told of an error that nobody meant: types and places. Its text may carry what was being sent."""

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Final, TextIO

import click

_LEAST_LEVEL: Final = logging.WARNING


def unexpected(error: BaseException) -> list[str]:
    """Lines for a person who can report them."""
    return [
        f"error: unexpected {_kinds(error)}. This is a bug; no password was shown, and a run can be continued.",
        *_frames(error.__traceback__),
        "what to do: continue the run with `batchreset apply`, and report these lines",
    ]


def interrupted() -> list[str]:
    """The same, of Ctrl-C where nothing more careful listens for it; words as in `cli.ending`."""
    return [
        "error: SIGINT was received; nothing more is done.",
        "what to do: look at `batchreset status` for what was done; start it again when it suits.",
    ]


def is_interruption(error: BaseException) -> bool:
    """Whether it is Ctrl-C and nothing else, however often it came."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_interruption(inner) for inner in error.exceptions)
    return isinstance(error, KeyboardInterrupt)


def tell_places_only() -> None:
    """From now on, also of what never comes to the door: other threads, finalizers, libraries' warnings and logs."""
    sys.excepthook = lambda _type, error, _traceback: _say(unexpected(error))
    threading.excepthook = lambda told: _aside("a thread ended by", told.exc_value)
    sys.unraisablehook = lambda told: _aside("what was cleared away failed by", told.exc_value)
    warnings.showwarning = _warned
    logging.lastResort = _PlacesOnly(_LEAST_LEVEL)


class _PlacesOnly(logging.Handler):
    """For libraries' loggers; asyncio's tells of errors that nobody awaited, text and all."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        kind = "" if error is None else f": {_kinds(error)}"
        _say([f"{record.levelname.lower()}: told by {record.name} at {record.pathname}:{record.lineno}{kind}"])


def _warned(  # noqa: PLR0917  as `warnings.showwarning` is called
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    file: TextIO | None = None, line: str | None = None,
) -> None:  # fmt: skip
    del message, file, line
    _say([f"warning: {category.__name__} at {filename}:{lineno}"])


def _aside(what: str, error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        _say([f"warning: {what} {_kinds(error)}", *_frames(error.__traceback__)])


def _frames(found: TracebackType | None) -> Iterator[str]:
    return (f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(found))


def _kinds(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return " and ".join(_kinds(inner) for inner in error.exceptions)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" at {last[0].filename}:{last[0].lineno}" if last else ""
    return type(error).__name__ + place


def _say(lines: list[str]) -> None:
    for line in lines:
        click.echo(line, err=True)
