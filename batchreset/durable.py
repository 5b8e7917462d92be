"""Files that are whole or not there: temporary file, flush, fsync, rename, fsync of the folder; mode 0600.

What a rename replaces is gone, whatever it was: only plain files are replaced, and of a link the file it leads to.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

PRIVATE_FILE_MODE = 0o600
PRIVATE_FOLDER_MODE = 0o700
_PIECE_BYTES = 1 << 20
_OWN_FILES: Final = Path("/proc/self/fd")


def replaceable(path: Path) -> Path:
    """The file that a new one at `path` takes the place of, at the end of all links; it need not be there.

    Raises:
        OSError: a device, a pipe, a socket or a folder stands there, which none may replace, or nobody may look.
    """
    target = Path(os.path.realpath(path))
    with contextlib.suppress(FileNotFoundError):
        mode = target.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "what is there is no plain file, and is not replaced", str(path))
    return target


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
        OSError: the file could not be made, written, synced or renamed, or `path` is none to be replaced.
    """
    path = replaceable(path)
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


@contextlib.contextmanager
def creating(path: Path, *, nameless: bool = True) -> Iterator[BinaryIO]:
    """Give a file to write into; when the block ends well, it stands at `path`, whole and synced, where nothing was.

    Until then it has no name where the file system can do that (Linux, most of them): killed at any instant, nothing
    of it is left. Elsewhere it has a temporary name beside `path`, which only a kill leaves behind.

    Args:
        path: nothing is written over; not over a link either, wherever it leads.
        nameless: whether to try without a name.

    Raises:
        FileExistsError: something stands there, also when it came while the block ran.
        OSError: the file could not be made, written, synced or named.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    descriptor = _nameless_file(path.parent) if nameless else None
    temporary = None
    if descriptor is None:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if temporary is None:
                _give_name(file.fileno(), path)
            else:
                _move_where_nothing_is(temporary, path)
    except BaseException:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _nameless_file(folder: Path) -> int | None:
    """None where the system or the file system has none."""
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None or not _OWN_FILES.is_dir():
        return None
    try:
        return os.open(folder, flag | os.O_WRONLY, PRIVATE_FILE_MODE)
    except OSError:
        # Each file system says it in its own way; what else is wrong, the file with a name will tell.
        return None


def _give_name(descriptor: int, path: Path) -> None:
    own = os.open(_OWN_FILES, os.O_RDONLY)
    try:
        # With a folder's descriptor it follows the link that stands for the open file; see open(2), O_TMPFILE.
        os.link(str(descriptor), path, src_dir_fd=own, follow_symlinks=True)
    finally:
        os.close(own)


def _move_where_nothing_is(temporary: Path, path: Path, *, link: Callable[[Path, Path], None] = os.link) -> None:
    try:
        link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # No second names here (FAT, some network disks): the name is taken by an empty file, then the whole one.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE_MODE))
        temporary.replace(path)
    else:
        temporary.unlink()
