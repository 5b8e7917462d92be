"""Where the browser comes back to: one request on a loopback address (RFC 8252, section 7.3), by query or by form.

msal's own receiver takes the form only, which not every OpenID provider can send, and listens on all addresses in a
container.
"""

import contextlib
import html
import http.server
import socketserver
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from batchreset.errors import SignInError

_BODY_MOST_BYTES: Final = 1 << 16
_REQUEST_SECONDS: Final = 10.0
"""For one request: who connects and says nothing must not keep the answer out."""
_DONE: Final = "You are signed in. This window can be closed; batchreset goes on in its terminal."
_NOT_DONE: Final = "The sign-in was not completed. batchreset's terminal says what to do."


class _Handler(http.server.BaseHTTPRequestHandler):
    server: "_Server"
    timeout = _REQUEST_SECONDS

    def do_GET(self) -> None:
        self._came(urlsplit(self.path).query)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isascii() and length.isdigit() else 0
        self._came(self.rfile.read(min(size, _BODY_MOST_BYTES)).decode("utf-8", "replace"))

    def _came(self, fields: str) -> None:
        """Anything else that knocks here (a favicon, a scanner) is told nothing and changes nothing."""
        answer = {name: values[0] for name, values in parse_qs(fields).items()}
        if answer.get("state") != self.server.state:
            self.send_error(404)
            return
        self.server.answer = answer
        text = html.escape(_NOT_DONE if "error" in answer else _DONE)
        page = f"<!doctype html><meta charset=utf-8><title>batchreset</title><p>{text}</p>\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        """No line on standard error: it would hold the code."""


class _Server(socketserver.TCPServer):
    state = ""
    answer: Mapping[str, str] | None = None
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        """Who hangs up in the middle is no matter; the traceback would hold the code."""


class Loopback:
    """Listens; `redirect_uri` is what the service is told."""

    def __init__(self, server: _Server) -> None:
        self._server = server

    @property
    def redirect_uri(self) -> str:
        """`localhost` by name: app registrations refuse the address as a number."""
        return f"http://localhost:{self._server.server_address[1]}"

    @property
    def address(self) -> str:
        """What it listens on: never an address that others can reach."""
        return str(self._server.server_address[0])

    def wait(self, state: str, *, seconds: float) -> Mapping[str, str] | None:
        """The fields that came with this `state`; None when none did in time."""
        self._server.state = state
        until = time.monotonic() + seconds
        while self._server.answer is None and (left := until - time.monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        return self._server.answer


@contextlib.contextmanager
def listening(port: int) -> Iterator[Loopback]:
    """Listen while the block runs.

    Args:
        port: 0 for any free one.

    Raises:
        SignInError: it cannot be listened on.
    """
    try:
        server = _Server(("127.0.0.1", port), _Handler)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise SignInError(
            f"the port {port} cannot be listened on ({why})",
            next_step="give another one with --port, as it is registered with the application",
        ) from error
    with server:
        yield Loopback(server)
