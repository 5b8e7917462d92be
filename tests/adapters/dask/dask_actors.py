"""Actors that workers of the tests' cluster make; they import this module."""

import asyncio
import ctypes
import json
import os
import resource
import threading
from pathlib import Path

from batchreset.adapters.dask.drain import Drain

_PR_GET_DUMPABLE = 3


def _words() -> str:
    return Path("/proc/self/cmdline").read_text("ascii")


class Asked:
    """Tells of its process, and how often it was asked."""

    def __init__(self, config: bytes) -> None:
        self._config = config
        self._asked = 0

    async def hello(self, message: bytes) -> bytes:
        """Where it is, and how."""
        del message
        return json.dumps(
            {
                "pid": os.getpid(),
                "parent": os.getppid(),
                "config": self._config.decode(),
                "in_loop": threading.current_thread() is threading.main_thread(),
                "core": resource.getrlimit(resource.RLIMIT_CORE),
                "dumpable": ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0),
                "environ": sorted(os.environ),
                "words": _words(),
            }
        ).encode()

    async def deliver(self, message: bytes) -> bytes:
        """Its own message."""
        self._asked += 1
        return message

    async def collect(self, message: bytes) -> bytes:
        """Counts, then takes its time."""
        self._asked += 1
        await asyncio.sleep(float(message))
        return str(self._asked).encode()

    async def close(self, message: bytes) -> bytes:
        """Fails, with what it was given."""
        self._asked += 1
        raise ValueError(message)


class Finishing:
    """Has something to finish, and finishes it when it is told to."""

    def __init__(self, config: bytes) -> None:
        del config
        self._left = 1
        self._drain = Drain(lambda: self._left > 0)

    async def hello(self, message: bytes) -> bytes:
        """The process."""
        del message
        return str(os.getpid()).encode()

    async def deliver(self, message: bytes) -> bytes:
        """Nothing is left."""
        self._left = 0
        return message

    async def collect(self, message: bytes) -> bytes:
        """Whether it is told to end."""
        del message
        return str(self._drain.is_draining).encode()


class Failing:
    """Cannot be made."""

    def __init__(self, config: bytes) -> None:
        raise RuntimeError(config)
