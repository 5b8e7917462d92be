"""What only the transport of our own does: framing and time limits by itself, a proxy over TLS, no connection in doubt.

What is claimed of every transport: tests/adapters/partner_center.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from local_tls import write_ca_file
from raw_tls_server import Wire, answering, raw_server

from batchreset.core.exchange import LossKind, Lost, NotSent, NotSentKind
from batchreset.net import Request, Response, tls_context, transport_of
from batchreset.net.http11 import Http11Transport
from batchreset.net.http11.connection import HEAD_MOST_BYTES, Asked, Connection
from batchreset.net.http11.opening import Way, opened
from batchreset.net.over_httpx import HttpxTransport
from batchreset.net.transport import KEEP_ALIVE_SECONDS

pytestmark = pytest.mark.anyio


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its time can be moved on."""

    skipped_seconds = 0.0

    def time(self) -> float:
        return super().time() + self.skipped_seconds


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": SkippingLoop}


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return tls_context(write_ca_file(tmp_path))


@contextlib.asynccontextmanager
async def sending(verify: ssl.SSLContext, *, timeout_seconds: float = 5.0) -> AsyncIterator[Http11Transport]:
    transport = Http11Transport(concurrency=4, timeout_seconds=timeout_seconds, verify=verify)
    async with transport.open():
        yield transport


async def sent(
    transport: Http11Transport, url: str, *, content: bytes | None = b"{}", **headers: str
) -> Response | Lost | NotSent:
    request = Request(method="PATCH", base_url=url, path="/v1", headers=headers, content=content, most_bytes=1 << 20)
    return await transport.send(request, believes=lambda _headers: True)


async def once(response: bytes, verify: ssl.SSLContext, *, then_stays: bool = False) -> Response | Lost | NotSent:
    """What comes of an answer, byte for byte."""

    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.send(response)
        if then_stays:
            wire.wait_until_the_client_leaves()

    with raw_server(behave) as server:
        async with sending(verify) as transport:
            return await sent(transport, server.url)


@pytest.mark.parametrize(
    ("response", "status", "body"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nall of it", 200, b"all of it", id="until the connection ends"),
        pytest.param(b"HTTP/1.0 503 Busy\r\nContent-Length: 2\r\n\r\n{}", 503, b"{}", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="no content"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, b"", id="not modified"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx",
            404, b"x", id="announced",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nLate: x\r\n\r\n",
            200, b"abc", id="chunks",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\nX: y\r\ncontent-length:  26 \r\nContent-Length: 26\r\n\r\n"
            b"Content-Length: 1\r\nab\r\n\r\n.",
            200, b"Content-Length: 1\r\nab\r\n\r\n.", id="one length, said three times",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: a,\r\n b\r\nContent-Length: 1\r\n\r\nx", 200, b"x", id="over two lines"),
    ],
)  # fmt: skip
async def test_an_answer_is_whole(response: bytes, status: int, body: bytes, trusting: ssl.SSLContext) -> None:
    answer = await once(response, trusting)
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (status, body)
    assert "Late" not in answer.headers
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", id="switching"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD_MOST_BYTES + 100), id="a header without an end"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * HEAD_MOST_BYTES, id="headers without an end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two lengths"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * (HEAD_MOST_BYTES + 100),
            id="a trailer without an end",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * (HEAD_MOST_BYTES + 100),
            id="an extension without an end",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            id="length and chunks",
        ),
    ],
)
async def test_what_is_no_answer_of_http_is_lost(response: bytes, trusting: ssl.SSLContext) -> None:
    answer = await once(response, trusting, then_stays=True)
    assert answer == Lost(kind=LossKind.CUT_SHORT, detail="the answer was not HTTP")


