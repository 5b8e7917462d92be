"""The types of settings whose form neither bounds nor an enumeration can say.

A check refuses with `PydanticCustomError`: of type `hidden` where the value found may hold a secret and must not
be shown, else of type `refused`.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from batchreset.core.addresses import is_address
from batchreset.core.ping import check_ping_form
from batchreset.core.places import MOST_LOCAL_WORKERS, place_of

_SECONDS_PER_UNIT: Final = {"h": 3600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"(?=[0-9])(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_GUID: Final = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}")
_CLIENT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,19}")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")
"""RFC 6749, section 3.3."""
_RESERVED_SCOPES: Final = frozenset({"openid", "profile", "offline_access"})
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_RESULTS_SUFFIXES: Final = (".csv", ".parquet", ".ndjson")
_PRIVATE_KEY_MARKS: Final = ("AGE-SECRET-KEY-", "PRIVATE KEY")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may hold, as error texts and the reference name it."""

    text: str


def duration_seconds(text: str) -> float | None:
    """`2h`, `90m`, `1h30m`, `45s` in seconds; None for the empty text.

    Raises:
        ValueError: another form, or no time at all.
    """
    if not text:
        return None
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("not a length of time")
    amounts = zip(match.groups(default="0"), _SECONDS_PER_UNIT.values(), strict=True)
    seconds = sum(int(amount) * unit for amount, unit in amounts)
    if seconds == 0:
        raise ValueError("no time at all")
    return float(seconds)


def _plain(text: str) -> str:
    if any(ord(character) < ord(" ") or character == "\x7f" for character in text):
        raise PydanticCustomError("refused", "it holds a control character")
    return text


def _duration(text: str) -> str:
    try:
        duration_seconds(text)
    except ValueError as error:
        raise PydanticCustomError("refused", "{why}", {"why": str(error)}) from None
    return text


def _https_address(text: str) -> str:
    """An address without its trailing slash; the empty text stays as it is."""
    if not text:
        return text
    if "@" in text or "?" in text or "#" in text:
        raise PydanticCustomError("hidden", "a user name, query or fragment does not belong in it")
    if text.lower().startswith("http:"):
        raise PydanticCustomError("refused", "over plain http secrets would travel in clear")
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna")  # a name that is too long for it is no host's
        good = parts.scheme == "https" and bool(host) and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.isprintable() or " " in text or "\\" in text:
        raise PydanticCustomError("refused", "it is not an https address")
    return text.rstrip("/")


def is_guid(text: str) -> bool:
    """Whether it is a GUID in its plain form: lower case, without braces."""
    match = _GUID.fullmatch(text)
    return match is not None and match[1] == text


def _guid(text: str) -> str:
    """A GUID in lower case, without braces."""
    match = _GUID.fullmatch(text.lower())
    if match is None or text.startswith("{") != text.endswith("}"):
        raise PydanticCustomError("refused", "it is not a GUID")
    return match[1]


def _tenant(text: str) -> str:
    if not text or _DOMAIN.fullmatch(text.lower()):
        return text.lower()
    return _hidden_guid(text)


def _client(text: str) -> str:
    """A GUID, or the short plain name that other providers give: never what a secret or token looks like."""
    return text if _CLIENT_NAME.fullmatch(text) and not _GUID.fullmatch(text.lower()) else text and _hidden_guid(text)


def _scope(text: str) -> str:
    if text and not _SCOPE.fullmatch(text):
        raise PydanticCustomError("refused", "it is not one scope")
    if text in _RESERVED_SCOPES:
        raise PydanticCustomError("refused", "it is always asked for, beside what the token is for")
    return text


def _hidden_guid(text: str) -> str:
    """As `_guid`, for fields where a client secret or token may have been pasted by mistake."""
    try:
        return _guid(text)
    except PydanticCustomError:
        raise PydanticCustomError("hidden", "it is not a GUID") from None


def _recipient(text: str) -> str:
    if any(mark in text.upper() for mark in _PRIVATE_KEY_MARKS):
        raise PydanticCustomError("hidden", "a private key does not belong among the settings")
    return text


def _results_file(text: str) -> str:
    if text and not text.lower().endswith(_RESULTS_SUFFIXES):
        raise PydanticCustomError("refused", "its format is told by its suffix")
    return text


def _metrics_file(text: str) -> str:
    if text and not text.endswith(".prom"):
        raise PydanticCustomError("refused", "node_exporter reads files that end in .prom and no others")
    return text


