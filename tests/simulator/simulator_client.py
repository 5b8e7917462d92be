"""A caller of the simulator that does everything right, and can be told to do one thing wrong."""

import contextlib
import json
import socket
import ssl
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.server import RunningSimulator, running

CUSTOMER = "11111111-aaaa-4aaa-8aaa-111111111111"
OTHER_CUSTOMER = "22222222-bbbb-4bbb-8bbb-222222222222"
USER = "99999999-cccc-4ccc-8ccc-999999999999"
PASSWORD = "Zx9!kfj3QpLm7#Ty"


def body(password: str = PASSWORD, *, force: bool = True) -> bytes:
    document = {
        "passwordProfile": {"password": password, "forceChangePassword": force},
        "attributes": {"objectType": "CustomerUser"},
    }
    return json.dumps(document).encode()


def headers(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """All that is asked for, with new ids; a change to None leaves that header out."""
    complete: dict[str, str | None] = {
        "Authorization": "Bearer demo",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "MS-RequestId": str(uuid.uuid4()),
        "MS-CorrelationId": str(uuid.uuid4()),
        "MS-Contract-Version": "v1",
    }
    return {name: value for name, value in {**complete, **(changes or {})}.items() if value is not None}


def trusting(simulator: RunningSimulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=simulator.ca_file)


class Caller:
    """Calls one simulator."""

    def __init__(self, simulator: RunningSimulator, client: httpx.Client) -> None:
        self.simulator = simulator
        self.state = simulator.state
        self._client = client

    def reset(
        self,
        user: str = USER,
        *,
        customer: str = CUSTOMER,
        changes: Mapping[str, str | None] | None = None,
        content: bytes | None = None,
        address: str = "/resetpassword",
    ) -> httpx.Response:
        return self.send(
            "PATCH",
            f"/v1/customers/{customer}/users/{user}{address}",
            changes=changes,
            content=body() if content is None else content,
        )

    def get(self, path: str, *, changes: Mapping[str, str | None] | None = None) -> httpx.Response:
        return self.send("GET", path, changes={"Content-Type": None, **(changes or {})})

    def send(
        self,
        method: str,
        path: str,
        *,
        changes: Mapping[str, str | None] | None = None,
        content: bytes = b"",
    ) -> httpx.Response:
        # httpx adds an Accept of its own to a request that has none, unless the client's is taken away.
        request = self._client.build_request(method, path, headers=headers(changes), content=content)
        for name, value in (changes or {}).items():
            if value is None:
                request.headers.pop(name, None)
        return self._client.send(request)

    def report(self) -> dict[str, Any]:
        """`/_simulator/state`, which needs no token and no header."""
        report: dict[str, Any] = self._client.get("/_simulator/state").raise_for_status().json()
        return report


@contextlib.contextmanager
def calling(options: SimulatorOptions) -> Iterator[Caller]:
    """A caller of a simulator of its own."""
    with (
        running(options) as simulator,
        httpx.Client(base_url=simulator.base_url, verify=trusting(simulator), timeout=10) as client,
    ):
        yield Caller(simulator, client)


class Connection:
    """A bare TLS connection over a socket that is read here: `ssl.SSLSocket` would hide how the connection ended."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, name: str) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(plain.recv(65536))
        self._flush()

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self._flush()

    def receive(self) -> bytes:
        """What came next; empty when the connection was closed. Raises ConnectionResetError, TimeoutError."""
        while True:
            try:
                return self._tls.read(65536)
            except ssl.SSLWantReadError:
                data = self._plain.recv(65536)
            if not data:
                return b""
            self._incoming.write(data)

    def receive_to_end(self) -> tuple[bytes, str]:
        """Every byte until the connection ended, and whether it was `closed` or `reset`."""
        received = b""
        try:
            while piece := self.receive():
                received += piece
        except ConnectionResetError:
            return received, "reset"
        return received, "closed"

    def give_up_after(self, seconds: float) -> None:
        self._plain.settimeout(seconds)

    def _flush(self) -> None:
        self._plain.sendall(self._outgoing.read())


@contextlib.contextmanager
def connected(simulator: RunningSimulator, *, name: str = "127.0.0.1") -> Iterator[Connection]:
    """A connection to the simulator, whose certificate is asked to be `name`'s."""
    address = ("127.0.0.1", urlsplit(simulator.base_url).port)
    with socket.create_connection(address, timeout=10) as plain:
        yield Connection(plain, trusting(simulator), name)


def raw_reset(*, user: str = USER, changes: Mapping[str, str | None] | None = None) -> bytes:
    """A right reset as it goes on the wire."""
    content = body()
    lines = [f"PATCH /v1/customers/{CUSTOMER}/users/{user}/resetpassword HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers(changes).items()]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content
