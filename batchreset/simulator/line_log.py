"""Records for checkers from outside: NDJSON, appended, each line written out before what it tells takes effect."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from batchreset.durable import PRIVATE_FILE_MODE
from batchreset.errors import RefusedError


class Recorded(Protocol):
    """What can be told in a line."""

    def line(self) -> str: ...


@contextlib.contextmanager
def line_log(path: Path | None, *, option: str) -> Iterator[Callable[[Recorded], None]]:
    """Give what records one line; without a path it records nothing.

    `option` is the name of the option whose value `path` is.

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
            f"The {option.replace('_', ' ')} {path} cannot be written: {error.strerror}.",
            next_step=f"Give --{option.replace('_', '-')} a path in a folder that exists and that you may write to.",
        ) from error
    # Unbuffered, so that a line is in the file or was never accepted.
    with os.fdopen(descriptor, "ab", buffering=0) as file:

        def record(recorded: Recorded) -> None:
            file.write(f"{recorded.line()}\n".encode())

        yield record
