"""Every way in which httpx can fail is translated, and only those before the first byte count as not sent."""

import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest

from batchreset.core.exchange import LossKind, Lost, NotSent, NotSentKind
from batchreset.net.failures import failure

BEFORE_THE_FIRST_BYTE = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
}
CANARY = "https://user:canary@proxy.example.org/Bearer canary"


def with_subclasses(kind: type[httpx.TransportError]) -> Iterator[type[httpx.TransportError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from with_subclasses(narrower)


EVERY_KIND = sorted(set(with_subclasses(httpx.TransportError)), key=lambda kind: kind.__name__)


def test_the_kinds_that_are_told_apart_are_all_there() -> None:
    """A newer httpx that adds one is noticed: it has to be thought about."""
    assert [kind.__name__ for kind in EVERY_KIND] == [
        "CloseError",
        "ConnectError",
        "ConnectTimeout",
        "LocalProtocolError",
        "NetworkError",
        "PoolTimeout",
        "ProtocolError",
        "ProxyError",
        "ReadError",
        "ReadTimeout",
        "RemoteProtocolError",
        "TimeoutException",
        "TransportError",
        "UnsupportedProtocol",
        "WriteError",
        "WriteTimeout",
    ]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_only_what_ends_before_the_first_byte_is_not_sent(kind: type[httpx.TransportError]) -> None:
    exchange = failure(kind(CANARY))

    assert isinstance(exchange, NotSent if kind in BEFORE_THE_FIRST_BYTE else Lost)
    assert exchange.detail
    assert "canary" not in repr(exchange)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(httpx.ReadTimeout(""), LossKind.TIMEOUT, id="reading"),
        pytest.param(httpx.WriteTimeout(""), LossKind.TIMEOUT, id="writing"),
        pytest.param(httpx.WriteError(""), LossKind.CONNECTION, id="write error"),
        pytest.param(
            httpx.RemoteProtocolError("peer closed without sending complete message body"), LossKind.CUT_SHORT, id="cut"
        ),
        pytest.param(
            httpx.RemoteProtocolError("Server disconnected without sending a response."),
            LossKind.CONNECTION,
            id="closed",
        ),
        pytest.param(httpx.RemoteProtocolError("illegal status line"), LossKind.CUT_SHORT, id="not HTTP"),
        pytest.param(httpx.DecodingError("canary"), LossKind.CUT_SHORT, id="not decoded"),
        pytest.param(ssl.SSLError(1, "canary"), LossKind.CONNECTION, id="TLS after the handshake"),
    ],
)
def test_a_lost_answer_is_told_by_how_it_was_lost(
    error: httpx.TransportError | httpx.DecodingError | ssl.SSLError, expected: LossKind
) -> None:
    exchange = failure(error)

    assert isinstance(exchange, Lost)
    assert exchange.kind is expected
    assert "canary" not in repr(exchange)


def caused(error: httpx.TransportError, cause: BaseException) -> httpx.TransportError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "kind", "detail"),
    [
        pytest.param(ssl.SSLError(1, "x"), NotSentKind.TLS, "TLS failed", id="tls"),
        pytest.param(socket.gaierror(-2, "x"), NotSentKind.CONNECT, "could not be resolved", id="name"),
        pytest.param(ConnectionRefusedError(), NotSentKind.CONNECT, "refused", id="refused"),
        pytest.param(OSError(101, "x"), NotSentKind.CONNECT, "no route", id="network"),
        pytest.param(OSError(113, "x"), NotSentKind.CONNECT, "no route", id="host"),
        pytest.param(OSError(99, "x"), NotSentKind.CONNECT, "no connection could be made", id="another"),
        pytest.param(
            ExceptionGroup("all addresses", [OSError(99, "x"), ConnectionRefusedError()]),
            NotSentKind.CONNECT,
            "refused",
            id="several addresses",
        ),
    ],
)
def test_a_connection_that_was_not_made_says_why(cause: Exception, kind: NotSentKind, detail: str) -> None:
    exchange = failure(caused(httpx.ConnectError("x"), caused(httpx.ConnectError("y"), cause)))

    assert isinstance(exchange, NotSent)
    assert exchange.kind is kind
    assert detail in exchange.detail


def test_a_handshake_that_ran_out_of_time_is_no_refusal_of_tls() -> None:
    """Waiting for the other side is an SSLWantReadError to Python, and stands in the chain."""
    exchange = failure(caused(httpx.ConnectTimeout("x"), ssl.SSLWantReadError(2, "x")))
    assert exchange == NotSent(kind=NotSentKind.CONNECT, detail="no connection in time")


def test_causes_that_go_in_a_circle_come_to_an_end() -> None:
    error = httpx.ConnectError("x")
    assert failure(caused(error, caused(httpx.ConnectError("y"), error))) == NotSent(
        detail="no connection could be made"
    )


def test_a_certificate_that_only_the_text_tells_of_is_tls() -> None:
    exchange = failure(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] canary"))
    assert exchange == NotSent(kind=NotSentKind.TLS, detail="the secure connection was refused")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("HTTPS_PROXY", "http://user:canary@proxy.example.org:3128", "proxy.example.org:3128 (HTTPS_PROXY)"),
        ("all_proxy", "proxy.example.org:3128", "proxy.example.org:3128 (all_proxy)"),
        ("NO_PROXY", "service.example.org", None),
    ],
)
def test_a_proxy_that_is_dead_is_named_instead_of_the_service(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str | None
) -> None:
    if name == "NO_PROXY":
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org")
    monkeypatch.setenv(name, value)
    asked = httpx.Request("GET", "https://service.example.org/")
    refused = httpx.ConnectError("x", request=asked)
    refused.__cause__ = ConnectionRefusedError()
    unsent = failure(refused)
    assert unsent.detail == "the connection was refused" + (f", by way of the proxy {shown}" if shown else "")
    answered = failure(httpx.ProxyError("canary", request=asked))
    assert answered.detail == f"the proxy{f' {shown}' if shown else ''} refused the connection"
