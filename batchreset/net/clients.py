"""httpx clients as this program wants them, for the API and for the sign-in alike: one trust, one set of proxies.

Proxies come from the usual variables (HTTPS_PROXY, ALL_PROXY, NO_PROXY). `verify=` is always given, so that nothing in
the environment (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE) can put another trust in its place.
"""

import contextlib
import http.cookiejar
import logging
import ssl
from collections.abc import Iterator
from typing import Any

import httpx

from batchreset.net.proxies import unusable
from batchreset.net.transport import CONNECT_SECONDS
from batchreset.net.unpacking import ACCEPTED

# What a service answers may repeat what it was sent: httpx logs its reason phrase, httpcore its headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).propagate = False
    logging.getLogger(_name).addHandler(logging.NullHandler())


def api_client(
    *, timeout_seconds: float, verify: ssl.SSLContext, limits: httpx.Limits,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:  # fmt: skip
    """A client for the engine.

    Args:
        timeout_seconds: for each read and write; an exchange as a whole is bounded by the caller.
        verify: from `tls_context`.
        limits: of its pool.
        transport: instead of the network and its proxies.

    Raises:
        SettingsError: the environment's proxy variables cannot be used.
    """
    with _proxies_checked():
        return httpx.AsyncClient(
            timeout=_timeout(timeout_seconds), verify=verify, limits=limits, transport=transport,
            event_hooks={"response": [_forget_location_async]}, **_common(),
        )  # fmt: skip


def sign_in_client(*, timeout_seconds: float, verify: ssl.SSLContext) -> httpx.Client:
    """A client for msal, which waits for its answers. Arguments and errors as for `api_client`."""
    with _proxies_checked():
        return httpx.Client(
            timeout=_timeout(timeout_seconds), verify=verify,
            event_hooks={"response": [_forget_location]}, **_common(),
        )  # fmt: skip


def _common() -> dict[str, Any]:
    """No answer sets the stage for the next request: nothing is followed, no cookie is kept."""
    policy = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])
    return {
        "follow_redirects": False,
        "cookies": http.cookiejar.CookieJar(policy),
        "headers": {"Accept-Encoding": ACCEPTED},
    }


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))


def _forget_location(response: httpx.Response) -> None:
    """Httpx would prepare the redirected request though it is not to follow it, and fail where the address is odd."""
    response.headers.pop("Location", None)


async def _forget_location_async(response: httpx.Response) -> None:
    _forget_location(response)


@contextlib.contextmanager
def _proxies_checked() -> Iterator[None]:
    try:
        yield
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise unusable() from error
