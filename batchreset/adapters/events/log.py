"""Events: JSON lines into the run's log, and short lines on standard error for those who asked for them."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

from batchreset.durable import PRIVATE_FILE_MODE

Event = MutableMapping[str, Any]


class EventSinks:
    """Where events go. A sink that cannot be written is given up with one line on standard error, never the run.

    Args:
        files: JSON lines are appended to these.
        stream: for people; None: nothing is shown.
        shown: least level for `stream`, as in `logging`.
    """

    def __init__(self, files: list[TextIO], *, stream: TextIO | None, shown: int) -> None:
        self._files = files
        self._stream = stream
        self._shown = shown

    def __call__(self, _logger: object, level: str, event: Event) -> str:
        """The last structlog processor: writes the event out and drops it."""
        number = logging.getLevelNamesMapping()[level.upper()]
        if number >= self._shown:
            self._show(event)
        line = json.dumps(event, default=str, ensure_ascii=False) + "\n"
        for file in list(self._files):
            try:
                file.write(line)
                file.flush()
            except OSError as error:
                self._files.remove(file)
                with contextlib.suppress(OSError):
                    sys.stderr.write(
                        f"warning: the log {file.name} cannot be written any more ({error.strerror}); all else goes on"
                        " without it\n"
                    )
        raise structlog.DropEvent

    def _show(self, event: Event) -> None:
        if self._stream is None:
            return
        fields = " ".join(
            f"{key}={value}"
            for key, value in event.items()
            if key not in {"time", "event", "level"} and value is not None
        )
        time = str(event.get("time", ""))[11:19]
        try:
            print(f"{time} {event.get('level', ''):7} {event.get('event', '')} {fields}".rstrip(), file=self._stream)
        except OSError:
            # Whoever looked has gone, and there is nobody left to tell.
            self._stream = None


@contextlib.contextmanager
def event_log(
    paths: list[Path], *, level: int, stream: TextIO | None, shown: int, run_id: str
) -> Iterator[structlog.typing.FilteringBoundLogger]:
    """A logger while the block runs.

    Args:
        paths: log files, appended to, made with mode 0600.
        level: least level that is written at all.
        stream: for people, as for `EventSinks`.
        shown: least level for `stream`.
        run_id: a field of every event.

    Raises:
        OSError: a log file cannot be made.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(_appending_to(path)) for path in paths]
        yield cast(
            "structlog.typing.FilteringBoundLogger",
            structlog.wrap_logger(
                None,
                processors=[
                    structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
                    EventSinks(files, stream=stream, shown=shown),
                ],
                wrapper_class=structlog.make_filtering_bound_logger(level),
                run_id=run_id,
            ),
        )


@contextlib.contextmanager
def _appending_to(path: Path) -> Iterator[TextIO]:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags, PRIVATE_FILE_MODE)

    # A name that is no Unicode is written as JSON spells it, `\udc80`.
    file = open(path, "a", encoding="utf-8", errors="backslashreplace", opener=private)  # noqa: SIM115  Path.open takes no opener
    try:
        yield file
    finally:
        # What could not be written was told of at the time; a full disk says so once more here.
        with contextlib.suppress(OSError):
            file.close()
