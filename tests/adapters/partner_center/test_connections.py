"""Connections: kept and used again, through proxies as the environment says, trusting whom they should."""

import ssl
import threading
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import trustme
from local_tls import authority, write_ca_file
from partner_center_caller import TRANSPORTS, Calling, Make, forget_proxies, reset
from raw_tls_server import Wire, answering, free_port, raw_server

from batchreset.adapters.partner_center import PartnerCenterApi
from batchreset.core.exchange import Answered, Exchange, NotSent, NotSentKind
from batchreset.errors import ExitCode, SettingsError
from batchreset.net import tls_context

pytestmark = pytest.mark.anyio

AT_ONCE = 64
OK = Answered(status=200)


@pytest.fixture
def anyio_backend() -> str:
    """The program's own."""
    return "asyncio"


@pytest.fixture(params=TRANSPORTS)
def calling(request: pytest.FixtureRequest) -> Calling:
    """Over every transport that is kept."""
    return Calling(TRANSPORTS[request.param])


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_proxies(monkeypatch)


@pytest.fixture
def trusting(tmp_path: Path) -> ssl.SSLContext:
    return tls_context(write_ca_file(tmp_path))


async def at_once(api: PartnerCenterApi, requests: int) -> list[Exchange]:
    exchanges: list[Exchange] = []

    async def one() -> None:
        exchanges.append(await reset(api))

    async with anyio.create_task_group() as group:
        for _ in range(requests):
            group.start_soon(one)
    return exchanges


async def test_as_many_requests_as_asked_for_are_under_way_and_their_connections_are_kept(
    calling: Calling,
    trusting: ssl.SSLContext,
) -> None:
    """Nobody is answered before all are there; then the same 64 connections serve all that follow."""
    all_there = threading.Barrier(AT_ONCE)

    def behave(wire: Wire) -> None:
        wire.read_request()
        all_there.wait(10)
        wire.answer()
        answering()(wire)

    with raw_server(behave) as server:
        async with calling(server.url, verify=trusting, concurrency=AT_ONCE) as api:
            for _ in range(4):
                assert await at_once(api, AT_ONCE) == [OK] * AT_ONCE
    assert server.accepted == AT_ONCE
    assert len(server.requests) == 4 * AT_ONCE


@pytest.mark.parametrize("concurrency", [1, 3, 5])
async def test_few_connections_serve_many_requests(
    calling: Calling, concurrency: int, trusting: ssl.SSLContext
) -> None:
    with raw_server(answering(body=b"{}")) as server:
        async with calling(server.url, verify=trusting, concurrency=concurrency) as api:
            assert await at_once(api, 40) == [OK] * 40
    assert server.accepted <= 8


async def test_connections_are_closed_at_the_end(calling: Calling, trusting: ssl.SSLContext) -> None:
    left = threading.Event()

    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.answer()
        wire.wait_until_the_client_leaves()
        left.set()

    with raw_server(behave) as server:
        async with calling(server.url, verify=trusting) as api:
            assert await reset(api) == OK
            assert not left.is_set()
        assert left.wait(5)


async def test_a_request_that_is_given_up_takes_its_connection_with_it(
    calling: Calling, trusting: ssl.SSLContext
) -> None:
    """At once: an answer that comes all the same is nobody's."""
    asked, left = threading.Event(), threading.Event()

    def behave(wire: Wire) -> None:
        wire.read_request()
        if server.accepted == 1:
            asked.set()
            wire.wait_until_the_client_leaves()
            left.set()
        wire.answer()

    with raw_server(behave) as server:
        async with calling(server.url, verify=trusting, concurrency=1) as api:
            async with anyio.create_task_group() as group:
                group.start_soon(reset, api)
                await anyio.to_thread.run_sync(asked.wait, 5)
                group.cancel_scope.cancel()
            assert await anyio.to_thread.run_sync(left.wait, 5)
            assert await reset(api) == OK
    assert server.accepted == 2


@pytest.mark.parametrize("status", ["400 Bad Request", "429 Too Many Requests", "503 Service Unavailable"])
async def test_a_connection_is_used_again_after_a_refusal(
    calling: Calling, status: str, trusting: ssl.SSLContext
) -> None:
    with raw_server(answering(status, b'{"code":"1"}')) as server:
        async with calling(server.url, verify=trusting) as api:
            for _ in range(3):
                assert isinstance(await reset(api), Answered)
    assert server.accepted == 1


def tunnelling(port: int) -> "Proxy":
    return Proxy(port, "200 Connection established")


