"""What Dask and its libraries tell of themselves: places only, as events at debug level; nothing on a terminal."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Final

from batchreset.core.events import EventLog

LIBRARY_TOLD: Final = "cluster.library_told"
_LIBRARIES: Final = ("bokeh", "dask", "distributed", "tornado")
_WARNS_FROM: Final = r"(dask|distributed|tornado)(\.|$)"


@contextlib.contextmanager
def hushed(log: EventLog) -> Iterator[None]:
    """While the block runs; after it they tell nothing at all. Dask has been imported: that gave it handlers."""
    telling = _ToLog(log)
    for name in _LIBRARIES:
        root = logging.getLogger(name)
        for logger in [root, *(logging.getLogger(inner) for inner in _below(name))]:
            logger.handlers.clear()
            logger.propagate = logger is not root
            logger.setLevel(logging.NOTSET)
        root.addHandler(telling)
        root.setLevel(logging.WARNING)
    # An error that nobody awaited is told of by asyncio, with its text; those of Dask's own tasks are Dask's noise.
    unawaited = logging.getLogger("asyncio")
    unawaited.addFilter(telling.of_a_library)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=_WARNS_FROM)
            yield
    finally:
        unawaited.removeFilter(telling.of_a_library)
        telling.log = None


def _below(name: str) -> Iterator[str]:
    return (known for known in list(logging.root.manager.loggerDict) if known.startswith(f"{name}."))


class _ToLog(logging.Handler):
    """Neither a record's text nor an error's, which may carry what was being sent."""

    def __init__(self, log: EventLog) -> None:
        super().__init__(logging.WARNING)
        self.log: EventLog | None = log

    def emit(self, record: logging.LogRecord) -> None:
        if self.log is not None:
            error = record.exc_info[1] if record.exc_info else None
            self.log.debug(
                LIBRARY_TOLD,
                library=record.name,
                level=record.levelname.lower(),
                place=f"{record.module}:{record.lineno}",
                error=type(error).__name__ if error else "",
            )

    def of_a_library(self, record: logging.LogRecord) -> bool:
        """A filter: False, and told, where an error came out of one of the libraries."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not _raised_in_a_library(error):
            return True
        self.emit(record)
        return False


def _raised_in_a_library(error: BaseException) -> bool:
    found = error.__traceback__
    while found is not None:
        if found.tb_frame.f_globals.get("__name__", "").partition(".")[0] in _LIBRARIES:
            return True
        found = found.tb_next
    return False
