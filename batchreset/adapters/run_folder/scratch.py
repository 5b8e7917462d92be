"""A folder for what is in hand while a run is planned: beside the runs, private, and gone afterwards."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import filelock

from batchreset.adapters.run_folder.folder import cannot_be_made, make_private
from batchreset.durable import PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE

_PREFIX: Final = ".planning-"
_LOCK: Final = ".lock"


@contextlib.contextmanager
def scratch(runs_dir: Path) -> Iterator[Path]:
    """An empty folder in `runs_dir` while the block runs; what killed processes left of theirs is cleared away.

    `runs_dir` is made where it is missing, and taken away again when nothing is left in it.

    Raises:
        RunFolderError: it cannot be made.
    """
    room = runs_dir / f"{_PREFIX}{secrets.token_hex(6)}"
    lock = filelock.FileLock(_lock_of(room), mode=PRIVATE_FILE_MODE)
    try:
        missing = [path for path in (runs_dir, *runs_dir.parents) if not path.exists()]
        make_private(runs_dir)
        _clear_away(runs_dir)
        lock.acquire()
        room.mkdir(mode=PRIVATE_FOLDER_MODE)
    except OSError as error:
        raise cannot_be_made(room, error) from error
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        _lock_of(room).unlink(missing_ok=True)
        lock.release()
        with contextlib.suppress(OSError):
            for path in missing:
                path.rmdir()


def _lock_of(room: Path) -> Path:
    return room.with_name(room.name + _LOCK)


def _clear_away(runs_dir: Path) -> None:
    """A lock that can be had is a dead process's."""
    for path in runs_dir.glob(f"{_PREFIX}*{_LOCK}"):
        lock = filelock.FileLock(path, timeout=0, mode=PRIVATE_FILE_MODE)
        with contextlib.suppress(OSError), lock:
            shutil.rmtree(path.with_name(path.name.removesuffix(_LOCK)), ignore_errors=True)
            path.unlink(missing_ok=True)
