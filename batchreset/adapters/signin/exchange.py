"""One exchange with the sign-in service, whatever comes back: a clear answer, or `Unclear`."""

import datetime as dt
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from batchreset.core.exchange import NotSent, NotSentKind
from batchreset.core.retry_after import retry_after_seconds
from batchreset.net import UndecodableError, Unpacking
from batchreset.net.failures import failure

BODY_MOST_BYTES: Final = 1 << 20
"""Discovery documents and tokens are a hundredth of that."""
EXCHANGE_MOST_SECONDS: Final = 60.0
"""For a whole exchange: a body that drips must not hold a run for ever."""

_UNCLEAR_STATUSES: Final = frozenset({408, 429})
_SERVER_ERRORS_FROM: Final = 500


UNREACHABLE_NEXT: Final = (
    "check [auth] authority, the network and the proxy variables, then try again; if the service or a proxy has a"
    " certificate authority of its own, name it with [partner_center] ca_file"
)


class Unclear(Exception):  # noqa: N818  a state of affairs: nobody said no
    """No clear answer came.

    Attributes:
        detail: what happened, no secret in it.
        retry_after_seconds: how long the service asks to be left alone; None when it does not say.
        hopeless: whether another try would come to the same (a certificate that is not trusted).
    """

    def __init__(self, detail: str, *, retry_after_seconds: float | None = None, hopeless: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hopeless = hopeless
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A clear one.

    Attributes:
        document: the body, when it is a JSON object.
    """

    status: int
    headers: Mapping[str, str]
    document: Mapping[str, Any] | None


def is_safe(address: object) -> bool:
    """Whether it may be sent a secret, or shown to a person to sign in at: https, and no name or password in it."""
    try:
        parts = urlsplit(address) if isinstance(address, str) and address.isprintable() else None
        return parts is not None and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def ask(http: httpx.Client, method: str, url: str, **request: Any) -> Answer:
    """One exchange. Raises Unclear."""
    if not is_safe(url):
        raise Unclear("its address is not a plain https address", hopeless=True)
    try:
        with http.stream(method, url, **request) as response:
            body = _read(response)
    except (httpx.TransportError, httpx.DecodingError, UndecodableError, ssl.SSLError) as error:
        what = failure(error)
        tls = isinstance(what, NotSent) and what.kind is NotSentKind.TLS
        raise Unclear(what.detail, hopeless=tls) from None
    except (httpx.InvalidURL, UnicodeError):
        raise Unclear("its address cannot be used", hopeless=True) from None
    except Unclear:
        raise
    except Exception as error:  # noqa: BLE001  whatever the other side makes httpx stumble over
        raise Unclear(f"the answer could not be read ({type(error).__name__})") from None
    if response.status_code in _UNCLEAR_STATUSES or response.status_code >= _SERVER_ERRORS_FROM:
        now = dt.datetime.now(dt.UTC)
        told_seconds = retry_after_seconds(
            response.headers.get("Retry-After"), now=now, date=response.headers.get("Date")
        )
        raise Unclear(f"HTTP {response.status_code}", retry_after_seconds=told_seconds)
    return Answer(status=response.status_code, headers=response.headers, document=_document(body))


def _read(response: httpx.Response) -> bytes:
    body, until = bytearray(), time.monotonic() + EXCHANGE_MOST_SECONDS
    unpacking = Unpacking(response.headers.get("Content-Encoding", ""), most_bytes=BODY_MOST_BYTES)
    for chunk in response.iter_raw():
        body += unpacking.unpack(chunk)
        if unpacking.is_full or time.monotonic() > until:
            raise Unclear("the answer has no end")
    return bytes(body)


def _document(body: bytes) -> Mapping[str, Any] | None:
    try:
        parsed = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None
