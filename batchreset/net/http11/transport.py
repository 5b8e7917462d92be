"""`Transport` over connections of our own: kept while they are good, the newest first."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from batchreset.core.exchange import Lost, NotSent
from batchreset.net.http11.connection import Asked, Connection
from batchreset.net.http11.opening import Way, opened
from batchreset.net.proxies import check_proxies, proxy_of
from batchreset.net.transport import CONNECT_SECONDS, KEEP_ALIVE_SECONDS, LATE, Believes, Request, Response

_LETTING_GO_SECONDS: Final = 1.0
_CLOSED_AT_ONCE: Final = NotSent(detail="the connection was closed as soon as it was made")
_UNSENDABLE: Final = NotSent(detail="the request has a character in its head that cannot be sent")


class Http11Transport:
    """One event loop's; asyncio only.

    Args:
        concurrency: requests that may be under way at once; others wait.
        timeout_seconds: so long nothing may come of a request. Connecting may take so long too, and `CONNECT_SECONDS`
            at most; an exchange over a connection as long as both together.
        verify: from `tls_context`.
        unsent_most_seconds: what was written and has not arrived after this never arrives (Linux; by a proxy, as far as
            the proxy).

    Raises:
        SettingsError: the environment's proxy variables cannot be used.
    """

    def __init__(
        self, *, concurrency: int, timeout_seconds: float, verify: ssl.SSLContext,
        unsent_most_seconds: float | None = None,
    ) -> None:  # fmt: skip
        check_proxies()
        self._connect_seconds = min(timeout_seconds, CONNECT_SECONDS)
        self._timeout_seconds = timeout_seconds
        self._tls = verify
        self._unsent_most_seconds = unsent_most_seconds
        self._room = asyncio.Semaphore(concurrency)
        self._services: dict[str, _Service] = {}

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Requests may be sent while the block runs; all connections are closed at its end."""
        try:
            yield
        finally:
            connections = [each for service in self._services.values() for each in service.connections]
            self._services.clear()
            await _close(connections)

    async def send(self, request: Request, *, believes: Believes) -> Response | Lost | NotSent:
        """What came of it."""
        service = self._services.get(request.base_url)
        if service is None:
            service = self._services[request.base_url] = _Service(
                _parts(request.base_url, self._tls, self._unsent_most_seconds)
            )
        content = _spelled(request, service.address)
        if content is None:
            return _UNSENDABLE
        async with self._room:
            return await self._exchanged(service, content, request, believes)

    async def _exchanged(
        self, service: "_Service", content: bytes, request: Request, believes: Believes
    ) -> Response | Lost | NotSent:
        connection = service.kept()
        if connection is None:
            made = await opened(service.address.way, most_seconds=self._connect_seconds)
            if isinstance(made, NotSent):
                return made
            connection = made
            service.own(connection)
            if not connection.usable:
                connection.abort()
                return _CLOSED_AT_ONCE
        asked = Asked(
            most_bytes=request.most_bytes, believes=believes, silence_seconds=self._timeout_seconds,
            whole_seconds=self._timeout_seconds + CONNECT_SECONDS,
        )  # fmt: skip
        try:
            return await connection.exchange(content, asked) if request.may_leave() else LATE
        finally:
            service.give_back(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """A service's base address, taken apart."""

    way: Way
    host_header: str
    path: str


class _Service:
    def __init__(self, address: _Address) -> None:
        self.address = address
        self.connections: set[Connection] = set()
        self._idle: list[Connection] = []

    def own(self, connection: Connection) -> None:
        """Until it is gone."""
        self.connections.add(connection)
        connection.gone.add_done_callback(lambda _: self.connections.discard(connection))

    def kept(self) -> Connection | None:
        """The one that was used last, if it can be used again."""
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_seconds < KEEP_ALIVE_SECONDS and connection.usable and not connection.says_something:
                return connection
            connection.abort()
        return None

    def give_back(self, connection: Connection) -> None:
        """After a request."""
        if connection.usable:
            self._idle.append(connection)


def _parts(base_url: str, tls: ssl.SSLContext, unsent_most_seconds: float | None) -> _Address:
    split = urlsplit(base_url)
    host = (split.hostname or "").encode("idna").decode()
    way = Way(
        host=host, port=split.port or 443, proxy=proxy_of(base_url), tls=tls, unsent_most_seconds=unsent_most_seconds
    )
    named = f"[{host}]" if ":" in host else host
    return _Address(way=way, host_header=f"{named}:{split.port}" if split.port else named, path=split.path)


def _spelled(request: Request, address: _Address) -> bytes | None:
    """On the wire (RFC 9112, 3 to 6); None: a line break, or what is no ASCII, would make another request of it."""
    content = b"" if request.content is None else request.content
    lines = [f"{request.method} {address.path}{request.path} HTTP/1.1", f"Host: {address.host_header}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.content is not None:
        lines.append(f"Content-Length: {len(content)}")
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if not head.isascii() or head.count("\n") != breaks or head.count("\r") != breaks or "\0" in head:
        return None
    return b"%b\r\n\r\n%b" % (head.encode("ascii"), content)


async def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.abort()
    if connections:
        # Each lets go of its socket at the loop's next turn; it would complain of those that are left.
        await asyncio.wait([connection.gone for connection in connections], timeout=_LETTING_GO_SECONDS)
