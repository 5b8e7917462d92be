"""One process a run. The operating system frees the lock of a process that died; its note is then overwritten."""

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import filelock

from batchreset.adapters.run_folder.folder import RunFolder, writing
from batchreset.durable import PRIVATE_FILE_MODE, write_text
from batchreset.errors import RunHeldError

PATIENCE_SECONDS: Final = 0.3
"""`status` holds the lock for a moment to see whether it is free; that must not turn a run away."""


@contextlib.contextmanager
def holding(folder: RunFolder) -> Iterator[None]:
    """Hold the run while the block runs; what killed processes left unfinished in its folder is cleared away.

    Raises:
        RunHeldError: another process holds it.
        RunFolderError: the lock file cannot be written.
    """
    with _locked(
        folder.lock,
        lambda: RunHeldError(
            f"another process holds the run {folder.run_id}{_holder(folder)}",
            next_step=f"wait for it, or watch it with `batchreset status {folder.path}`",
        ),
    ):
        note = folder.path / "lock.holder"
        with writing(note):
            for unfinished in folder.path.glob(".*.tmp*"):
                unfinished.unlink(missing_ok=True)
            folder.progress_json.unlink(missing_ok=True)
            write_text(note, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}) + "\n")
        try:
            yield
        finally:
            for passing in (note, folder.progress_json):
                with contextlib.suppress(OSError):
                    passing.unlink(missing_ok=True)


@contextlib.contextmanager
def holding_accounts(runs_dir: Path, accounts_sha256: str) -> Iterator[None]:
    """Hold a set of accounts, over all runs of the folder, while the block runs.

    Raises:
        RunHeldError: another process holds it.
        RunFolderError: the lock file cannot be written.
    """
    with _locked(
        runs_dir / f".accounts-{accounts_sha256[:16]}.lock",
        lambda: RunHeldError(
            "another run of the same accounts is under way",
            next_step=f"wait for it: `batchreset status --runs-dir {runs_dir}` shows which; if both really are to"
            " reset all of them, give --again",
        ),
    ):
        yield


@contextlib.contextmanager
def _locked(path: Path, held: Callable[[], RunHeldError]) -> Iterator[None]:
    lock = filelock.FileLock(path, timeout=PATIENCE_SECONDS, poll_interval=0.02, mode=PRIVATE_FILE_MODE)
    with writing(path):
        try:
            lock.acquire()
        except filelock.Timeout as error:  # an OSError too
            raise held() from error
    try:
        yield
    finally:
        lock.release()


def is_held(folder: RunFolder) -> bool:
    """Whether a process of this machine holds the run; asks the lock itself, not the note beside it."""
    probe = filelock.FileLock(folder.lock, timeout=0, mode=PRIVATE_FILE_MODE)
    if not folder.lock.exists():
        return False
    try:
        probe.acquire()
    except filelock.Timeout:
        return True
    except OSError:
        # Nobody can hold a lock for writing where nothing can be written.
        return False
    probe.release()
    return False


def _holder(folder: RunFolder) -> str:
    holder = _holder_of(folder)
    return f" (pid {holder[0]} on {holder[1]})" if holder else ""


def _holder_of(folder: RunFolder) -> tuple[int, str] | None:
    try:
        note = json.loads((folder.path / "lock.holder").read_text(encoding="utf-8"))
        return int(note["pid"]), str(note["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
