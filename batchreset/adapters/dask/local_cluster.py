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
    # Workers that are on their way up hold it, or one that is stopped. All of them notice when it ends.
    os._exit(1)


def main() -> None:
    """See the module."""
    never_dumped()
    os.umask(0o077)
    vendor.imported()
    given: _Given = json.loads(sys.stdin.buffer.readline())
    with (
        tempfile.TemporaryDirectory(dir=given["folder"], ignore_cleanup_errors=True) as folder,
        vendor.settings({**vendor.CLUSTER_SETTINGS, "temporary-directory": folder}),
    ):
        asyncio.run(_serve(int(sys.argv[1]), given))


if __name__ == "__main__":
    main()
