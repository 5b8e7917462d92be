"""From a path or standard input to a file that can be read more than once."""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from batchreset.adapters.reader.decoding import CHUNK_BYTES, refuse_too_large
from batchreset.errors import InputError, RunFolderError

STDIN: Final = "-"


def name_shown(source: str) -> str:
    """Its name in messages."""
    return "standard input" if source == STDIN else source


@contextlib.contextmanager
def opened(path: str, *, stdin: BinaryIO | None, most_bytes: int, room: Path | None) -> Iterator[BinaryIO]:
    """The file at `path`; what can be read only once (`-`, a pipe) is copied to a nameless file in `room` first.

    Raises:
        InputError: it cannot be read, is larger than `most_bytes`, or was changed while the block ran.
        RunFolderError: it cannot be copied.
    """
    shown = name_shown(path)
    with contextlib.ExitStack() as closing:
        with _translated(shown):
            file = _given(stdin) if path == STDIN else closing.enter_context(Path(path).open("rb"))
            if path == STDIN or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                file = closing.enter_context(_copied(file, shown, most_bytes, room))
        before = os.fstat(file.fileno())
        if before.st_size > most_bytes:
            refuse_too_large(shown, most_bytes)
        yield file
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise InputError(
                f"{shown} was changed while it was read",
                next_step="wait until whatever writes it has finished, then try again",
            )


def sha256_of(file: BinaryIO, shown: str, *, most_bytes: int) -> str:
    """Of the whole file, hex. Raises InputError: it cannot be read, or does not end."""
    digest, read = hashlib.sha256(), 0
    with _translated(shown):
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            read += len(chunk)
            if read > most_bytes:
                refuse_too_large(shown, most_bytes)
    return digest.hexdigest()


def _copied(file: BinaryIO, shown: str, most_bytes: int, room: Path | None) -> BinaryIO:
    with contextlib.ExitStack() as closing:
        with _room_translated(shown):
            copy = closing.enter_context(tempfile.TemporaryFile(dir=room, buffering=0))
        copied = 0
        while chunk := file.read(CHUNK_BYTES):
            copied += len(chunk)
            if copied > most_bytes:
                refuse_too_large(shown, most_bytes)
            with _room_translated(shown):
                left = memoryview(chunk)
                while left:
                    left = left[copy.write(left) :]
        closing.pop_all()
    return cast(BinaryIO, copy)


@contextlib.contextmanager
def _room_translated(shown: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunFolderError(
            f"{shown} could not be put aside to be read: {error.strerror}",
            next_step="see that the disk of runs_dir has room, then try again; nothing was sent",
        ) from error


def _given(stdin: BinaryIO | None) -> BinaryIO:
    if stdin is None:
        raise InputError(
            "the input is to come from standard input, and there is none",
            next_step="give a file, or send the table through a pipe",
        )
    return stdin


@contextlib.contextmanager
def _translated(shown: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(
            f"{shown} does not exist",
            next_step=f"check the path; relative ones start at {Path.cwd()}",
        ) from error
    except IsADirectoryError as error:
        raise InputError(
            f"{shown} is a folder, not a file", next_step="give the path of the file in it that is meant"
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"{shown} cannot be read: {reason}",
            next_step="check the path, and that the user this runs as may read the file",
        ) from error
