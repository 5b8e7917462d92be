"""Whatever the other side answers is understood or lost; no secret is kept of it, and what is kept can be written."""

import base64
import csv
import datetime as dt
import html
import io
import json
import sqlite3
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_tls import write_ca_file
from mutations import Change, changes
from partner_center_caller import PASSWORD, TOKEN, Calling, forget_proxies, reset
from raw_tls_server import RawServer, Wire, raw_server

from batchreset.adapters.partner_center.answers import answered
from batchreset.adapters.partner_center.documents import Unreadable, page_of, parsed, user_of
from batchreset.adapters.signin.refusals import Refusal, refusal_error
from batchreset.core.exchange import Answered, Exchange, Lost
from batchreset.core.secret import Secret
from batchreset.net import tls_context

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
SECRETS = (PASSWORD, TOKEN)
MOST_SECONDS = 5.0
Write = Callable[[str], str]

WRITINGS: list[Write] = [
    str,
    lambda text: json.dumps(text)[1:-1],
    lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    html.escape,
    lambda text: urllib.parse.quote(text, safe=""),
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: text.encode().hex(),
    lambda text: text.encode().hex(" "),
    lambda text: str(list(text.encode())),
    lambda text: text[3:-2],
    str.swapcase,
    "\u200b".join,
]
text = st.text(st.characters(categories=None), max_size=40)
echoes = st.builds(lambda secret, write: write(secret), st.sampled_from(SECRETS), st.sampled_from(WRITINGS))
said = st.lists(text | echoes, max_size=3).map(" ".join)
"""What a service may say: anything, and in the middle of it what it was sent."""
values = st.recursive(
    said | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(said, inner, max_size=3),
    max_leaves=6,
)
NAMES = ["code", "statusCode", "description", "message", "data", "source", "error", "error_description", "error_codes"]
documents = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1", "cp037"])


def encoded(content: str, encoding: str) -> bytes:
    return content.encode(encoding, "replace")


