"""From httpx's exceptions to `Lost` or `NotSent`: was it sent? What is not surely unsent counts as sent."""

import errno
import socket
import ssl
from collections.abc import Iterator

import httpx

from batchreset.core.exchange import LossKind, Lost, NotSent, NotSentKind
from batchreset.net.proxies import proxy_of


def failure(error: httpx.TransportError | httpx.DecodingError | ssl.SSLError) -> Lost | NotSent:
    """What an exchange came to that ended in `error`.

    On asyncio a TLS record that is damaged after the handshake comes as a bare `ssl.SSLError`, which httpx lets pass.
    Only the phases before the request's first byte (connecting, the proxy's CONNECT, TLS, waiting for a free
    connection) are surely unsent. The detail never holds an address's userinfo, a header or a body.
    """
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.UnsupportedProtocol():
            return _of_the_proxy(no_connection(error), error)
        case httpx.ProxyError():
            proxy = _proxy_of(error)
            named = f"the proxy {proxy}" if proxy else "the proxy"
            return NotSent(kind=NotSentKind.PROXY, detail=f"{named} refused the connection")
        case httpx.TimeoutException():
            return Lost(kind=LossKind.TIMEOUT, detail="no answer in time")
        case httpx.RemoteProtocolError() if "incomplete" in str(error) or "without sending complete" in str(error):
            return Lost(kind=LossKind.CUT_SHORT, detail="the answer was cut short")
        case httpx.RemoteProtocolError() if "without sending a response" in str(error):
            return Lost(kind=LossKind.CONNECTION, detail="the connection was closed before an answer came")
        case httpx.RemoteProtocolError():
            return Lost(kind=LossKind.CUT_SHORT, detail="the answer was not HTTP")
        case httpx.DecodingError():
            return Lost(kind=LossKind.CUT_SHORT, detail="the answer's body could not be decoded")
        case _:
            return Lost(kind=LossKind.CONNECTION, detail="the connection was lost")


def _of_the_proxy(unsent: NotSent, error: httpx.TransportError | httpx.DecodingError) -> NotSent:
    """With the proxy named that was to be connected to, and not the service; TLS is the service's own."""
    proxy = _proxy_of(error) if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else None
    if proxy is None or unsent.kind is NotSentKind.TLS:
        return unsent
    return NotSent(kind=unsent.kind, detail=f"{unsent.detail}, by way of the proxy {proxy}")


def _proxy_of(error: httpx.TransportError | httpx.DecodingError) -> str | None:
    try:
        return proxy_of(error.request.url)
    except RuntimeError:  # whatever raised it did not say for which request
        return None


def no_connection(error: BaseException) -> NotSent:
    """What kept a connection from being made, by the causes of whatever library's error."""
    causes = list(_causes(error))
    for cause in causes:
        match cause:
            case ssl.SSLWantReadError() | ssl.SSLWantWriteError():
                pass  # how a handshake waits; it is in the chain of one that ran out of time
            case ssl.SSLCertVerificationError():
                return NotSent(kind=NotSentKind.TLS, detail=f"the certificate is not trusted ({cause.verify_message})")
            case ssl.SSLError():
                return NotSent(kind=NotSentKind.TLS, detail=f"TLS failed ({_reason(cause)})")
            case socket.gaierror():
                return NotSent(detail="the name of the host could not be resolved")
            case ConnectionRefusedError():
                return NotSent(detail="the connection was refused")
            case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
                return NotSent(detail="there is no route to the host")
            case _:
                pass
    if isinstance(error, httpx.TimeoutException):
        return NotSent(detail="no connection in time")
    text = str(error)
    if "CERTIFICATE" in text or "SSL" in text:
        return NotSent(kind=NotSentKind.TLS, detail="the secure connection was refused")
    return NotSent(detail="no connection could be made")


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's word for it; an error that was not raised by OpenSSL lacks even the attribute."""
    return getattr(error, "reason", None) or "no reason given"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__
