"""Whose answer it is, and what is not understood: nothing is believed that may be another request's."""

import datetime as dt
import ssl
from pathlib import Path

import httpx
import pytest
from local_tls import write_ca_file
from partner_center_caller import (
    CORRELATION_ID,
    PASSWORD,
    REQUEST_ID,
    TRANSPORTS,
    Calling,
    WallClock,
    forget_proxies,
    reset,
)
from raw_tls_server import Wire, answering, raw_server

from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.core.exchange import Answered, LossKind, Lost
from batchreset.net import tls_context, transport_of
from batchreset.net.over_httpx import HttpxTransport

pytestmark = pytest.mark.anyio


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


OTHERS = {"MS_CorrelationId": "99999999-7777-4888-8999-000000000000", "MS_RequestId": REQUEST_ID}
OURS = {"MS_CorrelationId": CORRELATION_ID.upper(), "MS_RequestId": REQUEST_ID}
LEFTOVER = b'{"code":"2032","description":"denied"}'


@pytest.mark.parametrize("leftover", ["403 Forbidden", "404 Not Found", "429 Too Many Requests", "200 OK"])
async def test_an_answer_too_many_is_not_taken_for_the_next_requests(
    calling: Calling, leftover: str, trusting: ssl.SSLContext
) -> None:
    """It would end a row that was set as refused, or one that was not as succeeded; its connection is given up."""

    def behave(wire: Wire) -> None:
        while wire.read_request():
            wire.answer("200 OK", b"", **OURS)
            if server.accepted == 1:
                wire.answer(leftover, LEFTOVER, **OTHERS)

    with raw_server(behave) as server:
        async with calling(server.url, verify=trusting, concurrency=1) as api:
            answers = [await reset(api) for _ in range(3)]
    ours = Answered(status=200, correlation_id=CORRELATION_ID.upper(), request_id=REQUEST_ID)
    lost = Lost(kind=LossKind.CUT_SHORT, detail="what came answers another request")
    # Seen before the next request goes, it costs nobody anything.
    assert sorted(answers, key=str) in ([ours] * 3, [ours, ours, lost])
    assert server.accepted == 2


async def test_a_service_with_ids_of_its_own_is_believed(calling: Calling, trusting: ssl.SSLContext) -> None:
    with raw_server(answering("403 Forbidden", LEFTOVER, **OTHERS)) as server:
        async with calling(server.url, verify=trusting) as api:
            for _ in range(2):
                answer = await reset(api)
                assert isinstance(answer, Answered)
                assert (answer.status, answer.correlation_id) == (403, OTHERS["MS_CorrelationId"])


class Stumbles(httpx.AsyncBaseTransport):
    """A transport that fails at something nobody has thought of."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise ValueError(request.headers["Authorization"])


async def test_whatever_httpx_stumbles_over_was_sent(trusting: ssl.SSLContext) -> None:
    transport = HttpxTransport(concurrency=1, timeout_seconds=1, verify=trusting, below=Stumbles())
    async with transport.open():
        api = PartnerCenterApi(transport, base_url="https://localhost", address=ResetAddress.USERS, clock=WallClock())
        assert await reset(api) == Lost(kind=LossKind.CUT_SHORT, detail="the answer could not be read (ValueError)")


class BrokenClock(WallClock):
    """Fails where an answer's words are looked at."""

    def now(self) -> dt.datetime:
        raise ValueError(PASSWORD)


@pytest.mark.parametrize(
    ("status", "said"),
    [("200 OK", ""), ("404 Not Found", "what the service said could not be read (ValueError)")],
    ids=["yes", "no"],
)
async def test_an_answer_whose_words_cannot_be_read_means_what_its_status_says(
    status: str, said: str, trusting: ssl.SSLContext
) -> None:
    transport = transport_of(concurrency=1, timeout_seconds=5, verify=trusting)
    with raw_server(answering(status, LEFTOVER)) as server:
        async with transport.open():
            api = PartnerCenterApi(transport, base_url=server.url, address=ResetAddress.USERS, clock=BrokenClock())
            assert await reset(api) == Answered(status=int(status[:3]), error_description=said)
