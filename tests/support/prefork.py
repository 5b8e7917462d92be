"""The program's processes, without paying for its imports each time: forked from one that has only imported it.

What runs is a process of its own with its own arguments, environment, folder, streams and signals. Half a second of
processor time is saved for each of some hundred; that the program starts from nothing is tested elsewhere.
"""

import base64
import contextlib
import io
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from syscalls import Gate, Watch, watched

from batchreset.cli.main import main

_DOOR = 3
_MOST_BYTES = 1 << 20
_IMPORTED = (
    "batchreset.adapters.display",
    "batchreset.adapters.events",
    "batchreset.adapters.ledger",
    "batchreset.adapters.partner_center",
    "batchreset.adapters.run_folder",
    "batchreset.adapters.sealing",
    "batchreset.adapters.signin",
    "batchreset.cli.auth",
    "batchreset.cli.options",
    "batchreset.engine.reading",
    "batchreset.engine.runner",
    "batchreset.settings.sources",
    "asyncio",
    "csv",
    "msal",
)
"""All but polars and what needs it: polars begins threads when it is imported, and must not be forked then."""


class Process:
    """As much of `subprocess.Popen` as tests ask for."""

    def __init__(self, status: BinaryIO) -> None:
        self._status = status
        self.pid = int(status.readline())
        self.returncode: int | None = None
        self._ended = threading.Thread(target=self._wait, daemon=True)
        self._ended.start()

    def _wait(self) -> None:
        with self._status:
            self.returncode = int(self._status.readline())

    def wait(self, timeout: float | None = None) -> int:
        self._ended.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(cmd="batchreset", timeout=timeout or 0)
        return self.returncode

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Prefork:
    """The process that has imported the program."""

    def __init__(self) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        streams: Sequence[int],
        watch: Watch | None = None,
    ) -> Process:
        """`streams`: descriptors of standard input, output and error. `watch`: its calls are watched."""
        ours, theirs = os.pipe()
        asked = {
            "arguments": list(arguments),
            "cwd": str(cwd),
            "env": dict(env),
            "watch": watch and base64.b64encode(pickle.dumps(watch)).decode("ascii"),
        }
        try:
            socket.send_fds(self._door, [json.dumps(asked).encode()], [*streams, theirs])
        finally:
            os.close(theirs)
        return Process(os.fdopen(ours, "rb"))


def _serve(door: socket.socket) -> None:
    """Fork for each request, until nobody is left to ask."""
    for module in _IMPORTED:
        __import__(module)
    tasks = len(list(Path("/proc/self/task").iterdir()))
    assert tasks == 1, f"{tasks} threads before a fork"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        asked, descriptors, _, _ = socket.recv_fds(door, _MOST_BYTES, 4)
        if not asked:
            return
        if not os.fork():
            door.close()
            _wait_for_it(json.loads(asked), descriptors[:3], status=descriptors[3])
        for descriptor in descriptors:
            os.close(descriptor)


def _wait_for_it(asked: Mapping[str, Any], streams: Sequence[int], *, status: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    watch: Watch | None = pickle.loads(base64.b64decode(asked["watch"])) if asked["watch"] else None
    gate = Gate() if watch else None
    pid = os.fork()
    if not pid:
        os.close(status)
        if gate:
            gate.pass_through()
        _become(asked, streams)
    for descriptor in streams:
        os.close(descriptor)
    os.write(status, b"%d\n" % pid)
    ended = watched(pid, gate, watch) if watch and gate else os.waitpid(pid, 0)[1]
    os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
    os._exit(0)


def _become(asked: Mapping[str, Any], streams: Sequence[int]) -> None:
    for target, descriptor in enumerate(streams):
        os.dup2(descriptor, target)
        os.close(descriptor)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0)), encoding="utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", write_through=True)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv = ["batchreset", *asked["arguments"]]
    main()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as served:
        _serve(served)