class Proxy:
    """Answers CONNECT, and when it is well carries the bytes to `port`."""

    def __init__(self, port: int, status: str) -> None:
        self._port = port
        self._status = status

    def __call__(self, wire: Wire) -> None:
        wire.read_request()
        wire.answer(self._status)
        if self._status.startswith("200"):
            wire.tunnel_to(self._port)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_proxy_of_the_environment_is_used(
    calling: Calling, variable: str, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told the host and nothing more: what goes through it is TLS with the service itself."""
    with raw_server(answering()) as server, raw_server(tunnelling(server.port), tls=False) as proxy:
        monkeypatch.setenv(variable, f"http://user:canary@localhost:{proxy.port}")
        async with calling(server.url, verify=trusting) as api:
            assert [await reset(api), await reset(api)] == [OK, OK]

    (connect,) = proxy.requests
    assert connect.line == f"CONNECT localhost:{server.port} HTTP/1.1"
    assert "Authorization" not in connect.headers
    assert connect.headers["Proxy-Authorization"].startswith("Basic ")
    assert len(server.requests) == 2
    assert "Proxy-Authorization" not in server.requests[0].headers


@pytest.mark.parametrize("exempt", ["localhost", "*", "example.org,localhost"])
async def test_a_host_that_the_environment_exempts_is_reached_directly(
    calling: Calling, exempt: str, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(answering()) as server, raw_server(tunnelling(server.port), tls=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://localhost:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", exempt)
        async with calling(server.url, verify=trusting) as api:
            assert await reset(api) == OK
    assert proxy.accepted == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
async def test_a_proxy_that_refuses_sent_nothing(
    calling: Calling, status: str, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(answering()) as server, raw_server(Proxy(server.port, status), tls=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@localhost:{proxy.port}")
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)

    named = f"the proxy localhost:{proxy.port} (HTTPS_PROXY)"
    assert exchange == NotSent(kind=NotSentKind.PROXY, detail=f"{named} refused the connection ({status[:3]})")
    assert len(proxy.requests) == 1
    assert server.accepted == 0


async def test_a_proxy_that_is_not_there_sent_nothing(
    calling: Calling, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@localhost:{port}")
    with raw_server(answering()) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)
    said = f"the connection was refused, by way of the proxy localhost:{port} (HTTPS_PROXY)"
    assert exchange == NotSent(kind=NotSentKind.CONNECT, detail=said)


@pytest.mark.parametrize(
    "proxy", ["ftp://user:canary@proxy", "socks5://user:canary@proxy", "http://user:canary@proxy:port"]
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("make", TRANSPORTS.values(), ids=TRANSPORTS)
def test_a_proxy_that_cannot_be_used_is_refused_and_not_shown(  # noqa: PLR0917  what it is told for
    make: Make, variable: str, proxy: str, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(SettingsError, match="HTTPS_PROXY or ALL_PROXY") as caught:
        make(concurrency=1, timeout_seconds=1, verify=trusting)
    assert "canary" not in "\n".join(caught.value.lines())


async def test_a_service_behind_a_proxy_must_be_trusted_all_the_same(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(answering()) as server, raw_server(tunnelling(server.port), tls=False) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://localhost:{proxy.port}")
        async with calling(server.url, verify=tls_context("")) as api:
            exchange = await reset(api)

    assert isinstance(exchange, NotSent)
    assert exchange.kind is NotSentKind.TLS
    assert server.requests == []


async def test_the_environments_trust_is_honoured(
    calling: Calling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", write_ca_file(tmp_path))
    with raw_server(answering()) as server:
        async with calling(server.url, verify=tls_context("")) as api:
            assert await reset(api) == OK


async def test_a_ca_file_stands_beside_the_environments_trust(
    calling: Calling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another authority in `ca_file` takes nothing away."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("SSL_CERT_FILE", write_ca_file(tmp_path))
    with raw_server(answering()) as server:
        async with calling(server.url, verify=tls_context(str(other))) as api:
            assert await reset(api) == OK


async def test_a_ca_file_may_be_named_from_the_home_folder(
    calling: Calling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ca_file(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with raw_server(answering()) as server:
        async with calling(server.url, verify=tls_context("~/ca.pem")) as api:
            assert await reset(api) == OK


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"", "holds no certificate", id="empty"),
        pytest.param(b"\x00\xff hello", "holds no certificate", id="garbage"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate", id="damaged"
        ),
        pytest.param(authority().private_key_pem.bytes(), "holds no certificate", id="a key"),
    ],
)
def test_a_ca_file_that_cannot_be_used_is_refused(content: bytes | None, why: str, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError, match=why) as caught:
        tls_context(str(path))

    assert str(path) in caught.value.what
    assert caught.value.exit_code is ExitCode.REFUSED
    assert "PEM" in caught.value.next_step


@pytest.mark.parametrize("path", ["/", "~nobody-of-that-name/ca.pem", "a\0b"])
def test_a_ca_file_that_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(SettingsError, match=r"\[partner_center\] ca_file: "):
        tls_context(path)


async def test_the_keys_of_the_traffic_are_written_nowhere(
    calling: Calling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would honour SSLKEYLOGFILE, and whoever holds a capture could read the passwords in it."""
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    with raw_server(answering()) as server:
        async with calling(server.url, verify=tls_context(write_ca_file(tmp_path))) as api:
            assert await reset(api) == OK
    assert not keys.exists() or all(line.startswith("#") for line in keys.read_text().splitlines())


def test_old_versions_of_tls_are_not_spoken() -> None:
    assert tls_context("").minimum_version is ssl.TLSVersion.TLSv1_2
