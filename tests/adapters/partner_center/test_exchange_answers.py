"""An answer is understood whatever its body is, and nothing that we sent is kept of it."""

import base64
import datetime as dt
import html
import json
import re
import urllib.parse
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from partner_center_caller import PASSWORD, TOKEN

from batchreset.adapters.partner_center.answers import answered
from batchreset.core.classify import Verdict, classify
from batchreset.core.exchange import Answered
from batchreset.core.secret import MASK, Secret

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
SECRETS = (Secret(PASSWORD), Secret(TOKEN))
WITH_SYMBOLS = "#a?%B?*c?/D?:e?_g"
"""A password of this program's own symbols, hardly two letters in a row, and a `/` in every part of its base64."""


def said(status: int = 400, body: bytes | str = b"", **headers: str) -> Answered:
    """`_` in a header's name stands for `-`."""
    return answered(
        status,
        httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}),
        body.encode() if isinstance(body, str) else body,
        secrets=(*SECRETS, Secret(WITH_SYMBOLS)),
        now=NOW,
    )


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("body", "code", "description"),
    [
        pytest.param('{"code":"3000","description":"invalid property"}', "3000", "invalid property", id="documented"),
        pytest.param('{"code":2032,"description":"denied","data":[],"source":"x"}', "2032", "denied", id="number"),
        pytest.param('\ufeff{\r\n  "code": "400",\r\n  "description": "a"\r\n}', "400", "a", id="byte order mark"),
        pytest.param(
            '{"statusCode":429,"message":"Try again in 57 seconds."}',
            "429",
            "Try again in 57 seconds.",
            id="throttling",
        ),
        pytest.param('{"code":"1","description":"","message":"m"}', "1", "m", id="empty description"),
        pytest.param('{"code":null,"description":null}', "", "", id="nulls"),
        pytest.param('{"code":{"a":1},"description":["b"]}', "", "", id="other shapes"),
        pytest.param("{}", "", "", id="empty object"),
        pytest.param("", "", "", id="empty"),
        pytest.param("  \r\n ", "", "", id="blank"),
        pytest.param("<html>\r\n<h1>502 Bad Gateway</h1>", "", "<html> <h1>502 Bad Gateway</h1>", id="html"),
        pytest.param('["a"]', "", '["a"]', id="list"),
        pytest.param("7" * 5000, "", "7" * 1024, id="a number of 5000 digits"),
        pytest.param('{"code":1e999,"description":NaN}', "inf", "nan", id="no numbers of JSON"),
        pytest.param('{"code":"' + "9" * 100 + '"}', "9" * 64, "", id="long code"),
        pytest.param(json.dumps({"description": "x" * 2000}), "", "x" * 1024, id="long description"),
        pytest.param(json.dumps({"description": "a\x1b[31m\x00\u2028b\r\n"}), "", "a [31m b", id="control characters"),
        pytest.param('{"code":"\\ud800","description":"a\\udfffb"}', "", "a b", id="half a surrogate pair"),
        pytest.param('{"description":"\\ud83d\\ude00"}', "", "😀", id="a whole one"),
        pytest.param(DEEP, "", "[" * 1024, id="nested without end"),
        pytest.param(
            '{"description":' + DEEP + "]" * 100_000 + "}",
            "",
            ('{"description":' + DEEP)[:1024],
            id="nested and closed",
        ),
        pytest.param(b"\xff\xfe{\x00}\x00", "", "", id="UTF-16"),
        pytest.param(b"caf\xe9", "", "caf\ufffd", id="not UTF-8"),
    ],
)
def test_an_error_is_read_in_every_shape(body: str | bytes, code: str, description: str) -> None:
    answer = said(400, body)
    assert (answer.status, answer.error_code, answer.error_description) == (400, code, description)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_nothing_of_a_successs_body_is_kept(status: int) -> None:
    answer = said(status, json.dumps({"code": "1", "description": "d", "passwordProfile": {"password": PASSWORD}}))
    assert answer == Answered(status=status)


@pytest.mark.parametrize(
    ("challenge", "claims"),
    [
        pytest.param(
            'Bearer error="insufficient_claims", claims="eyJhY2Nlc3MiOjF9"', "eyJhY2Nlc3MiOjF9", id="a challenge"
        ),
        pytest.param('Bearer claims="eyJhY2Nlc3M="', None, id="no JSON"),
        pytest.param('Bearer realm="", authorization_uri="https://x"', None, id="none"),
        pytest.param('Bearer claims=""', None, id="empty"),
        pytest.param('Bearer claims="' + "x" * 5000 + '"', None, id="too long"),
    ],
)
def test_a_claims_challenge_is_passed_on(challenge: str, claims: str | None) -> None:
    assert said(401, WWW_Authenticate=challenge).claims == claims


