"""One process a run. The operating system frees the lock of a process that died; its note is then overwritten."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator

import filelock

from batchreset.adapters.run_folder.folder import RunFolder, writing
from batchreset.durable import write_text
from batchreset.errors import RunHeldError


@contextlib.contextmanager
def holding(folder: RunFolder) -> Iterator[None]:
    """Hold the run while the block runs.

    Raises:
        RunHeldError: another process holds it.
        RunFolderError: the lock file cannot be written.
    """
    lock = filelock.FileLock(folder.lock, timeout=0, mode=0o600)
    note = folder.path / "lock.holder"
    with writing(folder.lock):
        try:
            lock.acquire()
        except filelock.Timeout as error:  # an OSError too
            raise RunHeldError(
                f"another process holds the run {folder.run_id}{_holder(folder)}",
                next_step=f"wait for it, or watch it with `batchreset status {folder.path}`",
            ) from error
    try:
        with writing(note):
            write_text(note, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}) + "\n")
        yield
    finally:
        # A note that stays is believed only while this process lives.
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


def is_held(folder: RunFolder) -> bool:
    """Whether a process seems to hold the run, by its note; asks nobody and disturbs nobody.

    A note from another host is believed; one of this host only while its process lives.
    """
    holder = _holder_of(folder)
    if holder is None:
        return False
    pid, host = holder
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _holder(folder: RunFolder) -> str:
    holder = _holder_of(folder)
    return f" (pid {holder[0]} on {holder[1]})" if holder else ""


def _holder_of(folder: RunFolder) -> tuple[int, str] | None:
    try:
        note = json.loads((folder.path / "lock.holder").read_text(encoding="utf-8"))
        return int(note["pid"]), str(note["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