def _ping(text: str) -> str:
    """The address of a cron monitor, or the path of a file that holds it.

    Plain http only on this machine: the address is all that a monitor asks for.
    """
    if not text or _is_path(text):
        return text
    try:
        check_ping_form(text)
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PydanticCustomError("hidden", "{why}", {"why": _why_no_ping(error)}) from None
    if (
        not host
        or parts.scheme not in {"https", "http"}
        or port == 0
        or not text.isprintable()
        or {" ", "\\"} & set(text)
    ):
        raise PydanticCustomError("hidden", "it is not an https address")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise PydanticCustomError("hidden", "over plain http it would travel in clear")
    return text


def _scheduler(text: str) -> str:
    """Who sends, as `core.places` reads it; empty for `none`, which a flag can say and an empty text hardly."""
    if not text or text.lower() == "none":
        return ""
    try:
        place_of(text)
    except ValueError as error:
        # A password may stand before an @; it does not belong there, and is not shown.
        kind = "hidden" if "@" in text else "refused"
        raise PydanticCustomError(kind, "{why}", {"why": str(error)}) from None
    return text


def _is_path(text: str) -> bool:
    """Surely one: an address whose scheme was forgotten is none, and nor is a token."""
    if is_address(text) or not text.isprintable():
        return False
    return text.startswith(("/", "./", "../", "~/")) or ("/" not in text and "." in text.strip("."))


def _why_no_ping(error: ValueError) -> str:
    """What is wrong; the words of `urlsplit` repeat what it could not read."""
    return str(error) if "placeholder" in str(error) else "it is not an https address"


Path = Annotated[str, AfterValidator(_plain), Allowed("a path")]
Folder = Annotated[str, Field(min_length=1), AfterValidator(_plain), Allowed("the path of a folder")]
ResultsFile = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_results_file),
    Allowed("a path that ends in .csv, .parquet or .ndjson, or the empty text for none"),
]
Duration = Annotated[
    str,
    AfterValidator(_duration),
    Allowed("a length of time such as 2h, 90m, 1h30m or 45s, or the empty text for none"),
]
HttpsAddress = Annotated[
    str,
    AfterValidator(_https_address),
    Allowed("an address that begins with https:// and a host, or the empty text for the default"),
]
Tenant = Annotated[
    str,
    AfterValidator(_tenant),
    Allowed("one tenant's GUID or domain name (not common or organizations), or the empty text for none"),
]
Client = Annotated[
    str,
    AfterValidator(_client),
    Allowed("an application's GUID (another provider's short name), or the empty text for none"),
]
Scope = Annotated[str, AfterValidator(_scope), Allowed("one scope, or the empty text for Partner Center's")]

# Not strict on the outside only, so that a list of TOML or JSON becomes a tuple; its items stay strict.
_AsTuple = Field(strict=False)
_Item = Annotated[str, Field(min_length=1), AfterValidator(_plain)]
ProtectedEntries = Annotated[tuple[_Item, ...], _AsTuple, Allowed("a list of paths, GUIDs and userPrincipalNames")]
Guids = Annotated[tuple[Annotated[str, AfterValidator(_guid)], ...], _AsTuple, Allowed("a list of GUIDs")]
Recipients = Annotated[
    tuple[Annotated[_Item, AfterValidator(_recipient)], ...],
    _AsTuple,
    Allowed("a list of public keys (age1…, ssh-ed25519 …, ssh-rsa …) or of paths of files that hold them"),
]
Addresses = Annotated[
    tuple[_Item, ...], _AsTuple, Allowed("a list of addresses (SCHEME://…) or of paths of files that hold them")
]
MetricsFile = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_metrics_file),
    Allowed("a path that ends in .prom, or the empty text for none"),
]
Ping = Annotated[
    str,
    AfterValidator(_ping),
    Allowed("an address that begins with https:// and a host, the path of a file that holds one, or the empty text"),
]
Scheduler = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_scheduler),
    Allowed(
        f"local:N (N from 1 to {MOST_LOCAL_WORKERS}), tls://host:port, tcp://host:port, the path of a scheduler file,"
        " or none for this process"
    ),
]
Finding = Literal["deleted", "federated", "synced", "privileged", "not_found"]
Findings = Annotated[
    tuple[Finding, ...], _AsTuple, Allowed("a list of deleted, federated, synced, privileged, not_found")
]