@pytest.mark.parametrize(
    ("value", "compliant"), [("true", True), ("True ", True), ("false", False), ("", None), ("perhaps", None)]
)
def test_mfa_compliance_is_what_the_header_says(value: str, compliant: bool | None) -> None:  # noqa: FBT001  a table
    assert said(200, isMfaCompliant=value).mfa_compliant is compliant
    assert said(200).mfa_compliant is None


def test_ids_are_taken_as_echoed() -> None:
    answer = said(200, MS_CorrelationId="c-1", ms_requestid="r-1")
    assert (answer.correlation_id, answer.request_id) == ("c-1", "r-1")
    assert said(200, MS_CorrelationId=" ", MS_RequestId="").correlation_id is None
    assert said(200, MS_CorrelationId="x" * 500).correlation_id == "x" * 128


def test_an_id_that_is_made_of_the_password_is_masked() -> None:
    digits = PASSWORD[:16].encode().hex()
    made = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    assert said(200, MS_RequestId=made).request_id == MASK
    letters = "61626364-6566-6768-696a-6b6c6d6e6f70"
    assert said(200, MS_RequestId=letters).request_id == letters


def pieces(text: str, characters: int) -> list[str]:
    return [text[start : start + characters] for start in range(len(text) - characters + 1)]


def without_json_escapes(text: str) -> str:
    """However many levels of JSON it went through."""
    return re.sub(r"\\+u([0-9A-Fa-f]{4})", lambda escape: chr(int(escape[1], 16)), text).replace("\\", "")


def dotnet(text: str) -> str:
    """As .NET writes JSON: what HTML could misread is escaped."""
    return "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in text)


