"""A service of a hundred lines that shares nothing with program and simulator, and counts exactly what it gets."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from local_tls import authority, server_tls

AT_MOST_SECONDS = 20.0
"""For any one wait; a test that comes to it has failed."""
_RESET = re.compile(r"PATCH /v1/customers/([0-9a-f-]{36})/users/([0-9a-f-]{36})(?:/resetpassword)? HTTP/1\.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One whole request.

    Attributes:
        user: whose password it would set; empty for anything else.
        at_seconds: of the monotonic clock.
    """

    line: str
    user: str
    at_seconds: float


Answer = Callable[[Got], int | None]
"""The status to answer with; None: close the connection without a word."""


@dataclass
class CountingServer:
    """What came to it so far.

    Attributes:
        connections: accepted, also those on which nothing came.
        answer: to requests to set a password; every other one gets `look`.
        look: the status of a harmless GET.
    """

    port: int
    answer: Answer
    look: int = 200
    connections: int = 0
    got: list[Got] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def resets(self) -> list[str]:
        """The users whose passwords it was asked to set, in order of arrival."""
        return [one.user for one in self.got if one.user]

    @property
    def looks(self) -> int:
        """All other requests."""
        return sum(not one.user for one in self.got)

    def serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), server_tls().wrap_socket(plain, server_side=True) as sock:
            unread = b""
            while True:
                while b"\r\n\r\n" not in unread:
                    if not (more := sock.recv(65536)):
                        return
                    unread += more
                head, _, unread = unread.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
                while len(unread) < (int(length[1]) if length else 0):
                    unread += sock.recv(65536)
                unread = unread[int(length[1]) :] if length else unread
                line = head.decode("ascii").partition("\r\n")[0]
                asked = _RESET.fullmatch(line)
                got = Got(line=line, user=asked[2] if asked else "", at_seconds=time.monotonic())
                self.got.append(got)
                status = self.answer(got) if asked else 403 if "/users?" in line else self.look
                if status is None:
                    return
                sock.sendall(_whole(status))


def _whole(status: int) -> bytes:
    body = b"{}" if status < 400 else b'{"code": "2032", "description": "no"}'
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nisMfaCompliant: true\r\nContent-Length: {len(body)}"
    )
    return f"{head}\r\n\r\n".encode() + body


@contextlib.contextmanager
def counting_server(ca_file: Path) -> Iterator[CountingServer]:
    """It listens while the block runs, and says yes to everything until it is told otherwise; it lists no users."""
    authority().cert_pem.write_to_path(str(ca_file))
    threads: list[threading.Thread] = []
    accepted: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            plain.settimeout(AT_MOST_SECONDS)
            accepted.append(plain)
            threads.append(threading.Thread(target=server.serve, args=(plain,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = CountingServer(port=listener.getsockname()[1], answer=lambda _: 200)
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()
            for plain in accepted:
                plain.close()
