"""Which proxy an address is reached by, for what is said when it cannot be."""

import os
import urllib.request
from urllib.parse import urlsplit

import httpx


def proxy_of(address: httpx.URL) -> str | None:
    """The variable and the host that it names, without a name or password; None: it is reached without a proxy.

    As httpx finds it: by the address's scheme, then for all.
    """
    if urllib.request.proxy_bypass(address.host):
        return None
    known = urllib.request.getproxies()
    for kind in (address.scheme, "all"):
        if kind in known:
            return f"{_host(known[kind])} ({_spelled(kind)})"
    return None


def _host(proxy: str) -> str:
    place = urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc
    return place.rpartition("@")[2]


def _spelled(kind: str) -> str:
    """As it stands in the environment: lower case goes before upper, as Python reads them."""
    name = f"{kind}_proxy"
    return name if os.environ.get(name) else name.upper()
