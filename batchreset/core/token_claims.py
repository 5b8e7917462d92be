"""What an access token says of itself, and what a service asks of the next one.

A token's claims are read without checking its signature: they are good for a refusal before harm and for telling the
operator who is signed in, never for granting anything. A token that is no JWT says nothing.
"""

import base64
import binascii
import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from batchreset.core.secret import Secret

_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What stands in a token, as far as it matters here (learn: access-token-claims-reference).

    Attributes:
        user: the user's principal name, else their name; empty when none is named.
        user_id: the user's object id, lower case; empty when none is named, and for an application's own token.
        principal_name: the user's, lower case; empty when none is named.
        tenant_id: the tenant that the token is for, lower case; empty when none is named.
        app_only: whether it is surely a token of an application alone.
        expires_at: UTC; None when it does not say, or nothing that can be read.
    """

    user: str = ""
    user_id: str = ""
    principal_name: str = ""
    tenant_id: str = ""
    app_only: bool = False
    expires_at: dt.datetime | None = None


def claims_of(token: Secret) -> TokenClaims | None:
    """The claims of a JWT; None for any other token."""
    parts = token.open().split(".")
    payload = _json_object(parts[1]) if len(parts) == 3 else None  # noqa: PLR2004  header, payload, signature
    if payload is None:
        return None
    delegated = bool(_text(payload, "scp"))
    app_only = payload.get("idtyp") == "app" or (not delegated and isinstance(payload.get("roles"), list))
    user_id = _text(payload, "oid").lower()
    principal_name = _text(payload, "upn", "preferred_username", "unique_name").lower()
    return TokenClaims(
        user_id=user_id if _GUID.fullmatch(user_id) and not app_only else "",
        principal_name=principal_name if "@" in principal_name else "",
        user=_text(payload, "upn", "preferred_username", "unique_name", "name"),
        tenant_id=_text(payload, "tid").lower(),
        app_only=app_only,
        expires_at=_moment(payload.get("exp")),
    )


def claims_challenge(challenge: str | None) -> str | None:
    """The claims that the next token must satisfy, as JSON text; None when there are none, or none that can be read.

    Source: learn: claims-challenge. The header carries them in base64, with or without padding, of either alphabet.
    """
    claims = _json_object(challenge) if challenge else None
    return json.dumps(claims) if claims else None


def _json_object(encoded: str) -> Mapping[str, Any] | None:
    try:
        padded = encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4)
        parsed = json.loads(base64.b64decode(padded, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _moment(seconds: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC) if isinstance(seconds, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None


def _text(payload: Mapping[str, Any], *names: str) -> str:
    """The first of these that is a text."""
    return next((value for name in names if isinstance(value := payload.get(name), str) and value), "")
