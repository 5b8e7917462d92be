"""HTTP connections: TLS trust, proxies, time limits, and a pool that does not collapse."""

import contextlib
import http.cookiejar
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import httpx
import truststore

from batchreset.errors import SettingsError

CONNECTIONS_A_POOL: Final = 4
"""httpx walks over all of a pool's connections for every request: 64 in one pool are fifteen times slower."""
CONNECT_TIMEOUT_SECONDS: Final = 10.0
KEEP_ALIVE_SECONDS: Final = 30.0
"""Shorter than the idle limits of common gateways, so that a request seldom meets a connection that is closing."""


def tls_context(ca_file: str) -> ssl.SSLContext:
    """The operating system's trust store (`SSL_CERT_FILE` is honoured), and `ca_file` beside it.

    Raises:
        SettingsError: `ca_file` cannot be read or holds no certificate.
    """
    context = _system_trust()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # SSLKEYLOGFILE would let whoever holds a capture of the traffic read the passwords. None switches it off.
    context.keylog_filename = None  # type: ignore[assignment]
    if ca_file:
        try:
            context.load_verify_locations(cafile=str(Path(ca_file).expanduser()))
        except (OSError, ValueError, RuntimeError) as error:
            raise SettingsError(
                f"[partner_center] ca_file: {ca_file} cannot be used ({_why(error)})",
                next_step="give a file with the authority's certificate in PEM form, or leave ca_file empty",
            ) from error
    return context


def _system_trust() -> ssl.SSLContext:
    """OpenSSL's own default locations where they exist; truststore for the other ones, for macOS and for Windows.

    truststore reads the whole bundle anew at each handshake: 7 ms of CPU for each connection.
    """
    paths = ssl.get_default_verify_paths()
    if sys.platform not in {"darwin", "win32"} and (paths.cafile or paths.capath):
        return ssl.create_default_context()
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _why(error: Exception) -> str:
    match error:
        case ssl.SSLError():
            return "it holds no certificate"
        case OSError():
            return error.strerror or str(error)
        case _:
            return "it is not a path"


async def _forget_location(response: httpx.Response) -> None:
    """Httpx would prepare the redirected request though it is not to follow it, and fail where the address is odd."""
    response.headers.pop("Location", None)


class Connections:
    """Several small httpx clients as one; proxies come from the usual variables.

    Args:
        concurrency: requests that may be under way at once.
        timeout_seconds: for each read and write; an exchange as a whole is bounded by the caller.
        verify: from `tls_context`.

    Raises:
        SettingsError: the environment's proxy variables cannot be used.
    """

    def __init__(self, *, concurrency: int, timeout_seconds: float, verify: ssl.SSLContext) -> None:
        pools = -(-concurrency // CONNECTIONS_A_POOL)
        limits = httpx.Limits(
            max_connections=CONNECTIONS_A_POOL,
            max_keepalive_connections=CONNECTIONS_A_POOL,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        )
        timeout = httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, CONNECT_TIMEOUT_SECONDS))
        try:
            self._clients = [
                httpx.AsyncClient(
                    verify=verify,
                    limits=limits,
                    timeout=timeout,
                    follow_redirects=False,
                    # No answer sets the stage for the next request: nothing is followed, no cookie is kept.
                    event_hooks={"response": [_forget_location]},
                    cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
                )
                for _ in range(pools)
            ]
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise SettingsError(
                "the proxy in HTTPS_PROXY or ALL_PROXY cannot be used: it is not an http or https address",
                next_step="correct the proxy variables, or unset them",
            ) from error
        self._busy = [0] * pools

    @contextlib.contextmanager
    def least_busy(self) -> Iterator[httpx.AsyncClient]:
        """The client with the fewest requests under way, for one request."""
        index = min(range(len(self._busy)), key=self._busy.__getitem__)
        self._busy[index] += 1
        try:
            yield self._clients[index]
        finally:
            self._busy[index] -= 1

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Connections"]:
        """Close all connections at the end of the block."""
        async with contextlib.AsyncExitStack() as stack:
            for client in self._clients:
                await stack.enter_async_context(client)
            yield self
