"""What goes over the wire, byte for byte, and what comes back, whatever its framing."""

import gzip
import io
import json
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_tls import write_ca_file
from partner_center_caller import (
    CORRELATION_ID,
    CUSTOMER,
    PASSWORD,
    REQUEST_ID,
    ROW,
    TOKEN,
    TRANSPORTS,
    USER,
    Calling,
    forget_proxies,
    reset,
)
from raw_tls_server import Behaviour, Wire, answering, raw_server

from batchreset.adapters.partner_center import ResetAddress
from batchreset.adapters.partner_center.requests import reset_body
from batchreset.core.exchange import Answered
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.net import tls_context

pytestmark = pytest.mark.anyio

ERROR = b'{"code":"3000","description":"invalid property"}'


@pytest.fixture
def anyio_backend() -> str:
    """The program's own."""
    return "asyncio"


@pytest.fixture(params=TRANSPORTS)
def calling(request: pytest.FixtureRequest) -> Calling:
    """Over every transport that is kept."""
    return Calling(TRANSPORTS[request.param])


@pytest.fixture
def trusting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    forget_proxies(monkeypatch)
    return tls_context(write_ca_file(tmp_path))


def common_headers(port: int) -> dict[str, str]:
    return {
        "Host": f"localhost:{port}",
        "Accept": "application/json",
        "MS-Contract-Version": "v1",
        "MS-PartnerCenter-Application": "batchreset",
        "X-Locale": "en-US",
        "Authorization": f"Bearer {TOKEN}",
        "MS-RequestId": REQUEST_ID,
        "MS-CorrelationId": CORRELATION_ID,
    }


