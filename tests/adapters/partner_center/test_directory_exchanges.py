"""Reading the directory over TLS: what is sent, what is taken from the answer, and nothing that must not be kept."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import anyio
import pytest
from local_tls import write_ca_file
from partner_center_caller import CORRELATION_ID, CUSTOMER, REQUEST_ID, TOKEN, USER, WallClock, forget_proxies
from raw_tls_server import Behaviour, RawServer, Wire, answering, raw_server

from batchreset.adapters.partner_center import PartnerCenterDirectory
from batchreset.adapters.partner_center.directory import LIST_MOST_BYTES
from batchreset.core.directory import Call, Page, Read, UserFacts
from batchreset.core.exchange import Answered, LossKind, Lost, NotSent
from batchreset.core.secret import MASK, Secret
from batchreset.net import tls_context, transport_of

T = TypeVar("T")
PASSWORD = 'Zx9"\\kfj#3QpLm7*Ty'
USER_BODY: dict[str, Any] = {
    "id": USER,
    "userPrincipalName": "d@c.example",
    "displayName": "Daniel",
    "state": "active",
    "passwordProfile": {"password": PASSWORD, "forceChangePassword": True},
}
CALL = Call(request_id=REQUEST_ID, correlation_id=CORRELATION_ID, token=Secret(TOKEN))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_proxies(monkeypatch)


@contextlib.asynccontextmanager
async def reading(url: str, ca_file: str) -> AsyncIterator[PartnerCenterDirectory]:
    transport = transport_of(concurrency=2, timeout_seconds=5, verify=tls_context(ca_file))
    async with transport.open():
        yield PartnerCenterDirectory(transport, base_url=url, clock=WallClock())


def asked(
    tmp_path: Path, behave: Behaviour, ask: Callable[[PartnerCenterDirectory], Coroutine[Any, Any, T]]
) -> tuple[T, RawServer]:
    """What one call came to, and what the server saw."""

    async def main() -> T:
        async with reading(server.url, write_ca_file(tmp_path)) as directory:
            return await ask(directory)

    with raw_server(behave) as server:
        return anyio.run(main), server


def the_user(directory: PartnerCenterDirectory) -> Coroutine[Any, Any, Read[UserFacts]]:
    return directory.user(CUSTOMER, USER, call=CALL)


def the_users(directory: PartnerCenterDirectory) -> Coroutine[Any, Any, Read[Page[UserFacts]]]:
    return directory.users(CUSTOMER, None, call=CALL)


def as_json(document: object) -> bytes:
    return b"\xef\xbb\xbf" + json.dumps(document, indent=2).replace("\n", "\r\n").encode()


LIST = as_json({"items": [], "links": {}})


@pytest.mark.parametrize(
    ("ask", "path", "continuation"),
    [
        (lambda d: d.customers(None, call=CALL), "/v1/customers?size=500", None),
        (lambda d: d.customers("a+b=", call=CALL), "/v1/customers?size=500&seekOperation=Next", "a+b="),
        (lambda d: d.users(CUSTOMER, None, call=CALL), f"/v1/customers/{CUSTOMER}/users?size=500", None),
        (
            lambda d: d.users(CUSTOMER, "x", call=CALL),
            f"/v1/customers/{CUSTOMER}/users?size=500&seekOperation=Next",
            "x",
        ),
        (lambda d: d.user(CUSTOMER, USER, call=CALL), f"/v1/customers/{CUSTOMER}/users/{USER}", None),
        (
            lambda d: d.directory_roles(CUSTOMER, USER, call=CALL),
            f"/v1/customers/{CUSTOMER}/users/{USER}/directoryroles",
            None,
        ),
    ],
    ids=["customers", "next customers", "users", "next users", "user", "roles"],
)
def test_the_documented_request_is_sent(
    tmp_path: Path, ask: Callable[[PartnerCenterDirectory], Any], path: str, continuation: str | None
) -> None:
    _, server = asked(tmp_path, answering(body=LIST), ask)
    (request,) = server.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert request.line == f"GET {path} HTTP/1.1"
    assert request.body == b""
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert (headers["ms-requestid"], headers["ms-correlationid"]) == (REQUEST_ID, CORRELATION_ID)
    assert (headers["accept"], headers["ms-contract-version"]) == ("application/json", "v1")
    assert headers.get("ms-continuationtoken") == continuation
    assert "content-type" not in headers


def test_a_user_is_read_and_its_password_is_nowhere(tmp_path: Path) -> None:
    read, _ = asked(tmp_path, answering(body=as_json(USER_BODY)), the_user)
    assert read.found == UserFacts(
        user_id=USER, user_principal_name="d@c.example", display_name="Daniel", state="active"
    )
    assert PASSWORD not in repr(read)
    assert isinstance(read.exchange, Answered)
    assert (read.exchange.status, read.exchange.error_description) == (200, "")


def test_a_token_that_the_other_side_puts_into_a_name_is_masked(tmp_path: Path) -> None:
    body = as_json({**USER_BODY, "displayName": f"Bearer {TOKEN[:100]} {TOKEN}"})
    read, _ = asked(tmp_path, answering(body=as_json({**USER_BODY, "displayName": f"x {TOKEN} y"})), the_user)
    assert read.found is not None
    assert read.found.display_name == f"x {MASK} y"
    assert TOKEN not in repr(asked(tmp_path, answering(body=body), the_user)[0])


def test_an_answer_about_another_user_is_unreadable(tmp_path: Path) -> None:
    body = as_json({**USER_BODY, "id": CUSTOMER})
    read, _ = asked(tmp_path, answering(body=body), the_user)
    assert (read.found, read.unreadable) == (None, "it is about another user")


@pytest.mark.parametrize(
    ("status", "body"),
    [("404 Not Found", b'{"code":"60002","description":"no such user"}'), ("503 Down", b"<html>")],
)
def test_what_is_no_success_is_an_exchange_alone(tmp_path: Path, status: str, body: bytes) -> None:
    read, _ = asked(tmp_path, answering(status, body), the_user)
    assert (read.found, read.unreadable) == (None, "")
    assert isinstance(read.exchange, Answered)
    assert read.exchange.status == int(status[:3])


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    read, server = asked(tmp_path, answering("302 Found", b"", Location="https://evil.example/"), the_user)
    assert isinstance(read.exchange, Answered)
    assert (read.exchange.status, len(server.requests)) == (302, 1)


def test_a_page_of_five_hundred_users_is_read_whole(tmp_path: Path) -> None:
    """Two megabytes: more than what is read of any other answer."""
    some = {**USER_BODY, "padding": "x" * 4000}
    read, _ = asked(tmp_path, answering(body=as_json({"items": [some] * 500})), the_users)
    assert read.found is not None
    assert len(read.found.items) == 500


def test_a_body_without_end_is_read_no_further_than_the_bound(tmp_path: Path) -> None:
    sent: list[int] = []

    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
        while True:
            wire.send(chunk)
            sent.append(1)

    read, _ = asked(tmp_path, behave, the_users)
    assert read.unreadable == f"it is longer than {LIST_MOST_BYTES >> 20} MiB"
    assert len(sent) < 2 * LIST_MOST_BYTES >> 20


def test_an_answer_that_is_cut_short_is_lost_and_a_server_that_is_not_there_is_not_sent(tmp_path: Path) -> None:
    def cut(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + as_json(USER_BODY))

    read, server = asked(tmp_path, cut, the_user)
    assert read == Read(exchange=Lost(kind=LossKind.CUT_SHORT, detail="the answer was cut short"))

    async def nobody() -> Read[UserFacts]:
        async with reading(server.url, write_ca_file(tmp_path)) as directory:
            return await the_user(directory)

    assert isinstance(anyio.run(nobody).exchange, NotSent)
