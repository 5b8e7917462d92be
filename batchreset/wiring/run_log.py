"""A run's own log, and those that were asked for beside it."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from batchreset.adapters.events import event_log
from batchreset.core.events import EventLog
from batchreset.errors import RunFolderError
from batchreset.wiring.frozen import FrozenRun


class Telling(Protocol):
    """Where events go, beside the run's own log."""

    @property
    def log_files(self) -> Sequence[Path]:
        """Further log files."""
        ...

    @property
    def log_level(self) -> int:
        """Of the log files, as in `logging`."""
        ...

    @property
    def stderr(self) -> TextIO:
        """Events are shown there from level `shown` on."""
        ...

    @property
    def shown(self) -> int:
        """See `stderr`."""
        ...


@contextlib.contextmanager
def run_log(run: FrozenRun, telling: Telling) -> Iterator[EventLog]:
    """While the block runs. Raises RunFolderError: a log cannot be written."""
    try:
        with event_log(
            [run.folder.log, *telling.log_files],
            level=min(telling.log_level, logging.INFO),
            stream=telling.stderr,
            shown=telling.shown,
            run_id=run.folder.run_id,
        ) as log:
            yield log
    except OSError as error:
        raise RunFolderError(
            f"the log {error.filename} cannot be written ({error.strerror})",
            next_step="choose a --log-file that you may write to, and see that the run's folder is writable",
        ) from error
