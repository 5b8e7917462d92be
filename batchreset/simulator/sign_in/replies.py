"""Answers of the sign-in service: success, refusals in Entra's shape, pages."""

import base64
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from batchreset.simulator.sign_in.refusals import Refusal

_HTML: Final = "text/html; charset=utf-8"
_UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes on the wire; it may hold tokens."""

    status: int = 200
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """What support asks for: the service's own id of a request, and the client's."""

    trace: str
    correlation: str


def json_reply(document: Mapping[str, Any], *, ids: Ids, status: int = 200, after_seconds: float = 0.0) -> Reply:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-store, no-cache",
        "Pragma": "no-cache",
        "x-ms-request-id": ids.trace,
        "client-request-id": ids.correlation,
    }
    return Reply(status=status, headers=headers, body=json.dumps(document).encode(), after_seconds=after_seconds)


def page(html: str, *, status: int = 200) -> Reply:
    return Reply(status=status, headers={"Content-Type": _HTML, "Cache-Control": "no-store"}, body=html.encode())


def redirect(location: str) -> Reply:
    return Reply(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def unavailable() -> Reply:
    """What a gateway in front of the service answers."""
    return page("<html><body><h1>Service Unavailable</h1></body></html>\r\n", status=_UNAVAILABLE)


def described(refusal: Refusal, *, ids: Ids, at: dt.datetime, between: str) -> str:
    """The description as Entra gives it: the ids on lines of their own, or all in one line."""
    parts = (
        f"AADSTS{refusal.code}: {refusal.text}",
        f"Trace ID: {ids.trace}",
        f"Correlation ID: {ids.correlation}",
        f"Timestamp: {_moment(at)}",
    )
    return between.join(parts)


def refused(
    refusal: Refusal, *, ids: Ids, at: dt.datetime, error_page: str, between: str = "\r\n", after_seconds: float = 0.0
) -> Reply:
    """The error document; `error_page` is the address that explains codes."""
    document = {
        "error": refusal.error,
        "error_description": described(refusal, ids=ids, at=at, between=between),
        "error_codes": [refusal.code],
        "timestamp": _moment(at),
        "trace_id": ids.trace,
        "correlation_id": ids.correlation,
        "error_uri": f"{error_page}?code={refusal.code}",
        **({"suberror": refusal.suberror} if refusal.suberror else {}),
        **({"claims": refusal.claims} if refusal.claims else {}),
    }
    return json_reply(document, ids=ids, status=refusal.status, after_seconds=after_seconds)


def client_info(user_id: str, tenant_id: str) -> str:
    """Who signed in, as msal wants to know it: base64url of JSON."""
    document = json.dumps({"uid": user_id, "utid": tenant_id}).encode()
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode("ascii")


def _moment(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
