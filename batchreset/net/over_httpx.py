"""`Transport` over httpx: where the faster one cannot be had, and over whatever else speaks httpx's protocol."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Final

import anyio
import httpx

from batchreset.core.exchange import LossKind, Lost, NotSent
from batchreset.net.clients import api_client
from batchreset.net.failures import failure
from batchreset.net.transport import CONNECT_SECONDS, KEEP_ALIVE_SECONDS, LATE, Believes, Request, Response
from batchreset.net.unpacking import UndecodableError, Unpacking

CONNECTIONS_A_POOL: Final = 4
"""httpx walks over all of a pool's connections for every request: 64 in one pool are fifteen times slower."""


class HttpxTransport:
    """Several small httpx clients as one; on any event loop that anyio knows.

    Args:
        concurrency: requests that may be under way at once.
        timeout_seconds: for each read and write; a whole exchange may take `CONNECT_SECONDS` more.
        verify: from `tls_context`.
        below: instead of the network.

    Raises:
        SettingsError: the environment's proxy variables cannot be used.
    """

    def __init__(
        self, *, concurrency: int, timeout_seconds: float, verify: ssl.SSLContext,
        below: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        # Connecting has a limit of its own that ends first, so that this one never hides a "not sent".
        self._exchange_seconds = timeout_seconds + CONNECT_SECONDS
        pools = -(-concurrency // CONNECTIONS_A_POOL)
        limits = httpx.Limits(
            max_connections=CONNECTIONS_A_POOL,
            max_keepalive_connections=CONNECTIONS_A_POOL,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        )
        self._clients = [
            api_client(timeout_seconds=timeout_seconds, verify=verify, limits=limits, transport=below)
            for _ in range(pools)
        ]
        self._busy = [0] * pools

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Requests may be sent while the block runs; all connections are closed at its end."""
        async with contextlib.AsyncExitStack() as stack:
            for client in self._clients:
                await stack.enter_async_context(client)
            yield

    async def send(self, request: Request, *, believes: Believes) -> Response | Lost | NotSent:
        """What came of it."""
        with anyio.move_on_after(self._exchange_seconds), self._least_busy() as client:
            return await _sent(client, request, believes)
        return Lost(kind=LossKind.TIMEOUT, detail="no whole answer in time")

    @contextlib.contextmanager
    def _least_busy(self) -> Iterator[httpx.AsyncClient]:
        """The client with the fewest requests under way, for one request."""
        index = min(range(len(self._busy)), key=self._busy.__getitem__)
        self._busy[index] += 1
        try:
            yield self._clients[index]
        finally:
            self._busy[index] -= 1


class _LateError(Exception):
    """Raised where httpcore is about to write: it lets it pass, and closes the connection."""


def _as_httpx_has_it(request: Request) -> httpx.Request:
    """Raises _LateError: it may not leave, before httpx begins with it."""

    async def check(event: str, _info: object) -> None:
        if event.endswith(".send_request_headers.started") and not request.may_leave():
            raise _LateError

    if not request.may_leave():
        raise _LateError
    return httpx.Request(
        request.method, request.base_url + request.path, headers=request.headers, content=request.content,
        extensions={"trace": check},
    )  # fmt: skip


async def _sent(client: httpx.AsyncClient, request: Request, believes: Believes) -> Response | Lost | NotSent:
    try:
        response = await client.send(_as_httpx_has_it(request), stream=True)
    except _LateError:
        return LATE
    except (httpx.TransportError, ssl.SSLError) as error:
        return failure(error)
    except Exception as error:  # noqa: BLE001  whatever the other side makes httpx stumble over: it was sent
        return Lost(kind=LossKind.CUT_SHORT, detail=f"the answer could not be read ({type(error).__name__})")
    try:
        if not believes(response.headers):
            # Closed before it is read to its end, the connection is not used again.
            return Lost(kind=LossKind.CUT_SHORT, detail="what came answers another request")
        body = await _read(response, request.most_bytes)
    except UndecodableError as error:
        if not response.is_success:
            return failure(error)
        body = b""
    except (httpx.TransportError, httpx.DecodingError, ssl.SSLError) as error:
        return failure(error)
    finally:
        with anyio.CancelScope(shield=True):
            await response.aclose()
    return Response(status=response.status_code, headers=response.headers, body=body)


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    body, unpacking = bytearray(), Unpacking(response.headers.get("Content-Encoding", ""), most_bytes=most_bytes)
    async for chunk in response.aiter_raw():
        body += unpacking.unpack(chunk)
        if unpacking.is_full:
            break
    return bytes(body)