bodies = st.one_of(
    st.binary(max_size=200),
    documents.map(lambda document: json.dumps(document).encode()),
    documents.map(lambda document: json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")),
    st.builds(encoded, said, encodings),
    st.builds(lambda said, times: (said * times).encode("utf-8", "replace"), said, st.sampled_from([1, 50, 5_000])),
    st.builds(lambda change, document: change(json.dumps(document).encode()), changes(), documents),
)
headers = st.dictionaries(
    st.sampled_from(
        ["MS-RequestId", "MS-CorrelationId", "Retry-After", "WWW-Authenticate", "isMfaCompliant", "Server"]
    ),
    said | echoes.map(lambda echo: f'Bearer claims="{base64.b64encode(echo.encode()).decode()}"'),
)


def views(kept: str) -> Iterator[str]:
    """As a reader could see it, without great effort."""
    yield from (kept, html.unescape(kept), urllib.parse.unquote(kept), kept.replace("\\", ""))
    yield from (kept.swapcase(), kept.replace("\u200b", ""))


def no_secret_in(kept: str) -> None:
    for secret in SECRETS:
        for start in range(len(secret) - 7):
            piece = secret[start : start + 8]
            assert not any(piece in view for view in views(kept)), (piece, kept)
        assert base64.b64encode(secret.encode()).decode()[:-4] not in kept
        assert secret.encode().hex() not in kept


def can_be_written(kept: list[str]) -> None:
    assert all(value.isprintable() for value in kept)
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE TABLE kept (value TEXT) STRICT")
        database.executemany("INSERT INTO kept VALUES (?)", [(value,) for value in kept])
        assert [value for (value,) in database.execute("SELECT value FROM kept ORDER BY rowid")] == kept
    finally:
        database.close()
    written = io.StringIO()
    csv.writer(written).writerow(kept)
    assert next(csv.reader([written.getvalue()]), []) == kept


def understood(status: int, named: dict[str, str], body: bytes) -> None:
    given_headers = httpx.Headers([(name.encode(), value.encode("utf-8", "replace")) for name, value in named.items()])
    began = time.process_time()
    answer = answered(status, given_headers, body, secrets=tuple(map(Secret, SECRETS)), now=NOW)
    assert time.process_time() - began < MOST_SECONDS
    kept = [answer.error_code, answer.error_description, answer.correlation_id or "", answer.request_id or ""]
    assert all(len(value) <= most for value, most in zip(kept, (64, 1024, 128, 128), strict=True))
    can_be_written(kept)
    for value in (*kept, answer.claims or "", base64.b64decode(answer.claims or "").decode("utf-8", "replace")):
        no_secret_in(value)
    assert answer.retry_after_seconds is None or 0 <= answer.retry_after_seconds < float("inf")
    assert not (200 <= status < 300 and (answer.error_code or answer.error_description))


def refused_or_not(document: dict[str, object]) -> None:
    refusal = Refusal.of(document, secrets=tuple(map(Secret, SECRETS)))
    if refusal is not None:
        error = refusal_error(refusal)
        assert all(line.isprintable() and len(line) < 3_000 for line in error.lines())
        for value in (refusal.error, refusal.description, *error.lines()):
            # Nobody respells a token, and what a sign-in is shown are tokens.
            if all(secret.swapcase() not in value and "\u200b" not in value for secret in SECRETS):
                no_secret_in(value)


def read_or_unreadable(body: bytes) -> None:
    for read in (user_of, lambda found: page_of(found, user_of)):
        try:
            found = read(parsed(body, masking=TOKEN))
        except Unreadable as unreadable:
            told = str(unreadable)
        else:
            told = repr(found)
        assert TOKEN not in told


@given(st.integers(100, 999), headers, bodies)
@settings(deadline=None, max_examples=60)
def test_any_answer_is_understood_and_no_secret_kept(status: int, named: dict[str, str], body: bytes) -> None:
    understood(status, named, body)


@given(documents, bodies)
@settings(deadline=None, max_examples=40)
def test_any_refusal_and_any_list_is_read_or_not(document: dict[str, object], body: bytes) -> None:
    refused_or_not(document)
    read_or_unreadable(body)


@pytest.mark.torture
@given(st.integers(100, 999), headers, bodies)
@settings(deadline=None, max_examples=5_000)
def test_any_of_many_more_answers_is_understood(status: int, named: dict[str, str], body: bytes) -> None:
    understood(status, named, body)


@pytest.mark.torture
@given(documents, bodies)
@settings(deadline=None, max_examples=3_000)
def test_any_of_many_more_refusals_and_lists_is_read_or_not(document: dict[str, object], body: bytes) -> None:
    refused_or_not(document)
    read_or_unreadable(body)


@dataclass
class Saying:
    """A service that answers with the same bytes, whatever they are, and hangs up."""

    response: bytes = b""
    trusting: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def __call__(self, wire: Wire) -> None:
        if wire.read_request():
            wire.send(self.response)


SOUND = [
    b"HTTP/1.1 400 %s\r\nContent-Type: application/json\r\nMS-RequestId: %s\r\nContent-Length: %d\r\n\r\n"
    b'{"code": "3000", "description": "%s"}'
    % (PASSWORD.encode(), TOKEN.encode(), 35 + len(PASSWORD), PASSWORD.encode()),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: %s\r\n\r\n2\r\n{}\r\n0\r\nX-Late: %s\r\n\r\n"
    % (TOKEN.encode(), TOKEN.encode()),
    b"HTTP/1.1 302 %s\r\nLocation: https://localhost/?password=%s\r\nWWW-Authenticate: Bearer %s\r\n\r\n"
    % (TOKEN.encode(), PASSWORD.encode(), TOKEN.encode()),
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 503 Busy\r\nRetry-After: %s\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b"
    % TOKEN.encode(),
]


@pytest.fixture(scope="module")
def saying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Saying, RawServer]]:
    service = Saying(trusting=tls_context(write_ca_file(tmp_path_factory.mktemp("trust"))))
    with raw_server(service) as server, pytest.MonkeyPatch.context() as patch:
        forget_proxies(patch)
        yield service, server


def come_to_something(service: Saying, server: RawServer, response: bytes) -> Exchange:
    service.response = response
    server.requests.clear()

    async def ask() -> Exchange:
        async with Calling()(server.url, verify=service.trusting, timeout_seconds=5, concurrency=1) as api:
            return await reset(api)

    exchange = anyio.run(ask)
    assert isinstance(exchange, Answered | Lost)
    no_secret_in(repr(exchange))
    if isinstance(exchange, Lost):
        assert exchange.detail
        assert exchange.detail != "no whole answer in time"
    return exchange


@given(st.sampled_from(SOUND), changes())
@settings(deadline=None, max_examples=25)
def test_any_bytes_on_the_wire_come_to_something(
    saying: tuple[Saying, RawServer], sound: bytes, change: Change
) -> None:
    come_to_something(*saying, change(sound))


@pytest.mark.torture
@given(st.sampled_from(SOUND), changes())
@settings(deadline=None, max_examples=1_000)
def test_any_of_many_more_bytes_on_the_wire_come_to_something(
    saying: tuple[Saying, RawServer], sound: bytes, change: Change
) -> None:
    come_to_something(*saying, change(sound))


def test_the_sound_ones_are_answers(saying: tuple[Saying, RawServer]) -> None:
    came = [come_to_something(*saying, sound) for sound in SOUND]
    assert [answer.status for answer in came if isinstance(answer, Answered)] == [400, 200, 302, 503]
