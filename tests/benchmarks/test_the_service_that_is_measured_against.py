"""Nobody is fast by sending less: the benchmarks' service checks what came."""

import asyncio
import json
from collections.abc import Callable

import pytest

from benchmarks import program, users
from benchmarks.service.protocol import Connection, Shared

IDS = ("ms-requestid", "ms-correlationid")
GUID = users.user(7)


class Wire(asyncio.Transport):
    """A connection without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def reset(row: int = 1, *, method: str = "PATCH", token: str = program.TOKEN, password: str = "Zx9!kfj3Qp") -> bytes:
    body = json.dumps({"passwordProfile": {"password": password}}).encode()
    ids = "".join(f"{name}: {GUID}\r\n" for name in IDS)
    return (
        f"{method} /v1/customers/{users.customer(row)}/users/{users.user(row)}/resetpassword HTTP/1.1\r\n"
        f"Authorization: Bearer {token}\r\n{ids}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def came(shared: Shared, wire: Wire) -> Callable[[bytes], None]:
    connection = Connection(shared, lambda *_: None)
    connection.connection_made(wire)
    return connection.data_received


def test_a_reset_as_documented_is_counted_and_its_ids_come_back(
    came: Callable[[bytes], None], shared: Shared, wire: Wire
) -> None:
    came(reset(1)[:100])
    came(reset(1)[100:] + reset(2, password="another one"))
    assert (len(shared.seen.users), len(shared.seen.moments), shared.seen.strange) == (2, 2, [])
    assert len(wire.written) == 2
    assert wire.written[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert wire.written[0].count(GUID.encode()) == 2


@pytest.mark.parametrize(
    "request_",
    [
        reset(method="GET"), reset(token="short"), reset(password="short"),
        reset().replace(b'"password"', b'"passward"'), reset().replace(b"ms-requestid", b"x"),
        reset().replace(users.user(1).encode(), b"me"), reset().replace(b"\r\n\r\n{", b"\r\n\r\n["),
    ],
    ids=["GET", "no token", "no password", "no such field", "no id", "no GUID", "no JSON"],
)  # fmt: skip
def test_whatever_else_comes_is_strange(came: Callable[[bytes], None], shared: Shared, request_: bytes) -> None:
    came(request_)
    assert (len(shared.seen.strange), len(shared.seen.users)) == (1, 0)


def test_nobody_is_counted_twice(came: Callable[[bytes], None], shared: Shared) -> None:
    came(reset(1) + reset(1))
    assert (len(shared.seen.users), shared.seen.twice) == (1, 1)


def test_the_answer_waits_for_the_service_time(wire: Wire) -> None:
    later: list[Callable[[], None]] = []
    shared = Shared(delay_seconds=0.05)
    connection = Connection(shared, lambda seconds, does, *given: later.append(lambda: does(*given)))
    connection.connection_made(wire)
    connection.data_received(reset(1) + reset(2))
    assert (wire.written, shared.seen.under_way, shared.seen.most_under_way) == ([], 2, 2)
    for answer in later:
        answer()
    assert (len(wire.written), shared.seen.under_way) == (2, 0)


def test_it_has_no_record_of_anybody(came: Callable[[bytes], None], shared: Shared, wire: Wire) -> None:
    came(b"GET /v1/auditrecords?startDate=2026-11-26&endDate=2026-11-26&size=500 HTTP/1.1\r\n\r\n")
    head, _, body = wire.written[0].partition(b"\r\n\r\n")
    assert (json.loads(body)["items"], shared.seen.strange) == ([], [])
    assert b"Content-Length: %d" % len(body) in head
