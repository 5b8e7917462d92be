"""Making a connection: name, TCP, perhaps a proxy, TLS. Whatever fails here, nothing was sent."""

import asyncio
import re
import ssl
from dataclasses import dataclass
from typing import Final, cast

from batchreset.core.exchange import NotSent, NotSentKind
from batchreset.net.causes import no_connection
from batchreset.net.http11.connection import HEAD_MOST_BYTES, Connection
from batchreset.net.proxies import Proxy

HAPPY_EYEBALLS_SECONDS: Final = 0.25
"""RFC 8305: so much later the other kind of address is tried beside the first."""
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a service is reached.

    Attributes:
        unsent_most_seconds: what was written and has not arrived after this never arrives.
    """

    host: str
    port: int
    proxy: Proxy | None
    tls: ssl.SSLContext
    unsent_most_seconds: float | None = None


async def opened(way: Way, *, most_seconds: float) -> Connection | NotSent:
    """A connection over which nothing has been sent yet."""
    try:
        async with asyncio.timeout(most_seconds):
            connection = await (_direct(way) if way.proxy is None else _through(way.proxy, way))
            connection.keep_nothing_back(most_seconds=way.unsent_most_seconds)
            return connection
    except TimeoutError:
        return _of_the_proxy(NotSent(detail="no connection in time"), way.proxy)
    except _RefusedError as refusal:
        named = way.proxy.shown if way.proxy else ""
        return NotSent(kind=NotSentKind.PROXY, detail=f"the proxy {named} refused the connection{refusal}")
    except Exception as error:  # noqa: BLE001  whatever asyncio stumbles over (3.11 does where a proxy breaks TLS): nothing was sent
        return _of_the_proxy(no_connection(error), way.proxy)


async def _direct(way: Way) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection, way.host, way.port, ssl=way.tls, happy_eyeballs_delay=HAPPY_EYEBALLS_SECONDS
    )
    return connection


async def _through(proxy: Proxy, way: Way) -> Connection:
    loop = asyncio.get_running_loop()
    outer, tunnel = await loop.create_connection(
        _Tunnel, proxy.host, proxy.port, ssl=way.tls if proxy.tls else None,
        happy_eyeballs_delay=HAPPY_EYEBALLS_SECONDS,
    )  # fmt: skip
    try:
        await tunnel.connect(outer, f"{_bracketed(way.host)}:{way.port}", proxy)
        connection = Connection()
        inner = await loop.start_tls(outer, connection, way.tls, server_hostname=way.host)
        # None, typeshed says: only where the loop itself is being closed.
        connection.connection_made(cast("asyncio.Transport", inner))
    except BaseException:
        outer.abort()
        raise
    return connection


class _RefusedError(Exception):
    """The proxy said no; with its status, if it has one."""


class _Tunnel(asyncio.Protocol):
    """Asks a proxy for a way through (RFC 9110, 9.3.6)."""

    def __init__(self) -> None:
        self._head = b""
        self._answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def connect(self, transport: asyncio.Transport, target: str, proxy: Proxy) -> None:
        """Return when it is open. Raises _RefusedError, OSError."""
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if proxy.authorization:
            lines.append(f"Proxy-Authorization: {proxy.authorization.open()}")
        transport.write("\r\n".join([*lines, "", ""]).encode("ascii"))
        head = await self._answered
        if not head:
            raise ConnectionAbortedError
        status = _STATUS.match(head)
        if status is None or not status[1].startswith(b"2"):
            raise _RefusedError(f" ({status[1].decode()})" if status else "")

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" in self._head or len(self._head) > HEAD_MOST_BYTES:
            self._answer(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._answer(b"")

    def _answer(self, head: bytes) -> None:
        if not self._answered.done():
            self._answered.set_result(head)


def _of_the_proxy(unsent: NotSent, proxy: Proxy | None) -> NotSent:
    """With the proxy named that was to be connected to, and not the service; TLS is the service's own."""
    if proxy is None or unsent.kind is NotSentKind.TLS:
        return unsent
    return NotSent(kind=unsent.kind, detail=f"{unsent.detail}, by way of the proxy {proxy.shown}")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
