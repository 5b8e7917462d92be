"""HTTP connections of the API: a pool that does not collapse."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Final

import httpx

from batchreset.net.clients import api_client

CONNECTIONS_A_POOL: Final = 4
"""httpx walks over all of a pool's connections for every request: 64 in one pool are fifteen times slower."""
KEEP_ALIVE_SECONDS: Final = 30.0
"""Shorter than the idle limits of common gateways, so that a request seldom meets a connection that is closing."""


class Connections:
    """Several small httpx clients as one.

    Args:
        concurrency: requests that may be under way at once.
        timeout_seconds: for each read and write; an exchange as a whole is bounded by the caller.
        verify: from `tls_context`.
        transport: instead of the network.

    Raises:
        SettingsError: the environment's proxy variables cannot be used.
    """

    def __init__(
        self, *, concurrency: int, timeout_seconds: float, verify: ssl.SSLContext,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        pools = -(-concurrency // CONNECTIONS_A_POOL)
        limits = httpx.Limits(
            max_connections=CONNECTIONS_A_POOL,
            max_keepalive_connections=CONNECTIONS_A_POOL,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        )
        self._clients = [
            api_client(timeout_seconds=timeout_seconds, verify=verify, limits=limits, transport=transport)
            for _ in range(pools)
        ]
        self._busy = [0] * pools

    @contextlib.contextmanager
    def least_busy(self) -> Iterator[httpx.AsyncClient]:
        """The client with the fewest requests under way, for one request."""
        index = min(range(len(self._busy)), key=self._busy.__getitem__)
        self._busy[index] += 1
        try:
            yield self._clients[index]
        finally:
            self._busy[index] -= 1

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Connections"]:
        """Close all connections at the end of the block."""
        async with contextlib.AsyncExitStack() as stack:
            for client in self._clients:
                await stack.enter_async_context(client)
            yield self
