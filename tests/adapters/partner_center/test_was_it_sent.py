"""Was it sent? Over real sockets and TLS, by a server that counts what it received.

`NotSent` lets a row end as failed, so it may be said only when no byte of the request can have arrived.
"""

import ssl
from pathlib import Path

import pytest
from local_tls import write_ca_file
from partner_center_caller import TRANSPORTS, Calling, forget_proxies, reset
from raw_tls_server import Behaviour, Wire, answering, free_port, raw_server
from trio.testing import MockClock

from batchreset.core.exchange import Answered, LossKind, Lost, NotSent, NotSentKind
from batchreset.net import LATE, tls_context
from batchreset.net.over_httpx import HttpxTransport

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The program's own; under trio httpx leaves its generators to the garbage collector, which warns of them."""
    return "asyncio"


@pytest.fixture(params=TRANSPORTS)
def calling(request: pytest.FixtureRequest) -> Calling:
    """Over every transport that is kept."""
    return Calling(TRANSPORTS[request.param])


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    forget_proxies(monkeypatch)
    return tls_context(write_ca_file(tmp_path))


def close_before_reading(wire: Wire) -> None:
    """The handshake is all that it does."""


def close_after_reading(wire: Wire) -> None:
    wire.read_request()


def reset_after_reading(wire: Wire) -> None:
    wire.read_request()
    wire.reset()


def reset_before_reading(wire: Wire) -> None:
    wire.reset()


def close_after_half_the_head(wire: Wire) -> None:
    wire.read_request()
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Le")


def close_before_the_promised_length(wire: Wire) -> None:
    wire.read_request()
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def reset_before_the_promised_length(wire: Wire) -> None:
    close_before_the_promised_length(wire)
    wire.reset()


def close_between_chunks(wire: Wire) -> None:
    wire.read_request()
    wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")


def answer_something_else(wire: Wire) -> None:
    wire.read_request()
    wire.send(b"220 mail.example.org ESMTP\r\n\r\n")
    wire.wait_until_the_client_leaves()


def answer_with_a_chunk_of_no_size(wire: Wire) -> None:
    wire.read_request()
    wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    wire.wait_until_the_client_leaves()


def answer_beside_tls(wire: Wire) -> None:
    wire.read_request()
    wire.send_beside_tls(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def alert_after_reading(wire: Wire) -> None:
    """A fatal alert in clear is no record of the connection any more."""
    wire.read_request()
    wire.send_beside_tls(bytes.fromhex("15030300020228"))


def damage_the_body(wire: Wire) -> None:
    close_before_the_promised_length(wire)
    wire.send_beside_tls(b"\x17\x03\x03\x00\x20" + b"x" * 32)


def answer_in_gzip_that_is_none(wire: Wire) -> None:
    wire.read_request()
    wire.answer("400 Bad Request", b"this is not gzip", Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        pytest.param(close_after_reading, LossKind.CONNECTION, id="closed after the request"),
        pytest.param(reset_after_reading, LossKind.CONNECTION, id="reset after the request"),
        pytest.param(close_after_half_the_head, LossKind.CONNECTION, id="closed in the answer's head"),
        pytest.param(answer_beside_tls, LossKind.CONNECTION, id="TLS damaged after the request"),
        pytest.param(alert_after_reading, LossKind.CONNECTION, id="TLS alert after the request"),
        pytest.param(close_before_the_promised_length, LossKind.CUT_SHORT, id="body shorter than promised"),
        pytest.param(reset_before_the_promised_length, None, id="reset in the body"),
        pytest.param(damage_the_body, LossKind.CONNECTION, id="TLS damaged in the body"),
        pytest.param(close_between_chunks, LossKind.CUT_SHORT, id="last chunk missing"),
        pytest.param(answer_with_a_chunk_of_no_size, LossKind.CUT_SHORT, id="chunk without a size"),
        pytest.param(answer_something_else, LossKind.CUT_SHORT, id="not HTTP"),
        pytest.param(answer_in_gzip_that_is_none, LossKind.CUT_SHORT, id="refusal in damaged gzip"),
    ],
)
async def test_what_the_server_received_counts_as_sent(
    calling: Calling, behave: Behaviour, kind: LossKind | None, trusting: ssl.SSLContext
) -> None:
    """Once: nothing is sent again on its own, on no other connection either."""
    with raw_server(behave) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)

    assert isinstance(exchange, Lost)
    assert kind in {exchange.kind, None}
    assert exchange.detail
    assert len(server.requests) == 1
    assert server.accepted == 1


