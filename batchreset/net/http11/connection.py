"""One connection: a request goes, an answer comes, and it is used again only when nothing speaks against it."""

import asyncio
import select
import socket
import struct
from dataclasses import dataclass
from typing import Final, cast

import httptools

from batchreset.core.exchange import LossKind, Lost
from batchreset.net.http11.headers import Headers, with_one_length
from batchreset.net.transport import Believes, Response
from batchreset.net.unpacking import UndecodableError, Unpacking

HEAD_MOST_BYTES: Final = 1 << 16
"""A longer head is no answer: the parser itself would take all that comes."""
FRAMING_MOST_BYTES_A_BYTE: Final = 8
"""A chunk of one byte has five around it; what is beyond this is a trailer, or an extension, without an end."""
_RESET_AT_THE_END: Final = struct.pack("ii", 1, 0)
_WITHOUT_BODY: Final = frozenset({204, 304})
_FIRST_FINAL_STATUS: Final = 200
_SWITCHING: Final = 101


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted of an answer.

    Attributes:
        most_bytes: of its body.
        silence_seconds: so long nothing may come.
        whole_seconds: so long all of it may take.
    """

    most_bytes: int
    believes: Believes
    silence_seconds: float
    whole_seconds: float


class Connection(asyncio.Protocol):
    """Carries one request at a time. What comes unasked, or beyond an answer, ends it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        # Headers with signs that nobody should send, or over two lines (RFC 9112, 5.2), say the same all the same.
        self._parser.set_dangerous_leniencies(lenient_headers=True)
        self._outcome: asyncio.Future[Response | Lost] | None = None
        self._over = False
        self._heard_seconds = 0.0
        self._next_answer()

    @property
    def usable(self) -> bool:
        """Whether another request may go."""
        return not (self._over or self._outcome or self._transport is None or self._transport.is_closing())

    @property
    def idle_seconds(self) -> float:
        """Since something was heard."""
        return self._loop.time() - self._heard_seconds

    @property
    def says_something(self) -> bool:
        """Whether something has come that nobody has read yet: of a connection that waits it is no answer to anything.

        Mostly its end, which the loop would hear of only after the next request.
        """
        if self._transport is None:
            return False
        looking = select.poll()
        looking.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return bool(looking.poll(0))

    def keep_nothing_back(self, *, most_seconds: float | None) -> None:
        """What a network holds back must not arrive when nobody knows of it any more.

        When it is closed, by whatever ends the process, it is reset, and the system sends nothing more of it; also when
        what was written has not arrived after `most_seconds` (Linux).
        """
        if self._transport is None:
            return
        own = self._transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_THE_END)
        if most_seconds is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * most_seconds))

    async def exchange(self, request: bytes, asked: Asked) -> Response | Lost:
        """Send it and wait for what comes of it; a connection that is `usable`. Cancelled, the connection is cut."""
        if self._transport is None:  # pragma: no cover  the caller has asked whether it is usable
            raise AssertionError(self)
        self._begin(asked)
        outcome: asyncio.Future[Response | Lost] = self._loop.create_future()
        self._outcome = outcome
        self._transport.write(request)
        self._timer = self._loop.call_at(self._due_seconds(), self._watch)
        try:
            return await outcome
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self._timer.cancel()
            self._outcome = None

    def abort(self) -> None:
        """Close it at once. TLS's farewell would say nothing: every answer tells its own length, or is not believed."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()

    def _begin(self, asked: Asked) -> None:
        self._asked = asked
        self._heard_seconds = self._loop.time()
        self._whole_until_seconds = self._heard_seconds + asked.whole_seconds
        self._came_bytes = 0
        self._next_answer()

    def _next_answer(self) -> None:
        """The final one comes behind those that only announce it."""
        self._pairs: list[tuple[bytes, bytes]] = []
        self._headers: Headers | None = None
        self._body = bytearray()

    # What asyncio calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is done."""
        self._transport = cast("asyncio.Transport", transport)  # create_connection and start_tls give no other kind

    def connection_lost(self, exc: Exception | None) -> None:
        """By the other side, by the network, or by us."""
        self._over = True
        if not self.gone.done():
            self.gone.set_result(None)
        if exc is not None:
            self._end(Lost(kind=LossKind.CONNECTION, detail="the connection was lost"))
        elif self._headers is None:
            self._end(Lost(kind=LossKind.CONNECTION, detail="the connection was closed before an answer came"))
        elif self._ends_with_connection:
            self._complete()
        else:
            self._end(Lost(kind=LossKind.CUT_SHORT, detail="the answer was cut short"))

    def data_received(self, data: bytes) -> None:
        """A piece of the answer."""
        if not self._waiting:
            self.abort()
            return
        self._heard_seconds = self._loop.time()
        self._came_bytes += len(data)
        if self._headers is None:
            data = with_one_length(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._give_up(Lost(kind=LossKind.CUT_SHORT, detail="the answer was not HTTP"))
        if self._came_bytes > HEAD_MOST_BYTES + FRAMING_MOST_BYTES_A_BYTE * len(self._body):
            self._give_up(Lost(kind=LossKind.CUT_SHORT, detail="the answer was not HTTP"))

    # What the parser calls:

    def on_message_begin(self) -> None:
        """Of an answer too many, if nobody waits."""
        if not self._waiting:
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of them, or one of what may follow a body in chunks."""
        if self._headers is None:
            self._pairs.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        if self._parser.get_status_code() < _FIRST_FINAL_STATUS or not self._waiting:
            return
        self._headers = Headers(self._pairs)
        if not self._asked.believes(self._headers):
            self._give_up(Lost(kind=LossKind.CUT_SHORT, detail="what came answers another request"))

    def on_body(self, piece: bytes) -> None:
        """A piece of it, out of its chunk."""
        if not self._waiting:
            return
        self._body += piece
        if len(self._body) >= self._asked.most_bytes:
            del self._body[self._asked.most_bytes :]
            self._complete()
            self.abort()

    def on_message_complete(self) -> None:
        """The answer is whole, or one of those that announce it."""
        status = self._parser.get_status_code()
        if self._headers is None and status < _FIRST_FINAL_STATUS and status != _SWITCHING:
            self._next_answer()
            return
        reusable = self._parser.should_keep_alive()
        self._complete()
        if not reusable:
            self.abort()

    # And what comes of it:

    @property
    def _waiting(self) -> bool:
        return self._outcome is not None and not self._outcome.done()

    @property
    def _ends_with_connection(self) -> bool:
        """RFC 9112, 6.3: neither a length nor chunks."""
        headers = self._headers
        framed = headers is None or "Content-Length" in headers or "Transfer-Encoding" in headers
        return not framed and self._parser.get_status_code() not in _WITHOUT_BODY

    def _complete(self) -> None:
        headers = self._headers
        if headers is None or not self._waiting:
            return
        status = self._parser.get_status_code()
        body, encoding = bytes(self._body), headers.get("Content-Encoding")
        if encoding:
            try:
                body = Unpacking(encoding, most_bytes=self._asked.most_bytes).unpack(body)
            except UndecodableError:
                if not _FIRST_FINAL_STATUS <= status < 300:  # noqa: PLR2004  HTTP's own classes
                    self._end(Lost(kind=LossKind.CUT_SHORT, detail="the answer's body could not be decoded"))
                    return
                body = b""
        self._end(Response(status=status, headers=headers, body=body))

    def _give_up(self, lost: Lost) -> None:
        self._end(lost)
        self.abort()

    def _end(self, outcome: Response | Lost) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)

    def _due_seconds(self) -> float:
        return min(self._heard_seconds + self._asked.silence_seconds, self._whole_until_seconds)

    def _watch(self) -> None:
        """One timer a request: what is heard meanwhile only moves the moment at which it looks again."""
        due_seconds = self._due_seconds()
        if self._loop.time() < due_seconds:
            self._timer = self._loop.call_at(due_seconds, self._watch)
            return
        whole = due_seconds >= self._whole_until_seconds
        detail = "no whole answer in time" if whole else "no answer in time"
        self._give_up(Lost(kind=LossKind.TIMEOUT, detail=detail))
