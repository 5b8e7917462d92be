"""Addresses of notices and pings hold secrets more often than not: what of them may be shown and kept."""

import re
from typing import Final
from urllib.parse import urlsplit

from batchreset.core.secret import MASK

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,31})://(.*)", re.DOTALL)
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|[0-9a-fA-F:.]{2,45}")
_NAMES_A_HOST: Final = frozenset(
    {"http", "https", "json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "apprise", "apprises"}
)
"""Schemes whose first part is a host; elsewhere a token may stand there."""


def is_address(text: str) -> bool:
    """Whether it is one, and no path of a file that holds some."""
    return _SCHEME.fullmatch(text) is not None


def is_masked(address: str) -> bool:
    """Whether something of it was taken out, so that nothing can be sent to it any more."""
    return MASK in address


def masked(address: str) -> str:
    """The address without anything that may be a secret: its scheme, and its host and port where it names one.

    A user, a path or a query may each be the secret of a webhook, whatever they look like. What has none of them is as
    it was.
    """
    found = _SCHEME.fullmatch(address)
    if found is None:
        return MASK
    scheme, rest = found[1].lower(), found[2]
    if not rest.strip("/"):
        return address
    if (place := _place(scheme, rest)) is None:
        return f"{scheme}://{MASK}"
    return address if rest.rstrip("/").lower() == place.lower() else f"{scheme}://{place}/{MASK}"


def _place(scheme: str, rest: str) -> str | None:
    """Host and port; None where they cannot be told for sure from what must not be shown."""
    if scheme not in _NAMES_A_HOST:
        return None
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    # A password with a slash of its own ends what looks like the host before the host begins.
    if "@" in rest.removeprefix(parts.netloc) or not _HOST.fullmatch(host):
        return None
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"
