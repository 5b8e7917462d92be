"""`python -m batchreset.adapters.dask.local_cluster N`: a scheduler and N worker processes, until standard input ends.

Its certificate and key come as the first line of standard input; its address is printed as the first of standard
output. When this process is killed its workers notice, and end.
"""

import asyncio
import contextlib
import functools
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Final, TypedDict

from batchreset.adapters.dask import vendor
from batchreset.undumped import never_dumped

_END_SECONDS: Final = 3.0
"""For workers to end by themselves."""
_ROLES: Final = ("client", "scheduler", "worker")
_METHOD: Final = "distributed.worker.multiprocessing-method"
_TMPDIR_MOST_BYTES: Final = 60
"""A socket's path has 108 at most (104 on macOS), and `pymp-XXXXXXXX/listener-XXXXXXXX` comes after it."""


class _Given(TypedDict):
    certificate: str
    key: str
    folder: str


async def _serve(workers: int, given: _Given) -> None:
    from distributed import LocalCluster  # noqa: PLC0415  this module is imported by each worker process, too
    from distributed.security import Security  # noqa: PLC0415  as above

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    end = functools.partial(loop.call_soon_threadsafe, ended.set)
    threading.Thread(target=_watch, args=(given["folder"], end), daemon=True).start()
    security = Security(
        require_encryption=True,
        tls_ca_file=given["certificate"],
        **{f"tls_{role}_cert": given["certificate"] for role in _ROLES},
        **{f"tls_{role}_key": given["key"] for role in _ROLES},
    )
    async with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        protocol="tls://",
        security=security,
        dashboard_address="127.0.0.1:0",  # nothing is served there; without it, it would be the port of everybody's
        memory_limit=0,
        silence_logs=logging.ERROR,
        asynchronous=True,
    ) as cluster:
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        await ended.wait()


def _watch(folder: str, end: Callable[[], object]) -> None:
    while os.read(sys.stdin.fileno(), 1 << 16):
        pass
    # Its loop may have ended before.
    with contextlib.suppress(RuntimeError):
        end()
    time.sleep(_END_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    # Workers that are on their way up hold it, and one that is stopped would notice nothing.
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _method() -> str:
    """Four workers start in the time of one where their interpreter is forked, for which a socket is needed."""
    return "forkserver" if len(os.fsencode(tempfile.gettempdir())) <= _TMPDIR_MOST_BYTES else "spawn"


def main() -> None:
    """See the module."""
    never_dumped()
    for name in ("SIGHUP", "SIGINT", "SIGTERM"):
        # Who ends all of a service's processes at once (systemd) asks the one that has the run: it ends this in time.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.umask(0o077)
    vendor.imported()
    given: _Given = json.loads(sys.stdin.buffer.readline())
    with (
        tempfile.TemporaryDirectory(dir=given["folder"], ignore_cleanup_errors=True) as folder,
        vendor.settings({**vendor.CLUSTER_SETTINGS, "temporary-directory": folder, _METHOD: _method()}),
    ):
        asyncio.run(_serve(int(sys.argv[1]), given))
    # Who gave it may have been killed. After a failed start there is something to read in it.
    shutil.rmtree(given["folder"], ignore_errors=True)


if __name__ == "__main__":
    main()
