"""Statuses, headers and bodies as the documentation and the wire show them."""

import datetime as dt
import email.utils
import http
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from batchreset.simulator.faults.kinds import ErrorBody
from batchreset.simulator.options import RetryAfterStyle
from batchreset.simulator.protocol import Call
from batchreset.simulator.state import Verdict

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_JSON_TYPE: Final = ("Content-Type", "application/json; charset=utf-8")
_SERVER_HEADERS: Final = (
    ("MS-CV", "2Rn0kMzG0EeTzX5n.0"),
    ("MS-ServerId", "201022015"),
    ("Request-Context", "appId=cid-v1:00000000-0000-0000-0000-000000000000"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes on the wire; a success's body holds the password, as Partner Center's does."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


def service_answer(call: Call, status: int, body: Mapping[str, Any], *, byte_order_mark: bool = False) -> Answer:
    """JSON with CRLF and two spaces, the two ids echoed."""
    text = json.dumps(body, indent=2, ensure_ascii=False).replace("\n", "\r\n")
    ids = (("MS-RequestId", call.request_id), ("MS-CorrelationId", call.correlation_id))
    return Answer(
        status=status,
        headers=(_JSON_TYPE, *(header for header in ids if header[1]), *_SERVER_HEADERS),
        body=(_BYTE_ORDER_MARK if byte_order_mark else b"") + text.encode(),
    )


def refusal(call: Call, verdict: Verdict, *, byte_order_mark: bool = False) -> Answer:
    """The documented error shape."""
    body = {"code": verdict.code, "description": verdict.description, "data": [], "source": "PartnerFD"}
    return service_answer(call, verdict.status, body, byte_order_mark=byte_order_mark)


def with_header(answer: Answer, name: str, value: str) -> Answer:
    return replace(answer, headers=(*answer.headers, (name, value)))


def with_body(answer: Answer, body: bytes, *, media_type: str = _JSON_TYPE[1]) -> Answer:
    """Another body under the same status and headers."""
    return replace(answer, headers=(("Content-Type", media_type), *_untyped(answer)), body=body)


def packed(answer: Answer, body: bytes) -> Answer:
    """A body that says of itself that it is gzip."""
    return replace(with_header(answer, "Content-Encoding", "gzip"), body=body)


def without_content(answer: Answer) -> Answer:
    return Answer(status=204, headers=_untyped(answer), body=b"")


def _untyped(answer: Answer) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in answer.headers if header[0] != _JSON_TYPE[0])


def throttled(seconds: float, *, style: RetryAfterStyle, at: dt.datetime) -> Answer:
    """The gateway's own 429: another shape, and none of the service's headers."""
    whole = math.ceil(seconds)
    body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {whole} seconds."}
    value = _retry_after(seconds, style=style, at=at)
    return Answer(
        status=429,
        headers=(("Content-Type", "application/json"), *((("Retry-After", value),) if value else ())),
        body=json.dumps(body).encode(),
    )


def _retry_after(seconds: float, *, style: RetryAfterStyle, at: dt.datetime) -> str:
    match style:
        case RetryAfterStyle.SECONDS:
            return str(math.ceil(seconds))
        case RetryAfterStyle.ROUNDED_DOWN:
            return str(math.floor(seconds))
        case RetryAfterStyle.DECIMAL:
            return f"{seconds:.3f}"
        case RetryAfterStyle.DATE:
            # Dates have whole seconds: rounded up, so that who obeys is not early.
            moment = (at + dt.timedelta(seconds=seconds + 1)).replace(microsecond=0)
            return email.utils.format_datetime(moment, usegmt=True)
        case RetryAfterStyle.ZERO:
            return "0"
        case RetryAfterStyle.NONE:
            return ""


def server_error(call: Call, status: int, body: ErrorBody) -> Answer:
    """The service's own JSON, a gateway's page, or nothing at all."""
    match body:
        case ErrorBody.JSON:
            verdict = Verdict(status=status, code="800003", description="An unexpected service error occurred.")
            return refusal(call, verdict)
        case ErrorBody.HTML:
            phrase = _phrase(status)
            return _page(status, f"<html><body><h1>{status} {phrase}</h1></body></html>\r\n")
        case ErrorBody.EMPTY:
            return Answer(status=status, headers=(), body=b"")


def blocked(call: Call) -> Answer:
    """What a firewall in front of the service says; it tells its own number and nothing of why."""
    text = "<p>The requested URL was rejected. Please consult with your administrator.</p>"
    return _page(403, f"<html><body>{text}<p>Your support ID is: {call.correlation_id[:8]}</p></body></html>\r\n")


def moved(call: Call, *, base_url: str) -> Answer:
    """A redirect to an address where nothing is: who follows it carries a password there."""
    location = f"{base_url}/moved{call.target}"
    return with_header(_page(307, "<html><body>Moved</body></html>\r\n"), "Location", location)


def with_retry_after(answer: Answer, seconds: float, *, style: RetryAfterStyle, at: dt.datetime) -> Answer:
    """The same answer, with a wait if there is one to tell."""
    value = _retry_after(seconds, style=style, at=at) if seconds > 0 else ""
    return with_header(answer, "Retry-After", value) if value else answer


def _page(status: int, html: str) -> Answer:
    return Answer(status=status, headers=(("Content-Type", "text/html"),), body=html.encode())


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"
