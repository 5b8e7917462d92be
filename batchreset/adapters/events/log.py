"""Events: JSON lines into the run's log, and short lines on standard error for those who asked for them."""

import contextlib
import errno
import json
import logging
import os
import sys
from collections.abc import Iterator, MutableMapping
from io import FileIO
from pathlib import Path
from typing import Any, Final, TextIO, cast

import structlog

from batchreset.durable import PRIVATE_FILE_MODE

Event = MutableMapping[str, Any]

# `json.dumps` would make one for each event.
_AS_JSON: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode


class LogFiles:
    """What structlog writes finished lines to. One that cannot be written is given up with a line on standard error,
    never the run.

    A line is in the file when the call returns, whatever is killed then, and is one write: whoever appends to the same
    file at the same time does not tear it.
    """  # noqa: D205  one sentence on two lines

    def __init__(self, files: list[FileIO]) -> None:
        self._files = files

    def write(self, line: bytes) -> None:
        """A line, its end included."""
        for file in self._files:
            try:
                _write_whole(file, line)
            except OSError as error:
                # Another list: this one is gone through.
                self._files = [other for other in self._files if other is not file]
                with contextlib.suppress(OSError):
                    sys.stderr.write(
                        f"warning: the log {file.name} cannot be written any more ({error.strerror}); all else goes on"
                        " without it\n"
                    )

    debug = info = warning = error = critical = write


def _write_whole(file: FileIO, line: bytes) -> None:
    """In one call, but where the disk takes only a part. Raises OSError."""
    left = line
    while left:
        written = file.write(left)
        if not written:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        left = left[written:]


def _as_line(_logger: object, _level: str, event: Event) -> bytes:
    """The last structlog processor."""
    # A name that is no Unicode is written as JSON spells it, `\udc80`.
    return (_AS_JSON(event) + "\n").encode("utf-8", errors="backslashreplace")


class Shown:
    """A structlog processor: short lines for people.

    Args:
        stream: where they are; given up when whoever looked has gone.
        least: level of the first event that is shown, as in `logging`.
    """

    def __init__(self, stream: TextIO, *, least: int) -> None:
        self._stream: TextIO | None = stream
        numbers = logging.getLevelNamesMapping()
        self._levels = frozenset(name.lower() for name, number in numbers.items() if number >= least)

    def __call__(self, _logger: object, level: str, event: Event) -> Event:
        """The event, as it was."""
        if self._stream is not None and level in self._levels:
            try:
                print(_short(event), file=self._stream)
            except OSError:
                # There is nobody left to tell.
                self._stream = None
        return event


def _short(event: Event) -> str:
    fields = " ".join(
        f"{key}={value}" for key, value in event.items() if key not in {"time", "event", "level"} and value is not None
    )
    time = str(event.get("time", ""))[11:19]
    return f"{time} {event.get('level', ''):7} {event.get('event', '')} {fields}".rstrip()


@contextlib.contextmanager
def event_log(
    paths: list[Path], *, level: int, stream: TextIO | None, shown: int, run_id: str
) -> Iterator[structlog.typing.FilteringBoundLogger]:
    """A logger while the block runs.

    Args:
        paths: log files, appended to, made with mode 0600.
        level: least level that is written at all.
        stream: for people; None: nothing is shown.
        shown: least level for `stream`.
        run_id: a field of every event.

    Raises:
        OSError: a log file cannot be made.
    """
    with contextlib.ExitStack() as stack:
        files = LogFiles([stack.enter_context(_appending_to(path)) for path in paths])
        yield logger_into(files, level=level, stream=stream, shown=shown, run_id=run_id)


def logger_into(
    files: LogFiles, *, level: int, stream: TextIO | None, shown: int, run_id: str
) -> structlog.typing.FilteringBoundLogger:
    """As `event_log` has it."""
    logger = structlog.wrap_logger(
        files,
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            *([] if stream is None else [Shown(stream, least=shown)]),
            _as_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        run_id=run_id,
    )
    # Bound once: what structlog gives first is a proxy that binds anew for each event, switched off or not.
    return cast("structlog.typing.FilteringBoundLogger", logger.bind())


@contextlib.contextmanager
def _appending_to(path: Path) -> Iterator[FileIO]:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags, PRIVATE_FILE_MODE)

    file = open(path, "ab", buffering=0, opener=private)  # noqa: SIM115  Path.open takes no opener
    try:
        yield file
    finally:
        # What could not be written was told of at the time; some file systems say so once more here.
        with contextlib.suppress(OSError):
            file.close()
