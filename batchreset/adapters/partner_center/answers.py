"""From an HTTP answer to `Answered`, whatever the body is.

Nothing of a success's body is kept: it holds the password in clear.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Final

from batchreset.core.exchange import Answered
from batchreset.core.retry_after import retry_after_seconds
from batchreset.core.scrubbing import scrubbed
from batchreset.core.secret import Secret
from batchreset.core.token_claims import claims_challenge

DESCRIPTION_MOST_CHARACTERS: Final = 1024
"""What the service itself keeps to (learn: error-codes)."""
CODE_MOST_CHARACTERS: Final = 64
HEADER_MOST_CHARACTERS: Final = 128

_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_CLAIMS: Final = re.compile(r'claims="([^"]{1,4096})"')


def answered(
    status: int, headers: Mapping[str, str], body: bytes, *, secrets: tuple[Secret, ...], now: dt.datetime
) -> Answered:
    """What the answer says, with every secret masked that the other side may have echoed.

    Args:
        status: HTTP status.
        headers: case-insensitive.
        body: as far as it was read.
        secrets: texts that must not be kept.
        now: against which a `Retry-After` date is measured where the answer has no `Date`.
    """
    code, description = ("", "") if 200 <= status < 300 else _error(body)  # noqa: PLR2004  HTTP's own classes
    return Answered(
        status=status,
        error_code=scrubbed(code, secrets, most_characters=CODE_MOST_CHARACTERS),
        error_description=scrubbed(description, secrets, most_characters=DESCRIPTION_MOST_CHARACTERS),
        correlation_id=_header(headers, "MS-CorrelationId", secrets),
        request_id=_header(headers, "MS-RequestId", secrets),
        retry_after_seconds=retry_after_seconds(headers.get("Retry-After"), now=now, date=headers.get("Date")),
        claims=_claims(headers.get("WWW-Authenticate"), secrets),
        mfa_compliant=_boolean(headers.get("isMfaCompliant")),
    )


def _error(body: bytes) -> tuple[str, str]:
    """(code, description) of the service's error shape, of its throttling shape, or the text itself as the SDK does."""
    if b"\0" in body:
        return "", ""  # UTF-16 without saying so, or no text at all
    text = body.decode("utf-8-sig", "replace").strip()
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return "", text
    if not isinstance(parsed, dict):
        return "", text
    code = parsed.get("code", parsed.get("statusCode", ""))
    description = parsed.get("description") or parsed.get("message") or ""
    return _plain(code), _plain(description)


def _plain(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _header(headers: Mapping[str, str], name: str, secrets: tuple[Secret, ...]) -> str | None:
    value = headers.get(name)
    if value is None or (_GUID.fullmatch(value) and not bytes.fromhex(value.replace("-", "")).isascii()):
        return value
    return scrubbed(value, secrets, most_characters=HEADER_MOST_CHARACTERS) or None


def _claims(challenge: str | None, secrets: tuple[Secret, ...]) -> str | None:
    """As they are, for the sign-in; none when a secret would travel with them.

    They are looked through as the JSON they are: in base64, `"nbf":` is the same characters here and in the token.
    """
    found = _CLAIMS.search(challenge or "")
    claims = claims_challenge(found[1]) if found else None
    if found is None or claims is None:
        return None
    return found[1] if scrubbed(claims, secrets, most_characters=len(claims), respelled=False) == claims else None


def _boolean(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get((value or "").strip().casefold())
