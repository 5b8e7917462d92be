"""msal's way to the network. It takes any client with `get` and `post`.

This one keeps from msal what it cannot bear: an answer that says nothing (no connection, 429, 5xx, no JSON) is raised
as `Unclear` before msal can log its text or answer from its own memory, and what it would stumble over is left out.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

import httpx

from batchreset.adapters.signin.exchange import Answer, Unclear, ask
from batchreset.core.secret import Secret


class _MsalAnswer:
    """What msal looks at in an answer."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status_code = status
        self.headers = headers
        self.text = text

    def raise_for_status(self) -> None:
        """Statuses that msal would raise for never get this far."""


class MsalHttp:
    """msal's `http_client`.

    Args:
        known: documents by address, that need not be asked for again.
        basic: client id and secret, for a provider that takes them by HTTP Basic only.
        omits_scope: whether a refresh asks for what was granted, instead of naming it: a plain provider refuses
            scopes that are not its own (RFC 6749, section 6).
        shown: told each secret that the service is about to be shown, and may repeat.
    """

    def __init__(
        self,
        http: httpx.Client,
        *,
        known: Mapping[str, Mapping[str, Any]],
        basic: tuple[str, str] | None = None,
        omits_scope: bool = False,
        shown: Callable[[Secret], None] = lambda _: None,
    ) -> None:
        self._http = http
        self._known = known
        self._basic = basic
        self._omits_scope = omits_scope
        self._shown = shown

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> _MsalAnswer:
        """A GET. Raises Unclear."""
        if url in self._known:
            return _MsalAnswer(200, {}, json.dumps(self._known[url]))
        return _for_msal(ask(self._http, "GET", url, params=params, headers=headers))

    def post(self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> _MsalAnswer:
        """A POST of a form. Raises Unclear."""
        # httpx would write a signed assertion, which is bytes, as "b'…'".
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        headers = dict(headers or {})
        for name in _SECRET_FIELDS & form.keys():
            self._shown(Secret(form[name]))
        if self._basic is not None and form.pop("client_secret", None) is not None:
            client, secret = (quote_plus(part) for part in self._basic)  # RFC 6749, section 2.3.1
            headers["Authorization"] = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
        if self._omits_scope and form.get("grant_type") == "refresh_token":
            form.pop("scope", None)
        return _for_msal(ask(self._http, "POST", url, params=params, data=form, headers=headers))

    def close(self) -> None:
        """The connections are their owner's to close."""


def _for_msal(answer: Answer) -> _MsalAnswer:
    if answer.document is None:
        raise Unclear(f"HTTP {answer.status}, and the answer is not JSON")
    return _MsalAnswer(answer.status, answer.headers, json.dumps(_readable(answer.document)))


_SECRET_FIELDS: Final = frozenset({
    "client_secret", "client_assertion", "refresh_token", "code", "code_verifier", "device_code",
})  # fmt: skip
_TEXTS: Final = frozenset({
    "access_token", "refresh_token", "token_type", "scope",
    "user_code", "device_code", "verification_uri", "message",
    "error", "error_description", "suberror", "claims",
})  # fmt: skip
_NUMBERS: Final = frozenset({"expires_in", "ext_expires_in", "interval"})
_NUMBER_MOST: Final = 10**10


def _readable(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What msal needs, in the form that it expects: over anything else it fails, and loses the tokens beside it."""
    kept: dict[str, Any] = {
        name: value for name, value in document.items() if name in _TEXTS and isinstance(value, str)
    }
    numbers = {name: _number(document.get(name)) for name in _NUMBERS}
    kept |= {name: number for name, number in numbers.items() if number is not None}
    if document.get("error") is not None:
        kept.setdefault("error", "an error without a name")
    codes = document.get("error_codes")
    if isinstance(codes, list):
        kept["error_codes"] = [code for code in codes if isinstance(code, int)]
    if _is_jwt(document.get("id_token")):
        kept["id_token"] = document["id_token"]
    if _is_json_part(document.get("client_info"), "uid", "utid"):
        kept["client_info"] = document["client_info"]
    return kept


def _number(value: object) -> int | None:
    try:
        number = int(float(value)) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and 0 <= number <= _NUMBER_MOST else None


def _is_jwt(token: object) -> bool:
    parts = token.split(".") if isinstance(token, str) else []
    return len(parts) == 3 and _is_json_part(parts[1], "sub")  # noqa: PLR2004  header, payload, signature


def _is_json_part(part: object, *needed: str) -> bool:
    if not isinstance(part, str):
        return False
    try:
        parsed = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and all(isinstance(parsed.get(name), str) for name in needed)
