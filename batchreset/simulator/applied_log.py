"""The record of passwords applied: NDJSON, appended, each line written out before the password is in force."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from batchreset.durable import PRIVATE_FILE_MODE
from batchreset.errors import RefusedError
from batchreset.simulator.state import Applied


@contextlib.contextmanager
def applied_log(path: Path | None) -> Iterator[Callable[[Applied], None]]:
    """Give what records one password; without a path it records nothing.

    Raises:
        RefusedError: the file cannot be opened for appending.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE_MODE)
    except OSError as error:
        raise RefusedError(
            f"The applied log {path} cannot be written: {error.strerror}.",
            next_step="Give --applied-log a path in a folder that exists and that you may write to.",
        ) from error
    # Unbuffered, so that a line is in the file or was never accepted.
    with os.fdopen(descriptor, "ab", buffering=0) as file:

        def record(applied: Applied) -> None:
            file.write(f"{applied.line()}\n".encode())

        yield record
