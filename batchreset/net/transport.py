"""What adapters ask of the network: one request goes, what came of it is a value, nothing is retried or followed."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from batchreset.core.exchange import Lost, NotSent, NotSentKind

CONNECT_SECONDS = 10.0
"""At most, for name, connection, proxy and TLS together."""
KEEP_ALIVE_SECONDS = 30.0
"""Shorter than the idle limits of common gateways, so that a request seldom meets a connection that is closing."""

LATE = NotSent(kind=NotSentKind.LATE, detail="its time was over before it could be sent")
"""What comes of a request that may not leave."""


def always() -> bool:
    """Nothing speaks against it."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent.

    Attributes:
        base_url: `https://…`, without a slash at the end.
        path: below it, with its query; nothing in it needs escaping.
        headers: all of them but `Host` and what tells of the content's length.
        most_bytes: more of an answer's body is not read: its size is the other side's choice.
        may_leave: asked at the last moment before the first byte goes; a no is `NotSent`, of kind `LATE`.
    """

    method: str
    base_url: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    most_bytes: int
    may_leave: Callable[[], bool] = field(default=always, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer.

    Attributes:
        headers: found whatever the case of their names.
        body: unpacked, at most as much as was asked for.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


Believes: TypeAlias = Callable[[Mapping[str, str]], bool]
"""Whether an answer with these headers can be the request's own. If not, it is lost, and its connection is closed."""


class Transport(Protocol):
    """Sends requests over connections that are kept, as many at once as the caller likes."""

    def open(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Requests may be sent while the block runs; all connections are closed at its end."""
        ...

    async def send(self, request: Request, *, believes: Believes) -> Response | Lost | NotSent:
        """What came of it. When cancelled, the request's connection is closed.

        `NotSent`: no byte of it was handed to the connection. Every other failure is `Lost`.
        """
        ...
