"""HTTP/1.1 over one connection, with no more parsing than checking needs: about 10 µs a request beside TLS."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_GUID: Final = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_TOKEN: Final = re.compile(rb"(?i)\r\nauthorization: *Bearer ([!-~]{1000,})\r\n")
_REQUEST: Final = re.compile(rb"(?i)\r\nms-requestid: *(%b)\r\n" % _GUID)
_CORRELATION: Final = re.compile(rb"(?i)\r\nms-correlationid: *(%b)\r\n" % _GUID)
_RESET: Final = re.compile(rb"PATCH /v1/customers/(%b)/users/(%b)(?:/resetpassword)? HTTP/1\.1\r\n" % (_GUID, _GUID))
_LOOK: Final = re.compile(rb"GET /v1/customers/%b(?:/users/%b)? HTTP/1\.1\r\n" % (_GUID, _GUID))
_RECORDS: Final = re.compile(rb"GET /v1/auditrecords\?[!-~]+ HTTP/1\.1\r\n")
_LEAST_PASSWORD: Final = 8
_USER: Final = json.dumps(
    {
        "usageLocation": "US",
        "userPrincipalName": "somebody@contoso.onmicrosoft.com",
        "displayName": "Some Body",
        "state": "active",
        "passwordProfile": {"forceChangePassword": True},
        "lastDirectorySyncTime": None,
        "userDomainType": "managed",
        "attributes": {"objectType": "CustomerUser"},
    },
    indent=2,
).encode()
_OK: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nisMfaCompliant: true\r\n"
    b"Content-Length: %d\r\nMS-CorrelationId: %%b\r\nMS-RequestId: %%b\r\n\r\n" % len(_USER)
) + _USER
_NO_RECORDS: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 29\r\n\r\n"
    b'{"totalCount":0,"items":[]}\r\n'
)
_BAD: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
_AT_ONCE_SECONDS: Final = 0.0


@dataclass(slots=True, kw_only=True)
class Seen:
    """What came since the last time somebody asked.

    Attributes:
        users: who was reset.
        passwords: all different ones.
        twice: resets of somebody who was reset already.
        strange: requests that are not as documented; the first ones, for people.
        looks: GET requests.
        connections: that were opened.
        under_way: now.
        most_under_way: at once.
        moments: of each reset, as it came, on the monotonic clock.
        last_answered: on the monotonic clock.
    """

    users: set[bytes] = field(default_factory=set)
    passwords: set[str] = field(default_factory=set)
    twice: int = 0
    strange: list[str] = field(default_factory=list)
    looks: int = 0
    connections: int = 0
    under_way: int = 0
    most_under_way: int = 0
    moments: list[float] = field(default_factory=list)
    last_answered: float = 0.0


@dataclass(slots=True, kw_only=True)
class Shared:
    """What all connections look at."""

    delay_seconds: float = 0.0
    seen: Seen = field(default_factory=Seen)


class Connection(asyncio.Protocol):
    """Takes one request after the other."""

    def __init__(self, shared: Shared, later: Callable[..., object]) -> None:
        self._shared = shared
        self._later = later
        self._came = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  what a server's connections are
        self._transport = transport
        self._shared.seen.connections += 1

    def data_received(self, data: bytes) -> None:
        self._came += data
        while (end := self._came.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._came, 0, end + 2)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._came) < whole:
                return
            head, body, self._came = self._came[: end + 2], self._came[end + 4 : whole], self._came[whole:]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        seen = self._shared.seen
        seen.under_way += 1
        seen.most_under_way = max(seen.most_under_way, seen.under_way)
        answer = self._answer(head, body)
        if self._shared.delay_seconds > _AT_ONCE_SECONDS:
            self._later(self._shared.delay_seconds, self._write, answer, seen)
        else:
            self._write(answer, seen)

    def _answer(self, head: bytes, body: bytes) -> bytes:
        seen = self._shared.seen
        if _LOOK.match(head):
            seen.looks += 1
            return _OK % (b"", b"")
        if _RECORDS.match(head):
            seen.looks += 1
            return _NO_RECORDS
        reset, request, correlation = _RESET.match(head), _REQUEST.search(head), _CORRELATION.search(head)
        if not (reset and request and correlation and _TOKEN.search(head) and self._took_password(body)):
            seen.strange.append(repr(head[:100]))
            return _BAD
        user = reset[1] + reset[2]
        if user in seen.users:
            seen.twice += 1
        seen.users.add(user)
        seen.moments.append(time.monotonic())
        return _OK % (correlation[1], request[1])

    def _took_password(self, body: bytes) -> bool:
        try:
            password = json.loads(body)["passwordProfile"]["password"]
        except (ValueError, KeyError, TypeError):
            return False
        self._shared.seen.passwords.add(password)
        return isinstance(password, str) and len(password) >= _LEAST_PASSWORD

    def _write(self, answer: bytes, seen: Seen) -> None:
        seen.under_way -= 1
        seen.last_answered = time.monotonic()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)