async def test_a_body_in_many_small_chunks_is_read_as_far_as_it_is_wanted(trusting: ssl.SSLContext) -> None:
    """Each costs what its bytes do: the loop stands still for none of it."""
    chunks = b"1\r\na\r\n" * 300_000
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.send(head + chunks)

    asked = Asked(most_bytes=1000, believes=lambda _: True, silence_seconds=5, whole_seconds=5)
    with raw_server(behave) as server:
        connection = await opened(Way(host="localhost", port=server.port, proxy=None, tls=trusting), most_seconds=5)
        assert isinstance(connection, Connection)
        answer = await connection.exchange(b"PATCH / HTTP/1.1\r\nHost: x\r\n\r\n", asked)
        await connection.gone
    assert isinstance(answer, Response)
    assert answer.body == b"a" * 1000
    assert not connection.usable


async def test_headers_are_found_in_any_case_and_together(trusting: ssl.SSLContext) -> None:
    answer = await once(
        b"HTTP/1.1 200 OK\r\nretry-after: 3\r\nX-Name: \xc3\xa9\r\nX-Odd: \xe9\r\nVia: a\r\nvia: b\r\n\r\n", trusting
    )
    assert isinstance(answer, Response)
    assert answer.headers["Retry-After"] == "3"
    assert (answer.headers["x-name"], answer.headers["X-ODD"], answer.headers["VIA"]) == ("é", "é", "a, b")
    assert answer.headers.get("é") is None
    assert len(answer.headers) == len(list(answer.headers)) == 4


async def test_an_answer_that_drips_is_lost_when_the_whole_time_is_over(trusting: ssl.SSLContext) -> None:
    """Every single piece is in time."""

    def drip(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while wire.client_stays(0.02):
            wire.send(b"x")

    asked = Asked(most_bytes=1 << 20, believes=lambda _: True, silence_seconds=0.25, whole_seconds=0.3)
    with raw_server(drip) as server:
        connection = await opened(Way(host="localhost", port=server.port, proxy=None, tls=trusting), most_seconds=5)
        assert isinstance(connection, Connection)
        lost = await connection.exchange(b"PATCH / HTTP/1.1\r\nHost: x\r\n\r\n", asked)
        await connection.gone
    assert lost == Lost(kind=LossKind.TIMEOUT, detail="no whole answer in time")
    assert not connection.usable


async def test_what_comes_unasked_ends_a_kept_connection(trusting: ssl.SSLContext) -> None:
    """Whatever it is, the next request would take it for its own answer."""

    def behave(wire: Wire) -> None:
        while wire.read_request():
            wire.answer()
            if server.accepted == 1:
                wire.answer("403 Forbidden")

    with raw_server(behave) as server:
        async with sending(trusting) as transport:
            answers = [await sent(transport, server.url) for _ in range(3)]
    assert [isinstance(answer, Response) and answer.status for answer in answers] == [200] * 3
    assert server.accepted == 2


async def test_a_connection_is_reset_at_its_end_so_that_the_system_sends_nothing_more_of_it(
    trusting: ssl.SSLContext,
) -> None:
    """Of a request that the network held back the next session's password would be overtaken."""
    left: list[str] = []

    def listen(wire: Wire) -> None:
        wire.read_request()
        wire.answer()
        left.append(wire.how_the_client_leaves())

    with raw_server(listen) as server:
        async with sending(trusting) as transport:
            assert isinstance(await sent(transport, server.url), Response)

    assert left == ["reset"]


async def test_a_kept_connection_whose_end_is_here_already_is_not_used(trusting: ssl.SSLContext) -> None:
    """The loop has not heard of it yet: a request would go nowhere, and nobody would know."""
    closed = threading.Event()

    def answer_once(wire: Wire) -> None:
        wire.read_request()
        wire.answer()
        if server.accepted == 1:
            wire.close()
        closed.set()

    with raw_server(answer_once) as server:
        async with sending(trusting) as transport:
            for _ in range(2):
                assert isinstance(await sent(transport, server.url), Response)
                assert closed.wait(5)  # and the loop stands still meanwhile
    assert server.accepted == 2


@pytest.mark.parametrize(("seconds", "connections"), [(KEEP_ALIVE_SECONDS - 1, 1), (KEEP_ALIVE_SECONDS + 1, 2)])
async def test_a_connection_that_was_long_idle_is_not_used_again(
    seconds: float, connections: int, trusting: ssl.SSLContext
) -> None:
    with raw_server(answering()) as server:
        async with sending(trusting) as transport:
            await sent(transport, server.url)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, SkippingLoop)
            loop.skipped_seconds += seconds
            await sent(transport, server.url)
    assert server.accepted == connections
    assert len(server.requests) == 2


