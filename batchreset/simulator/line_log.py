"""Records for checkers from outside: NDJSON, appended, each line written out before what it tells takes effect."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from batchreset.durable import PRIVATE_FILE_MODE
from batchreset.errors import BatchresetError, RefusedError


class Recorded(Protocol):
    """What can be told in a line."""

    def line(self) -> str: ...


@contextlib.contextmanager
def line_log(path: Path | None, *, option: str) -> Iterator[Callable[[Recorded], None]]:
    """Give what records one line; without a path it records nothing.

    `option` is the name of the option whose value `path` is. What records a line raises BatchresetError when the file
    takes no more: a simulator whose log is no longer complete must end.

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
            f"the {option.replace('_', ' ')} {path} cannot be written: {error.strerror}",
            next_step=f"give --{option.replace('_', '-')} a path in a folder that exists and that you may write to",
        ) from error
    # Unbuffered, so that a line is in the file or was never accepted.
    with os.fdopen(descriptor, "ab", buffering=0) as file:

        def record(recorded: Recorded) -> None:
            left = f"{recorded.line()}\n".encode()
            try:
                # A disk that is nearly full takes a part, and says so at the next one only.
                while left:
                    left = left[file.write(left) :]
            except OSError as error:
                raise _full(path, option, error) from error

        yield record


def _full(path: Path, option: str, error: OSError) -> BatchresetError:
    return BatchresetError(
        f"the {option.replace('_', ' ')} {path} can no longer be written: {error.strerror}. The simulator has ended,"
        " because what it did from here on would be missing there",
        next_step=f"make room there, or give --{option.replace('_', '-')} another path, and start it again",
    )
