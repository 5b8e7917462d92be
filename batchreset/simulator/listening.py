"""A server that can go down and come back on the same port while the process lives."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import uvicorn

from batchreset.errors import BatchresetError


def bound(host: str, port: int) -> socket.socket:
    """A socket that has the port and does not listen: until it does, connections are refused. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as unless_bound:
        own = unless_bound.enter_context(socket.socket(family, socket.SOCK_STREAM))
        # Connections of before, also those that the other side has not closed yet, must not keep the port from us.
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Accepted connections inherit it; asyncio would not set it on them, and headers and body, two writes, would be
        # 40 ms apart.
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own.bind((host, port))
        unless_bound.pop_all()
    return own


class OutageServer(uvicorn.Server):
    """uvicorn's server, ended by `stop` alone, and at once: nothing is owed to callers of a simulator.

    Args:
        refuses: whether connections are to be refused now.
        hold: gives a socket that has the server's port and does not listen.

    Attributes:
        failure: why it has given up, if it has.
    """

    on_ready: Callable[[], None]

    def __init__(
        self, config: uvicorn.Config, *, refuses: Callable[[], bool], hold: Callable[[], socket.socket]
    ) -> None:
        super().__init__(config)
        self._refuses = refuses
        self._hold = hold
        self._held: socket.socket | None = None
        self.failure: BatchresetError | None = None

    def stop(self) -> None:
        """Thread-safe: a flag that uvicorn looks at ten times a second."""
        self.should_exit = True

    def give_up(self, failure: BatchresetError) -> None:
        """Stop, because of the first of these."""
        self.failure = self.failure or failure
        self.stop()

    def look_soon(self) -> None:
        """Look whether connections are to be refused, when the request at hand has met what it meets."""
        asyncio.get_running_loop().call_soon(self._look)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_ready()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: outages begin and end by the clock, too."""
        self._look()
        if self._held is not None and not self._refuses():
            held, self._held = self._held, None
            await super().startup([held])
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._drop_connections()
        if self._held is not None:
            self._held.close()
        await super().shutdown(sockets)

    def _look(self) -> None:
        if self._held is not None or not self._refuses():
            return
        for server in self.servers:
            server.close()
        # At once, before anybody else can have the port.
        self._held = self._hold()
        self._drop_connections()

    def _drop_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