@pytest.mark.parametrize("farewell", ["Connection: close", "Keep-Alive: timeout=5\r\nConnection: close"])
async def test_a_connection_that_the_service_wants_closed_is_not_used_again(
    farewell: str, trusting: ssl.SSLContext
) -> None:
    def behave(wire: Wire) -> None:
        while wire.read_request():
            wire.send(f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{farewell}\r\n\r\n".encode())

    with raw_server(behave) as server:
        async with sending(trusting) as transport:
            for _ in range(2):
                assert isinstance(await sent(transport, server.url), Response)
    assert server.accepted == 2


async def test_a_proxy_may_be_spoken_to_over_tls(trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def tunnel(wire: Wire) -> None:
        wire.read_request()
        wire.answer("200 Connection established")
        wire.tunnel_to(server.port)

    with raw_server(answering()) as server, raw_server(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        async with sending(trusting) as transport:
            assert isinstance(await sent(transport, server.url), Response)
    assert len(proxy.requests) == len(server.requests) == 1


@pytest.mark.parametrize("then", [b"", b"this is no TLS\r\n" * 100])
async def test_a_proxy_over_tls_that_breaks_behind_its_yes_sent_nothing(
    then: bytes, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11's asyncio stumbles over it itself."""

    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.answer("200 Connection established")
        wire.send(then)

    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    with raw_server(answering()) as server, raw_server(behave) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{proxy.port}")
        async with sending(trusting, timeout_seconds=1) as transport:
            assert isinstance(await sent(transport, server.url), NotSent)
    assert server.accepted == 0


async def test_a_host_is_looked_up_as_its_registry_spells_it(trusting: ssl.SSLContext) -> None:
    async with sending(trusting) as transport:
        unsent = await sent(transport, "https://b\u00fccher.invalid")
    assert unsent == NotSent(detail="the name of the host could not be resolved")


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\n" + b"x" * 70_000])
async def test_a_proxy_that_gives_no_clear_yes_sent_nothing(
    said: bytes, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.send(said)

    with raw_server(answering()) as server, raw_server(behave, tls=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@localhost:{proxy.port}")
        async with sending(trusting) as transport:
            unsent = await sent(transport, server.url)
    assert isinstance(unsent, NotSent)
    assert unsent.kind in {NotSentKind.PROXY, NotSentKind.CONNECT, NotSentKind.TLS}
    assert "canary" not in repr(unsent)
    assert server.requests == []


@pytest.mark.parametrize("value", ["a\r\nX-Other: 1", "a\nb", "a\rb", "a\0b", "é"])
async def test_a_header_that_cannot_be_sent_is_not(value: str, trusting: ssl.SSLContext) -> None:
    with raw_server(answering()) as server:
        async with sending(trusting) as transport:
            assert isinstance(await sent(transport, server.url, Name=value), NotSent)
    assert server.accepted == 0


async def test_a_request_without_content_says_nothing_of_its_length(trusting: ssl.SSLContext) -> None:
    with raw_server(answering()) as server:
        async with sending(trusting) as transport:
            await sent(transport, server.url, content=None)
            await sent(transport, server.url, content=b"")
    assert [request.headers.get("Content-Length") for request in server.requests] == [None, "0"]


def test_httpx_serves_where_the_parser_is_not_installed(trusting: ssl.SSLContext) -> None:
    made = transport_of(concurrency=1, timeout_seconds=1, verify=trusting, parser="a_parser_that_is_not_installed")
    assert isinstance(made, HttpxTransport)
    assert isinstance(transport_of(concurrency=1, timeout_seconds=1, verify=trusting), Http11Transport)
