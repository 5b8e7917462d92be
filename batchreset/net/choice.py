"""Which transport is used, decided in one place.

llhttp's parser over asyncio's own TLS, as it costs a small part of httpx's way (benchmarks/README.md has both: the
peers `httptools` and `straight script`). httpx serves where that parser is not installed.
"""

import importlib.util
import ssl

from batchreset.net.transport import Transport


def transport_of(
    *, concurrency: int, timeout_seconds: float, verify: ssl.SSLContext, unsent_most_seconds: float | None = None,
    parser: str = "httptools",
) -> Transport:  # fmt: skip
    """To the service, over the network.

    Args:
        concurrency: requests that may be under way at once.
        timeout_seconds: so long nothing may come of a request.
        verify: from `tls_context`.
        unsent_most_seconds: as for `Http11Transport`; httpx knows no such thing.
        parser: the package without which httpx is used.

    Raises:
        SettingsError: the environment's proxy variables cannot be used.
    """
    if importlib.util.find_spec(parser) is None:
        from batchreset.net.over_httpx import HttpxTransport  # noqa: PLC0415  70 ms that nobody else pays

        return HttpxTransport(concurrency=concurrency, timeout_seconds=timeout_seconds, verify=verify)
    from batchreset.net.http11 import Http11Transport  # noqa: PLC0415  needs the parser

    return Http11Transport(
        concurrency=concurrency, timeout_seconds=timeout_seconds, verify=verify, unsent_most_seconds=unsent_most_seconds
    )
