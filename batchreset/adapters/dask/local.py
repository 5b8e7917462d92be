"""Worker processes on this machine, started for a run and ended with it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio

from batchreset.adapters.dask import vendor
from batchreset.core.places import LocalWorkers, SchedulerAt
from batchreset.core.plain import plain
from batchreset.errors import ClusterError, cause

START_SECONDS: Final = 60.0
"""A machine that has a lot to do takes a while to start an interpreter for each."""
END_SECONDS: Final = 5.0
MODULE: Final = "batchreset.adapters.dask.local_cluster"
_NOT_PASSED_ON: Final = ("BATCHRESET_", "DASK_")
_SHOWN_LINES: Final = 5
_SHOWN_CHARACTERS: Final = 200
_SHOWN_BYTES: Final = 4096
_TOLD: Final = "stderr"
_IN_MEMORY: Final = "/dev/shm"  # noqa: S108  a folder of our own is made in it, by mkdtemp
"""Where Linux keeps files in memory. Elsewhere, or where TMPDIR says so, it is where all temporary files are."""


@contextlib.asynccontextmanager
async def local_workers(place: LocalWorkers, *, environ: Mapping[str, str]) -> AsyncIterator["Started"]:
    """On their way while this process gets ready, too. Raises ClusterError."""
    in_memory = not environ.get("TMPDIR") and os.access(_IN_MEMORY, os.W_OK | os.X_OK)
    with contextlib.ExitStack() as kept:
        with _written():
            folder = kept.enter_context(
                tempfile.TemporaryDirectory(
                    prefix="batchreset-", dir=_IN_MEMORY if in_memory else None, ignore_cleanup_errors=True
                )
            )
            child = await _started(place.workers, environ, folder=Path(folder))
        try:
            yield Started(child, Path(folder))
        finally:
            with anyio.CancelScope(shield=True):
                await _ended(child)


@contextlib.contextmanager
def _written() -> Iterator[None]:
    """Raises ClusterError: it cannot be."""
    try:
        yield
    except OSError as error:
        raise ClusterError(
            f"what worker processes need cannot be written: {cause(error)}",
            next_step="see that the folder for temporary files (TMPDIR, else /dev/shm) has room and can be written",
        ) from None


@dataclass(frozen=True, slots=True)
class Started:
    """The one child, parent of all others.

    The folder is for what Dask writes, for moments their key too; it goes with them, whoever is killed.
    """

    child: asyncio.subprocess.Process
    folder: Path

    async def scheduler(self) -> tuple[SchedulerAt, Any]:
        """And the certificates that all have: they open nothing once all have ended. Raises ClusterError."""
        with _written():
            security = vendor.temporary_security(self.folder)
        given = json.dumps(
            {"certificate": security.tls_ca_file, "key": security.tls_client_key, "folder": str(self.folder)}
        )
        return SchedulerAt(await self._address(given.encode() + b"\n")), security

    async def _address(self, given: bytes) -> str:
        child = self.child
        if child.stdin is None or child.stdout is None:  # pragma: no cover  both were asked for
            raise AssertionError(child)
        line = b""
        with anyio.move_on_after(START_SECONDS), contextlib.suppress(OSError, ValueError):
            child.stdin.write(given)
            await child.stdin.drain()
            line = await child.stdout.readline()
        address = line.decode(errors="replace").strip()
        if address.startswith("tls://127.0.0.1:"):
            return address
        raise ClusterError(
            "the worker processes on this machine did not start",
            next_step="look at what they said last",
            details=_last_lines(self.folder / _TOLD),
        )


async def _started(workers: int, environ: Mapping[str, str], *, folder: Path) -> asyncio.subprocess.Process:
    passed_on = {name: value for name, value in environ.items() if not name.upper().startswith(_NOT_PASSED_ON)}
    # Nothing is imported from whatever folder this happens to be started in, there and in all its children.
    passed_on |= {"TMPDIR": str(folder), "PYTHONSAFEPATH": "1"}
    try:
        with (folder / _TOLD).open("wb") as told:
            # A session of its own: Ctrl-C at the terminal is this process's alone.
            return await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", MODULE, str(workers), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=told, env=passed_on, start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        raise ClusterError(
            f"worker processes cannot be started on this machine: {cause(error)}",
            next_step="end what else runs here",
        ) from error


def _last_lines(path: Path) -> tuple[str, ...]:
    """What the child said last; it had nothing secret but its key, which it does not repeat."""
    with contextlib.suppress(OSError), path.open("rb") as told:
        told.seek(max(0, told.seek(0, os.SEEK_END) - _SHOWN_BYTES))
        lines = told.read(_SHOWN_BYTES).decode(errors="replace").splitlines()[-_SHOWN_LINES:]
        return tuple(plain(line, _SHOWN_CHARACTERS) for line in lines if line.strip())
    return ()


async def _ended(child: asyncio.subprocess.Process) -> None:
    if child.stdin is not None:
        child.stdin.close()
    with anyio.move_on_after(END_SECONDS):
        await child.wait()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()