@pytest.mark.parametrize(
    "behave",
    [pytest.param(close_before_reading, id="closed"), pytest.param(reset_before_reading, id="reset")],
)
async def test_what_may_have_left_this_machine_counts_as_sent(
    calling: Calling, behave: Behaviour, trusting: ssl.SSLContext
) -> None:
    """The handshake was done: nobody here knows how far the request came."""
    with raw_server(behave) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)

    assert isinstance(exchange, Lost)
    assert exchange.kind is LossKind.CONNECTION


async def test_an_answer_that_does_not_come_in_time_is_lost(calling: Calling, trusting: ssl.SSLContext) -> None:
    def hang(wire: Wire) -> None:
        wire.read_request()
        wire.wait_until_the_client_leaves()

    with raw_server(hang) as server:
        async with calling(server.url, verify=trusting, timeout_seconds=0.2) as api:
            assert await reset(api) == Lost(kind=LossKind.TIMEOUT, detail="no answer in time")
    assert len(server.requests) == 1


async def test_a_body_that_does_not_come_in_time_is_lost(calling: Calling, trusting: ssl.SSLContext) -> None:
    def hang(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{")
        wire.wait_until_the_client_leaves()

    with raw_server(hang) as server:
        async with calling(server.url, verify=trusting, timeout_seconds=0.2) as api:
            assert await reset(api) == Lost(kind=LossKind.TIMEOUT, detail="no answer in time")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "anyio_backend", [pytest.param(("trio", {"clock": MockClock(rate=25)}), id="25 times as fast")]
)
async def test_an_answer_that_drips_is_lost_when_the_whole_time_is_over(trusting: ssl.SSLContext) -> None:
    """Every single read is in time. Of the transport that knows asyncio only: tests/net."""
    dripped: list[bool] = []

    def drip(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while wire.client_stays(0.02):
            dripped.append(True)
            wire.send(b"x")

    with raw_server(drip) as server:
        async with Calling(HttpxTransport)(server.url, verify=trusting, timeout_seconds=4) as api:
            assert await reset(api) == Lost(kind=LossKind.TIMEOUT, detail="no whole answer in time")
    assert len(server.requests) == 1
    assert len(dripped) > 5


async def test_what_may_not_leave_is_not_sent(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(answering()) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api, may_leave=lambda: False)

    assert exchange == LATE
    assert server.requests == []


async def test_what_may_not_leave_any_more_when_the_connection_is_there_is_not_sent(
    calling: Calling, trusting: ssl.SSLContext
) -> None:
    """Asked at the last moment: connecting may take ten seconds, and a process may be stopped meanwhile."""
    with raw_server(answering()) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api, may_leave=lambda: server.accepted == 0)

    assert exchange == LATE
    assert server.accepted == 1
    assert server.requests == []


async def test_a_kept_connection_does_not_outlive_the_leave_to_send(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(answering()) as server:
        async with calling(server.url, verify=trusting) as api:
            assert isinstance(await reset(api), Answered)
            assert await reset(api, may_leave=lambda: False) == LATE
            assert isinstance(await reset(api), Answered)

    assert len(server.requests) == 2


async def test_a_refused_connection_sent_nothing(calling: Calling, trusting: ssl.SSLContext) -> None:
    async with calling(f"https://localhost:{free_port()}", verify=trusting) as api:
        exchange = await reset(api)
    assert exchange == NotSent(kind=NotSentKind.CONNECT, detail="the connection was refused")


async def test_a_host_without_an_address_was_sent_nothing(calling: Calling, trusting: ssl.SSLContext) -> None:
    async with calling("https://partner.invalid", verify=trusting) as api:
        exchange = await reset(api)
    assert exchange == NotSent(kind=NotSentKind.CONNECT, detail="the name of the host could not be resolved")


async def test_a_server_whose_certificate_is_not_trusted_is_sent_nothing(calling: Calling) -> None:
    with raw_server(answering()) as server:
        async with calling(server.url, verify=tls_context("")) as api:
            exchange = await reset(api)

    assert isinstance(exchange, NotSent)
    assert exchange.kind is NotSentKind.TLS
    assert exchange.detail.startswith("the certificate is not trusted (")
    assert server.requests == []


async def test_a_server_of_another_name_is_sent_nothing(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(answering()) as server:
        async with calling(f"https://127.0.0.1:{server.port}", verify=trusting) as api:
            exchange = await reset(api)

    assert isinstance(exchange, NotSent)
    assert exchange.kind is NotSentKind.TLS
    assert server.requests == []


def close_at_once(wire: Wire) -> None:
    """Before the handshake."""


def speak_in_clear(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    wire.wait_until_the_client_leaves()


@pytest.mark.parametrize(
    ("behave", "kind"),
    [
        pytest.param(close_at_once, None, id="closed"),
        pytest.param(reset_before_reading, None, id="reset"),
        pytest.param(speak_in_clear, NotSentKind.TLS, id="no TLS"),
    ],
)
async def test_a_handshake_that_fails_sent_nothing(
    calling: Calling, behave: Behaviour, kind: NotSentKind | None, trusting: ssl.SSLContext
) -> None:
    with raw_server(behave, tls=False) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)

    assert isinstance(exchange, NotSent)
    assert kind in {exchange.kind, None}


async def test_a_handshake_that_does_not_end_in_time_sent_nothing(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(Wire.wait_until_the_client_leaves, tls=False) as server:
        async with calling(server.url, verify=trusting, timeout_seconds=0.2) as api:
            exchange = await reset(api)
    assert exchange == NotSent(kind=NotSentKind.CONNECT, detail="no connection in time")


async def test_a_kept_connection_that_the_server_closed_is_no_false_failure(
    calling: Calling, trusting: ssl.SSLContext
) -> None:
    """Either it is seen and another is made, or the answer is lost; never not sent."""

    def answer_once(wire: Wire) -> None:
        wire.read_request()
        wire.answer(body=b"{}")

    with raw_server(answer_once) as server:
        async with calling(server.url, verify=trusting) as api:
            for _ in range(10):
                exchange = await reset(api)
                assert isinstance(exchange, Answered | Lost)
                if isinstance(exchange, Answered):
                    assert exchange.status == 200
    assert len(server.requests) >= 1


async def test_a_kept_connection_that_closes_on_the_next_request_is_lost(
    calling: Calling, trusting: ssl.SSLContext
) -> None:
    """It was received twice; the second time nobody said what became of it."""

    def answer_once_and_read_on(wire: Wire) -> None:
        wire.read_request()
        wire.answer(body=b"{}")
        wire.read_request()

    with raw_server(answer_once_and_read_on) as server:
        async with calling(server.url, verify=trusting) as api:
            first, second = await reset(api), await reset(api)

    assert isinstance(first, Answered)
    assert second == Lost(kind=LossKind.CONNECTION, detail="the connection was closed before an answer came")
    assert len(server.requests) == 2
    assert server.accepted == 1


async def test_a_header_that_cannot_be_sent_shows_nothing_of_the_token(
    calling: Calling, trusting: ssl.SSLContext
) -> None:
    with raw_server(answering()) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api, token="canary\nX-Other: 1")

    assert isinstance(exchange, Lost | NotSent)
    assert "canary" not in repr(exchange)
    assert server.requests == []
