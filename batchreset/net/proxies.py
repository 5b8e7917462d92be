"""Which proxy an address is reached by, as the usual variables say (HTTPS_PROXY, ALL_PROXY, NO_PROXY)."""

import base64
import os
import urllib.request
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from batchreset.core.secret import Secret
from batchreset.errors import SettingsError

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy and how it is reached.

    Attributes:
        tls: whether the way to it is encrypted, too.
        authorization: the value of `Proxy-Authorization`; None: its address has no name and password.
        shown: host and variable, for people; no name or password.
    """

    host: str
    port: int
    tls: bool
    authorization: Secret | None
    shown: str


def proxy_of(address: str) -> Proxy | None:
    """The proxy of an address: by its scheme, then for all; None: it is reached without one."""
    target = urlsplit(address)
    if not target.hostname or urllib.request.proxy_bypass(target.hostname):
        return None
    known = urllib.request.getproxies()
    for kind in (target.scheme, "all"):
        if kind in known:
            proxy = _split(known[kind])
            return Proxy(
                host=proxy.hostname or "",
                port=proxy.port or _PORTS.get(proxy.scheme, 0),
                tls=proxy.scheme == "https",
                authorization=_basic(proxy),
                shown=f"{proxy.netloc.rpartition('@')[2]} ({_spelled(kind)})",
            )
    return None


def check_proxies() -> None:
    """Raises SettingsError: the environment's proxy variables cannot be used."""
    known = urllib.request.getproxies()
    for kind in ("http", "https", "all"):
        if kind not in known:
            continue
        try:
            proxy = _split(known[kind])
            usable = proxy.scheme in _PORTS and bool(proxy.hostname) and proxy.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise unusable()


def unusable() -> SettingsError:
    """What is said of proxy variables that cannot be used; they may hold a password."""
    return SettingsError(
        "the proxy in HTTPS_PROXY or ALL_PROXY cannot be used: it is not an http or https address",
        next_step="correct the proxy variables, or unset them",
    )


def _split(proxy: str) -> SplitResult:
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


def _basic(proxy: SplitResult) -> Secret | None:
    """RFC 7617."""
    if proxy.username is None:
        return None
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")


def _spelled(kind: str) -> str:
    """As it stands in the environment: lower case goes before upper, as Python reads them."""
    name = f"{kind}_proxy"
    return name if os.environ.get(name) else name.upper()
