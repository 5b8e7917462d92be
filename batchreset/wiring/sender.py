"""A sender as a cluster's worker holds it: the program's own API adapter, over a connection of the worker's own.

Nothing here is called by this program itself: a worker makes a `SenderActor` and asks it by name.
"""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, Final

from batchreset import __version__
from batchreset.adapters.channel import KeyHalf
from batchreset.adapters.dask.drain import Drain
from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.engine.clock import LoopClock
from batchreset.engine.pool.ports import Ask
from batchreset.engine.pool.reception import Desk, Reception
from batchreset.engine.pool.sender import ARRIVING_SECONDS, Surroundings
from batchreset.last_moment import LastMoment
from batchreset.net import Transport, tls_context, transport_of
from batchreset.settings.model import Settings

_DESK: Final = Desk()
"""Of this process: actors of several sessions may be in it at once."""


def sender_config(settings: Settings) -> bytes:
    """What a sender has to know of the settings; nothing of it is secret. Raises SettingsError: ca_file."""
    partner_center = settings.partner_center
    # Read here, and not where the sender is: what lies there under that name may be another.
    tls_context(partner_center.ca_file)
    ca_file = partner_center.ca_file
    # What is not ASCII in it is somebody's remark: the certificates are.
    ca_pem = Path(ca_file).expanduser().read_bytes().decode("ascii", "ignore") if ca_file else ""
    return json.dumps(
        {
            "base_url": partner_center.api_base_url,
            "address": partner_center.address,
            "timeout_seconds": partner_center.timeout_seconds,
            "concurrency": settings.pace.max_concurrency,
            "ca_pem": ca_pem,
        }
    ).encode()


class SenderActor:
    """One worker's. Its methods are `Ask`'s names; each is called in the worker's event loop.

    Args:
        config: from `sender_config`.

    Raises:
        SettingsError: the worker's proxy variables or trust store cannot be used.
    """

    def __init__(self, config: bytes) -> None:
        self._config: dict[str, Any] = json.loads(config)
        self._verify = tls_context("", ca_pem=self._config["ca_pem"])
        # What this machine's proxies and trust make impossible is told now, and not when there are rows.
        self._transport()
        self._tasks: set[asyncio.Task[None]] = set()
        self._drain = Drain(lambda: self._reception.busy)
        self._reception = Reception(
            Surroundings(
                version=__version__,
                host=socket.gethostname(),
                open_api=self._api,
                now_seconds=_seconds_asleep_too,
                draining=lambda: self._drain.is_draining,
                last_moment=LastMoment(),
            ),
            _DESK,
            new_greeting=KeyHalf,
            spawn=self._spawn,
        )

    async def hello(self, message: bytes) -> bytes:
        """Agree on keys."""
        return await self._reception.answer(Ask.HELLO, message)

    async def deliver(self, message: bytes) -> bytes:
        """Take rows."""
        return await self._reception.answer(Ask.DELIVER, message)

    async def collect(self, message: bytes) -> bytes:
        """Tell what came of them."""
        return await self._reception.answer(Ask.COLLECT, message)

    async def close(self, message: bytes) -> bytes:
        """End."""
        return await self._reception.answer(Ask.CLOSE, message)

    def _transport(self) -> Transport:
        config = self._config
        return transport_of(
            concurrency=config["concurrency"],
            timeout_seconds=config["timeout_seconds"],
            verify=self._verify,
            unsent_most_seconds=ARRIVING_SECONDS,
        )

    def _spawn(self, serving: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(serving)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextlib.asynccontextmanager
    async def _api(self) -> AsyncIterator[PartnerCenterApi]:
        config, transport = self._config, self._transport()
        async with transport.open():
            yield PartnerCenterApi(
                transport,
                base_url=config["base_url"],
                address=ResetAddress(config["address"]),
                clock=LoopClock(),
            )


def _seconds_asleep_too() -> float:
    """A machine that wakes up must find its leases over: on Linux `monotonic` stands still meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
