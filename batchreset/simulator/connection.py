"""Answers that ASGI has no words for: none at all, half of one, one that is spelled wrongly, or never.

uvicorn answers 500 when an application returns or raises before it sent anything, so the application has to reach the
connection itself: the protocol below puts it where the application finds it.
"""

import asyncio
import math
import socket
import struct
from collections.abc import Iterable
from typing import Any, Final, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT: Final = "simulator.transport"

_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: closing sends a reset."""

_LEAST_PAUSE_SECONDS: Final = 0.01
"""Between two pieces of a dripping body; where they would follow one another faster, they are longer than a byte."""


class ReachableProtocol(H11Protocol):
    """uvicorn's own protocol, with the connection's transport in each request's `scope["state"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        # uvicorn copies app_state into the scope of each request; it is shared by all connections until here.
        self.app_state: dict[str, Any] = {**self.app_state, _TRANSPORT: transport}


async def _disconnected(receive: Receive) -> None:
    """Wait until the connection is gone: an application that returns earlier is answered for with a 500."""
    # The body has been received, so by ASGI's rules the next message is http.disconnect.
    await receive()


def _transport(scope: Scope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["state"][_TRANSPORT])


class NoResponse(Response):
    """The connection is closed without a byte, by a FIN or by a reset."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        transport = _transport(scope)
        # A caller that hung up first has left no connection to lose.
        if not transport.is_closing():
            if self._reset:
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            transport.abort()
        await _disconnected(receive)


class HalfResponse(Response):
    """Status, headers with the whole length, half the body; then the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        # Answers are far smaller than a socket's buffer, so all of it has left the transport's own by now.
        _transport(scope).abort()
        await _disconnected(receive)


class NeverResponse(Response):
    """Nothing, until the caller hangs up."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        await _disconnected(receive)


class FollowedResponse(Response):
    """The answer, and behind it on the connection, which is kept, bytes that nobody asked for."""

    def __init__(self, body: bytes, status_code: int, *, leftover: bytes, later_seconds: float) -> None:
        super().__init__(body, status_code)
        self._leftover = leftover
        self._later_seconds = later_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)
        if self._later_seconds > 0:
            await asyncio.sleep(self._later_seconds)
        transport = _transport(scope)
        # h11 would not send a second answer to one request.
        if not transport.is_closing():
            transport.write(self._leftover)


class RawResponse(Response):
    """Bytes that h11 would refuse to send; then the connection is closed."""

    def __init__(self, head: bytes, body: bytes) -> None:
        super().__init__(body)
        self._head = head

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        transport = _transport(scope)
        transport.write(self._head + bytes(self.body))
        transport.close()
        await _disconnected(receive)


class PiecewiseResponse(Response):
    """A body in pieces, with a pause before each."""

    def __init__(self, pieces: Iterable[bytes], status_code: int, *, pause_seconds: float) -> None:
        super().__init__(status_code=status_code)
        self._pieces = pieces
        self._pause_seconds = pause_seconds

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        transport = _transport(scope)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await asyncio.sleep(self._pause_seconds)
            if transport.is_closing():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def dripping(body: bytes, status_code: int, *, lasts_seconds: float) -> PiecewiseResponse:
    """A body of which one byte comes after the other."""
    pieces = min(len(body), max(1, int(lasts_seconds / _LEAST_PAUSE_SECONDS)))
    size = math.ceil(len(body) / pieces) if pieces else 1
    drops = [body[start : start + size] for start in range(0, len(body), size)]
    return PiecewiseResponse(drops, status_code, pause_seconds=lasts_seconds / max(1, len(drops)))
