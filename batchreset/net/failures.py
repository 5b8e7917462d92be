"""From httpx's exceptions to `Lost` or `NotSent`: was it sent? What is not surely unsent counts as sent."""

import errno
import socket
import ssl
from collections.abc import Iterator

import httpx

from batchreset.core.exchange import LossKind, Lost, NotSent, NotSentKind


def failure(error: httpx.TransportError | httpx.DecodingError | ssl.SSLError) -> Lost | NotSent:
    """What an exchange came to that ended in `error`.

    On asyncio a TLS record that is damaged after the handshake comes as a bare `ssl.SSLError`, which httpx lets pass.
    Only the phases before the request's first byte (connecting, the proxy's CONNECT, TLS, waiting for a free
    connection) are surely unsent. The detail never holds an address's userinfo, a header or a body.
    """
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.UnsupportedProtocol():
            return no_connection(error)
        case httpx.ProxyError():
            return NotSent(kind=NotSentKind.PROXY, detail="the proxy refused the connection")
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