WRITINGS: list[Callable[[str], str]] = [
    str,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(json.dumps(text))[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    dotnet,
    html.escape,
    lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    urllib.parse.quote,
    lambda text: urllib.parse.quote(text, safe=""),
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.b64encode(f"1{text}".encode()).decode(),
    lambda text: text.encode().hex(),
    lambda text: text[:-3],
    lambda text: text[4:],
]
PLACES: list[Callable[[str], Answered]] = [
    lambda echo: said(400, json.dumps({"code": "3000", "description": f"'{echo}' is too weak"})),
    lambda echo: said(400, '{"code":"3000","description":"' + echo + '"}'),
    lambda echo: said(400, json.dumps({"code": echo, "message": echo})),
    lambda echo: said(400, f"<p>{echo}</p>"),
    lambda echo: said(400, json.dumps([{"password": echo}])),
    lambda echo: said(400, '{"password":"' + echo),
    lambda echo: said(400, "x" * 1014 + echo),
    lambda echo: said(400, json.dumps({"code": "9" * 54 + echo})),
    lambda echo: said(200, MS_CorrelationId=echo, MS_RequestId="x" * 118 + echo),
    lambda echo: said(401, WWW_Authenticate=f'Bearer claims="{echo}"'),
    lambda echo: said(401, WWW_Authenticate=f"Bearer claims={json.dumps(echo)}"),
    lambda echo: said(429, Retry_After=echo),
]


@pytest.mark.parametrize(
    "secret",
    [pytest.param(PASSWORD, id="password"), pytest.param(WITH_SYMBOLS, id="symbols"), pytest.param(TOKEN, id="token")],
)
@pytest.mark.parametrize("place", range(len(PLACES)))
@pytest.mark.parametrize("writing", range(len(WRITINGS)))
def test_a_secret_that_is_echoed_is_in_no_field(secret: str, place: int, writing: int) -> None:
    """Neither whole nor a piece of eight characters of it, in whatever writing and wherever it is cut."""
    answer = PLACES[place](WRITINGS[writing](secret))

    fields = (answer.error_code, answer.error_description, answer.correlation_id, answer.request_id, answer.claims)
    for kept in filter(None, fields):
        for view in (kept, html.unescape(kept), urllib.parse.unquote(kept), without_json_escapes(kept)):
            assert not [piece for piece in (*pieces(secret, 8), *pieces(secret.replace("\\", ""), 8)) if piece in view]
        for encoded in (base64.b64encode(secret.encode()).decode(), secret.encode().hex()):
            assert not [piece for piece in pieces(encoded, 16) if piece in kept]


@given(before=st.text(max_size=30), after=st.text(max_size=30), filler=st.integers(0, 1030))
def test_a_secret_in_clear_is_masked_where_it_stands(before: str, after: str, filler: int) -> None:
    answer = said(400, before + "x" * filler + PASSWORD + after)
    assert PASSWORD[:8] not in answer.error_description
    assert PASSWORD[-8:] not in answer.error_description


def test_what_stands_beside_a_masked_password_is_kept() -> None:
    answer = said(400, json.dumps({"code": "3000", "description": f"the password '{PASSWORD}' is too weak"}))
    assert answer.error_description == f"the password '{MASK}' is too weak"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.binary() | st.dictionaries(
    st.sampled_from(["code", "statusCode", "description", "message", "data"]), JSON_VALUES
).map(lambda shape: json.dumps(shape).encode())


MAY_BE = {
    400: {Verdict.BAD_REQUEST, Verdict.WEAK_PASSWORD},
    401: {Verdict.UNAUTHORIZED, Verdict.MFA_REQUIRED},
    403: {Verdict.FORBIDDEN},
    404: {Verdict.NOT_FOUND},
    408: {Verdict.SERVER_ERROR},
    409: {Verdict.CONFLICT},
    429: {Verdict.THROTTLED},
}
MAY_BE_OF_CLASS = {2: {Verdict.SUCCEEDED}, 3: {Verdict.REDIRECTED}, 4: {Verdict.BAD_REQUEST}}


@given(
    status=st.integers(100, 999) | st.sampled_from([200, 400, 401]),
    body=BODIES,
    header=st.text(st.characters(max_codepoint=255), max_size=200),
)
def test_any_answer_is_one_line_that_can_be_written_and_means_what_its_status_may(
    status: int, body: bytes, header: str
) -> None:
    names = (b"MS-CorrelationId", b"MS-RequestId", b"Retry-After", b"WWW-Authenticate", b"isMfaCompliant")
    headers = httpx.Headers([(name, header.encode("latin-1")) for name in names])

    answer = answered(status, headers, body, secrets=SECRETS, now=NOW)

    assert len(answer.error_code) <= 64
    assert len(answer.error_description) <= 1024
    for text in (answer.error_code, answer.error_description, answer.correlation_id or "", answer.request_id or ""):
        text.encode()
        assert not any(character < " " or character in "\x7f\x85\u2028\u2029" for character in text)
    assert classify(answer) in MAY_BE.get(status, MAY_BE_OF_CLASS.get(status // 100, {Verdict.SERVER_ERROR}))


@pytest.mark.parametrize(
    "written",
    [
        " ".join(PASSWORD),
        "-".join(PASSWORD),
        "\u200b".join(PASSWORD),
        PASSWORD.swapcase(),
        urllib.parse.quote(urllib.parse.quote(PASSWORD, safe="")),
        html.escape(html.escape(PASSWORD)),
    ],
    ids=["spaced", "dashed", "zero width", "other case", "URL twice", "HTML twice"],
)
def test_a_password_spread_or_escaped_twice_is_masked_with_the_whole_text(written: str) -> None:
    assert said(400, json.dumps({"description": f"rejected: {written}"})).error_description == MASK


def test_an_answer_in_utf_16_that_does_not_say_so_has_no_description() -> None:
    assert said(400, json.dumps({"description": PASSWORD}).encode("utf-16-le")).error_description == ""


@pytest.mark.parametrize(
    ("secret", "passes"),
    [
        ("e30.eyJhdWQiOiJhY2Nlc3NfdG9rZW4iLCJuYmYiOnsiZXNzZW50aWFsIjoxfX0.c2ln", True),
        ('nbf": {"essential', False),
    ],
    ids=["a token that names the same claims", "a password that stands in it"],
)
def test_a_challenge_is_looked_through_as_the_json_it_is(secret: str, *, passes: bool) -> None:
    """In base64, `"nbf":` of the challenge and `"nbf":` of the token are the same characters."""
    claims = base64.b64encode(b'{"access_token":{"nbf":{"essential":true}}}').decode()
    headers = {"WWW-Authenticate": f'Bearer error="insufficient_claims", claims="{claims}"'}
    found = answered(401, headers, b"", secrets=(Secret(secret),), now=NOW).claims
    assert found == (claims if passes else None)
