"""Statuses, headers and bodies as the documentation and the wire show them."""

import datetime as dt
import email.utils
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

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
    return Answer(status=answer.status, headers=(*answer.headers, (name, value)), body=answer.body)


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


def server_error(call: Call, status: int) -> Answer:
    """A 500 is the service's own JSON; a gateway answers HTML (503) or nothing at all (504)."""
    if status == 500:  # noqa: PLR2004
        return refusal(call, Verdict(status=500, code="800003", description="An unexpected service error occurred."))
    html = b"<html><body><h1>503 Service Unavailable</h1></body></html>\r\n" if status == 503 else b""  # noqa: PLR2004
    return Answer(status=status, headers=(("Content-Type", "text/html"),) if html else (), body=html)
