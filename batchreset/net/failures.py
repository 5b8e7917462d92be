"""From httpx's exceptions to `Lost` or `NotSent`: was it sent? What is not surely unsent counts as sent."""

import re
import ssl
from typing import Final

import httpx

from batchreset.core.exchange import LossKind, Lost, NotSent, NotSentKind
from batchreset.net.causes import no_connection
from batchreset.net.proxies import proxy_of
from batchreset.net.unpacking import UndecodableError

_STATUS: Final = re.compile(r"[0-9]{3}\b")


def failure(error: httpx.TransportError | httpx.DecodingError | UndecodableError | ssl.SSLError) -> Lost | NotSent:
    """What an exchange came to that ended in `error`.

    On asyncio a TLS record that is damaged after the handshake comes as a bare `ssl.SSLError`, which httpx lets pass.
    Only the phases before the request's first byte (connecting, the proxy's CONNECT, TLS, waiting for a free
    connection) are surely unsent. The detail never holds an address's userinfo, a header or a body.
    """
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.UnsupportedProtocol():
            return _of_the_proxy(no_connection(error, timed_out=isinstance(error, httpx.TimeoutException)), error)
        case httpx.ProxyError():
            proxy = _proxy_of(error)
            named = f"the proxy {proxy}" if proxy else "the proxy"
            status = _STATUS.match(str(error))
            said = f" ({status[0]})" if status else ""
            return NotSent(kind=NotSentKind.PROXY, detail=f"{named} refused the connection{said}")
        case httpx.TimeoutException():
            return Lost(kind=LossKind.TIMEOUT, detail="no answer in time")
        case httpx.RemoteProtocolError() if "incomplete" in str(error) or "without sending complete" in str(error):
            return Lost(kind=LossKind.CUT_SHORT, detail="the answer was cut short")
        case httpx.RemoteProtocolError() if "without sending a response" in str(error):
            return Lost(kind=LossKind.CONNECTION, detail="the connection was closed before an answer came")
        case httpx.RemoteProtocolError():
            return Lost(kind=LossKind.CUT_SHORT, detail="the answer was not HTTP")
        case httpx.DecodingError() | UndecodableError():
            return Lost(kind=LossKind.CUT_SHORT, detail="the answer's body could not be decoded")
        case _:
            return Lost(kind=LossKind.CONNECTION, detail="the connection was lost")


def _of_the_proxy(unsent: NotSent, error: httpx.TransportError) -> NotSent:
    """With the proxy named that was to be connected to, and not the service; TLS is the service's own."""
    proxy = _proxy_of(error) if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else None
    if proxy is None or unsent.kind is NotSentKind.TLS:
        return unsent
    return NotSent(kind=unsent.kind, detail=f"{unsent.detail}, by way of the proxy {proxy}")


def _proxy_of(error: httpx.TransportError) -> str | None:
    try:
        proxy = proxy_of(str(error.request.url))
    except RuntimeError:  # whatever raised it did not say for which request
        return None
    return None if proxy is None else proxy.shown
