"""A server that does on real sockets what a test says, byte for byte, and counts what it received."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from local_tls import server_tls

AT_MOST_SECONDS = 10.0
"""For any one wait of the server; a test that comes to it has failed."""


@dataclass(frozen=True)
class Request:
    """One whole request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


class Wire:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, requests: list[Request]) -> None:
        self._sock = sock
        self._requests = requests
        self._unread = b""

    def read_request(self) -> Request | None:
        """The next whole request, which is counted; None when the client has left."""
        while b"\r\n\r\n" not in self._unread:
            if not self._read():
                return None
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        line, *lines = head.decode("ascii").split("\r\n")
        headers = dict(header.split(": ", 1) for header in lines)
        length = int(headers.get("Content-Length", "0"))
        while len(self._unread) < length:
            if not self._read():
                return None
        request = Request(line, headers, self._unread[:length])
        self._unread = self._unread[length:]
        self._requests.append(request)
        return request

    def _read(self) -> bool:
        received = self._sock.recv(65536)
        self._unread += received
        return bool(received)

    def send(self, content: bytes) -> None:
        self._sock.sendall(content)

    def answer(self, status: str = "200 OK", body: bytes = b"", **headers: str) -> None:
        """A whole answer; `_` in a header's name stands for `-`."""
        lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        self.send("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)

    def send_beside_tls(self, content: bytes) -> None:
        """As something on the way would that damages the stream."""
        with socket.socket(fileno=self._sock.detach()) as plain:
            plain.sendall(content)

    def reset(self) -> None:
        """Close so that the other side gets a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def close(self) -> None:
        """Without a word more."""
        self._sock.close()

    def how_the_client_leaves(self) -> str:
        """`reset`, or `closed`: in order. Looked at below TLS, which makes no difference."""
        with socket.socket(fileno=self._sock.detach()) as plain:
            plain.settimeout(AT_MOST_SECONDS)
            try:
                while plain.recv(65536):
                    pass
            except ConnectionResetError:
                return "reset"
            return "closed"

    def wait_until_the_client_leaves(self) -> None:
        while self._sock.recv(65536):
            pass

    def client_stays(self, seconds: float) -> bool:
        """Wait so long for the client to leave; whether it is still there."""
        self._sock.settimeout(seconds)
        try:
            return bool(self._sock.recv(1))
        except TimeoutError:
            return True
        finally:
            self._sock.settimeout(AT_MOST_SECONDS)

    def tunnel_to(self, port: int) -> None:
        """Carry bytes both ways until one side leaves."""
        with socket.create_connection(("127.0.0.1", port)) as target:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while received := target.recv(65536):
                        self._sock.sendall(received)

            carrying = threading.Thread(target=back)
            carrying.start()
            with contextlib.suppress(OSError):
                while received := self._sock.recv(65536):
                    target.sendall(received)
            target.shutdown(socket.SHUT_RDWR)
            carrying.join()


Behaviour = Callable[[Wire], None]


@dataclass
class RawServer:
    """What came to it so far."""

    port: int
    accepted: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"


@contextlib.contextmanager
def raw_server(behave: Behaviour, *, tls: bool = True) -> Iterator[RawServer]:
    """Serve every connection by `behave`, each in a thread, and close it when that returns.

    Args:
        behave: what the server does on a connection.
        tls: whether the handshake is made first.
    """
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(plain: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            sock = server_tls().wrap_socket(plain, server_side=True) if tls else plain
            connections.append(sock)
            with sock:
                behave(Wire(sock, server.requests))

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            server.accepted += 1
            plain.settimeout(AT_MOST_SECONDS)
            connections.append(plain)
            threads.append(threading.Thread(target=serve, args=(plain,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        server = RawServer(port=listener.getsockname()[1])
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for sock in connections:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for sock in connections:
                sock.close()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def answering(status: str = "200 OK", body: bytes = b"", **headers: str) -> Behaviour:
    """The same answer to every request, on connections that are kept open."""

    def behave(wire: Wire) -> None:
        while wire.read_request():
            wire.answer(status, body, **headers)

    return behave
