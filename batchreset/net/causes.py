"""Why a connection was not made, from whatever library's error: by its causes."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Final

from batchreset.core.exchange import NotSent, NotSentKind

_SEVERAL: Final = re.compile(r"\[Errno (\d+)\]")
"""asyncio tries several addresses, and puts what went wrong with each into one text."""


def no_connection(error: BaseException, *, timed_out: bool = False) -> NotSent:
    """What kept a connection from being made; `timed_out`: the error itself says so, where no cause says more."""
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
    if timed_out:
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
        if isinstance(error, OSError) and error.errno is None:
            yield from (OSError(int(number), "") for number in _SEVERAL.findall(str(error)))
        error = error.__cause__ or error.__context__
