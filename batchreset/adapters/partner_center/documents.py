"""From a success's body to the few named facts that are wanted of it. Nothing else is kept: it may hold a password.

The body is the other side's: its size is bounded before it comes here, and whatever it is, it is understood or
`Unreadable`. No text of it is in that error.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from batchreset.core.directory import Page, UserFacts
from batchreset.core.secret import MASK

TEXT_MOST_CHARACTERS: Final = 256
"""Longer than any name of the directory (Entra: 256 at most), or any time."""
CONTINUATION_HEADER: Final = "MS-ContinuationToken"

_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ZERO_GUID: Final = "00000000-0000-0000-0000-000000000000"
_CONTINUATION: Final = re.compile(r"[\x21-\x7e]{1,8192}")
_NOT_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

T = TypeVar("T")
_Document = Mapping[str, Any]


class Unreadable(Exception):  # noqa: N818  a finding about the other side's text, handled here
    """The body is not what is documented."""


def parsed(body: bytes, *, masking: str) -> _Document:
    """A JSON object, with a byte order mark or without; `masking` is masked in its texts. Raises Unreadable."""
    try:
        document = json.loads(body.decode("utf-8-sig"))
        return _object(_masked(document, masking), "it")
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON") from None


def _masked(value: object, secret: str) -> object:
    """However it was escaped: these are the texts that it stands for."""
    match value:
        case str():
            return value.replace(secret, MASK)
        case list():
            return [_masked(inner, secret) for inner in value]
        case dict():
            return {key: _masked(inner, secret) for key, inner in value.items()}
        case _:
            return value


def page_of(document: _Document, item: Callable[[_Document], T]) -> Page[T]:
    """One page of a list (learn: get-a-list-of-customers). Raises Unreadable."""
    items = document.get("items")
    if not isinstance(items, list):
        raise Unreadable("it has no list of items")
    total = document.get("totalCount")
    return Page(
        items=tuple(item(_object(one, "an item")) for one in items),
        continuation=_continuation(document),
        total=total if type(total) is int else None,
    )


def customer_id_of(document: _Document) -> str:
    """A customer's tenant id. Raises Unreadable."""
    return _guid(document, "a customer")


def roles_held(document: _Document) -> int:
    """How many directory roles a user holds; which ones does not matter here. Raises Unreadable."""
    page = page_of(document, lambda role: role)
    if page.continuation is not None and not page.items:
        raise Unreadable("its roles are on a further page")
    return len(page.items)


def user_of(document: _Document) -> UserFacts:
    """One user. Raises Unreadable."""
    name = _text(document, "userPrincipalName")
    if not name:
        raise Unreadable("a user has no userPrincipalName")
    return UserFacts(
        user_id=_guid(document, "a user"),
        user_principal_name=name,
        display_name=_text(document, "displayName"),
        state=_text(document, "state"),
        domain_type=_text(document, "userDomainType"),
        last_sync=_text(document, "lastDirectorySyncTime"),
        soft_deletion=_text(document, "softDeletionTime"),
    )


def _continuation(document: _Document) -> str | None:
    """What asks for the next page: a header that `links.next` names."""
    following = _object(document.get("links") or {}, "links").get("next")
    if following is None:
        return None
    headers = _object(following, "links.next").get("headers")
    for header in headers if isinstance(headers, list) else []:
        match header:
            case {"key": str(key), "value": str(value)} if key.casefold() == CONTINUATION_HEADER.casefold():
                if not _CONTINUATION.fullmatch(value):
                    raise Unreadable(f"its {CONTINUATION_HEADER} cannot be sent as a header")
                return value
            case _:
                pass
    raise Unreadable(f"it names a next page and no {CONTINUATION_HEADER} to ask for it")


def _object(value: object, what: str) -> _Document:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is no object")
    return value


def _guid(document: _Document, what: str) -> str:
    value = document.get("id")
    text = value.lower() if isinstance(value, str) else ""
    if not _GUID.fullmatch(text) or text == _ZERO_GUID:
        raise Unreadable(f"{what} has an id that is no GUID")
    return text


def _text(document: _Document, name: str) -> str:
    """One line; empty where it is missing or null. It is neither cut nor mended: what is too long is no such text."""
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > TEXT_MOST_CHARACTERS:
        raise Unreadable(f"{name} is not a text of at most {TEXT_MOST_CHARACTERS} characters")
    return _NOT_TEXT.sub(" ", value).strip()
