"""Files that are whole or not there: temporary file, flush, fsync, rename, fsync of the folder; mode 0600."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

PRIVATE_FILE_MODE = 0o600
PRIVATE_FOLDER_MODE = 0o700
_PIECE_BYTES = 1 << 20


def sync_folder(folder: Path) -> None:
    """Make the folder's entries (new and renamed files) survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_again(path: Path) -> None:
    """Write a file's own bytes where they are, synced. Raises OSError.

    After a sync that failed the system takes what it had not written for written (Linux since ever, "fsyncgate"): what
    is read need not be on the disk, and a later sync does not bring it there.
    """
    with path.open("r+b", buffering=0) as file:
        while part := file.read(_PIECE_BYTES):
            file.seek(-len(part), os.SEEK_CUR)
            file.write(part)
        os.fsync(file.fileno())


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well, it becomes `path`, synced.

    When the block raises, `path` is as it was and the temporary file is gone.

    Raises:
        OSError: the file could not be made, written, synced or renamed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE_MODE))
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a whole small file durably; what is no Unicode (a file's name can be so) is escaped. Raises OSError."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def leave_text(path: Path, text: str) -> None:
    """Replace a small file that nobody needs after a power cut: whole or not there, never synced. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE_MODE), "w") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