@pytest.mark.parametrize(
    ("address", "path"),
    [
        pytest.param(ResetAddress.RESET_PASSWORD, f"/v1/customers/{CUSTOMER}/users/{USER}/resetpassword", id="newer"),
        pytest.param(ResetAddress.USERS, f"/v1/customers/{CUSTOMER}/users/{USER}", id="older"),
    ],
)
@pytest.mark.parametrize("force", [True, False])
async def test_a_reset_is_the_documented_call(  # noqa: PLR0917  what it is told for
    calling: Calling,
    address: ResetAddress,
    path: str,
    force: bool,  # noqa: FBT001  both are sent
    trusting: ssl.SSLContext,
) -> None:
    row = PlannedRow(row=1, lane="*", customer_tenant_id=CUSTOMER, user_id=USER, force_change_password=force)
    with raw_server(answering()) as server:
        async with calling(server.url, verify=trusting, address=address) as api:
            await api.reset(
                row,
                Secret(PASSWORD),
                request_id=REQUEST_ID,
                correlation_id=CORRELATION_ID,
                token=Secret(TOKEN),
            )

    (request,) = server.requests
    body = (
        b'{"passwordProfile": {"password": "Zx9\\"\\\\kfj#3QpLm7*Ty", "forceChangePassword": %s},'
        b' "attributes": {"objectType": "CustomerUser"}}' % str(force).lower().encode()
    )
    assert request.line == f"PATCH {path} HTTP/1.1"
    assert request.headers == common_headers(server.port) | {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    assert request.body == body


async def test_a_look_is_a_get_that_asks_for_mfa(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(answering(body=b"{}", isMfaCompliant="true", MS_CorrelationId="c", MS_RequestId="r")) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await api.look(
                CUSTOMER, request_id=REQUEST_ID, correlation_id=CORRELATION_ID, token=Secret(TOKEN)
            )

    (request,) = server.requests
    assert request.line == f"GET /v1/customers/{CUSTOMER} HTTP/1.1"
    assert request.headers == common_headers(server.port) | {"ValidateMfa": "true"}
    assert request.body == b""
    assert exchange == Answered(status=200, mfa_compliant=True, correlation_id="c", request_id="r")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any library logs, as a program sees it that has set logging up for all of them."""
    shown, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(shown), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield shown
    root.setLevel(level)
    root.removeHandler(handler)


async def test_nothing_of_an_answer_is_logged_however_much_is_asked_for(
    calling: Calling, trusting: ssl.SSLContext, logged: io.StringIO
) -> None:
    """It repeats what was sent: in its reason phrase, in headers, and where it redirects to."""
    echoing = answering(f"400 {TOKEN}", b"{}", Server=TOKEN, Location=f"https://localhost/?{TOKEN}", X_Echo=TOKEN)
    with raw_server(echoing) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)
    logging.getLogger("another").debug("is logged")
    assert isinstance(exchange, Answered)
    assert "is logged" in logged.getvalue()
    assert TOKEN not in logged.getvalue() + repr(exchange)


async def test_a_base_address_with_a_path_keeps_it(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(answering()) as server:
        async with calling(f"{server.url}/gateway", verify=trusting) as api:
            await reset(api)
    assert server.requests[0].line == f"PATCH /gateway/v1/customers/{CUSTOMER}/users/{USER}/resetpassword HTTP/1.1"


async def test_a_cookie_is_not_carried_from_one_call_to_the_next(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(answering(Set_Cookie="affinity=1; Path=/")) as server:
        async with calling(server.url, verify=trusting, concurrency=1) as api:
            await reset(api)
            await reset(api)
    assert [request.headers.get("Cookie") for request in server.requests] == [None, None]


def chunked(status: str, *chunks: bytes) -> Behaviour:
    def behave(wire: Wire) -> None:
        wire.read_request()
        framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
        wire.send(f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + framed)
        wire.wait_until_the_client_leaves()

    return behave


def until_closed(head: bytes) -> Behaviour:
    def behave(wire: Wire) -> None:
        wire.read_request()
        wire.send(head)

    return behave


def after_informational_answers(wire: Wire) -> None:
    wire.read_request()
    wire.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
    wire.answer("400 Bad Request", ERROR)


REFUSED = Answered(status=400, error_code="3000", error_description="invalid property")
OK = Answered(status=200)


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        pytest.param(answering(), OK, id="empty success"),
        pytest.param(answering(body=b"\xef\xbb\xbf{\r\n}"), OK, id="success with a byte order mark"),
        pytest.param(answering(body=b"<html>"), OK, id="success in html"),
        pytest.param(answering("204 No Content"), Answered(status=204), id="no content"),
        pytest.param(answering(body=gzip.compress(b"{}"), Content_Encoding="gzip"), OK, id="success in gzip"),
        pytest.param(answering(body=b"no gzip", Content_Encoding="gzip"), OK, id="success in damaged gzip"),
        pytest.param(answering(body=b"x", Content_Encoding="unheard-of"), OK, id="success in an unknown coding"),
        pytest.param(chunked("200 OK", b"{", b"}"), OK, id="success in chunks"),
        pytest.param(until_closed(b"HTTP/1.1 200 OK\r\n\r\n{"), OK, id="success until closed"),
        pytest.param(until_closed(b"HTTP/1.0 200 OK\r\n\r\n"), OK, id="success of an old server"),
        pytest.param(answering("400 Bad Request", ERROR), REFUSED, id="refusal"),
        pytest.param(
            answering("400 Bad Request", gzip.compress(ERROR), Content_Encoding="gzip"), REFUSED, id="in gzip"
        ),
        pytest.param(
            answering("400 Bad Request", gzip.compress(gzip.compress(ERROR)), Content_Encoding="gzip, gzip"),
            REFUSED,
            id="in gzip in gzip",
        ),
        pytest.param(chunked("400 Bad Request", ERROR[:9], ERROR[9:]), REFUSED, id="refusal in chunks"),
        pytest.param(after_informational_answers, REFUSED, id="refusal after informational answers"),
        pytest.param(answering("400"), Answered(status=400), id="no reason phrase"),
        pytest.param(
            answering("429 Too Many Requests", b'{"statusCode":429,"message":"Try again"}', Retry_After="57"),
            Answered(status=429, error_code="429", error_description="Try again", retry_after_seconds=57.0),
            id="throttled",
        ),
        pytest.param(
            answering("401 Unauthorized", WWW_Authenticate='Bearer error="x", claims="eyJhY2Nlc3MiOjF9"'),
            Answered(status=401, claims="eyJhY2Nlc3MiOjF9"),
            id="a challenge",
        ),
        pytest.param(
            answering("503 Service Unavailable", b"<h1>busy</h1>"),
            Answered(status=503, error_description="<h1>busy</h1>"),
            id="a gateway",
        ),
    ],
)
async def test_an_answer_is_understood_in_every_framing(
    calling: Calling, behave: Behaviour, expected: Answered, trusting: ssl.SSLContext
) -> None:
    with raw_server(behave) as server:
        async with calling(server.url, verify=trusting) as api:
            assert await reset(api) == expected
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "status",
    ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"],
)
async def test_a_redirect_is_not_followed(calling: Calling, status: str, trusting: ssl.SSLContext) -> None:
    """The password goes nowhere but where it was to go."""
    with (
        raw_server(answering()) as elsewhere,
        raw_server(answering(status, Location=f"{elsewhere.url}/v1")) as server,
    ):
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)

    assert exchange == Answered(status=int(status[:3]))
    assert len(server.requests) == 1
    assert elsewhere.accepted == 0


@pytest.mark.parametrize("location", ["http://[", "//", "https://:0:0/", "\x7f", "mailto:x", ""])
async def test_a_redirect_to_nowhere_is_an_answer_too(
    calling: Calling, location: str, trusting: ssl.SSLContext
) -> None:
    with raw_server(answering("307 Temporary Redirect", Location=location)) as server:
        async with calling(server.url, verify=trusting) as api:
            assert await reset(api) == Answered(status=307)


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
async def test_no_more_of_a_body_is_read_than_is_of_use(
    calling: Calling, status: str, trusting: ssl.SSLContext
) -> None:
    """It never ends, and is left as soon as there is enough of it; what was read of it is the description's start."""
    sent: list[int] = []

    def pour(wire: Wire) -> None:
        wire.read_request()
        wire.send(f"HTTP/1.1 {status}\r\n\r\n".encode())
        while True:
            wire.send(b"x" * 65536)
            sent.append(65536)

    with raw_server(pour) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)

    assert isinstance(exchange, Answered)
    assert exchange.error_description == ("" if status == "200 OK" else "x" * 1024)
    # What the kernel holds on its way is beyond anybody's say.
    assert sum(sent) < 16 << 20


async def test_what_the_server_echoes_of_our_secrets_is_not_kept(calling: Calling, trusting: ssl.SSLContext) -> None:
    def echo(wire: Wire) -> None:
        request = wire.read_request()
        assert request is not None
        password = json.loads(request.body)["passwordProfile"]["password"]
        header = request.headers["Authorization"]
        body = json.dumps({"code": password, "description": f"{request.body.decode()} {header} {password}"})
        wire.answer(
            "400 Bad Request",
            body.encode(),
            MS_CorrelationId=password,
            MS_RequestId=header,
            WWW_Authenticate=f'{header}, claims="{TOKEN}"',
            Retry_After=password,
        )

    with raw_server(echo) as server:
        async with calling(server.url, verify=trusting) as api:
            exchange = await reset(api)

    assert isinstance(exchange, Answered)
    assert exchange.status == 400
    for secret in (PASSWORD, TOKEN):
        assert not [
            secret[start : start + 8] for start in range(len(secret) - 7) if secret[start : start + 8] in repr(exchange)
        ]


def test_a_body_is_json_whatever_the_password_is_made_of() -> None:
    for password in (PASSWORD, "é\u2028 \ud83d", "{}\r\n'", "x" * 256):
        body = json.loads(reset_body(Secret(password), force_change_password=ROW.force_change_password))
        assert body["passwordProfile"] == {"password": password, "forceChangePassword": True}
