"""A Key Vault on real sockets, as far as secrets go, and a proxy before it."""

import contextlib
import functools
import http.server
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trustme
from azure.core.credentials import AccessToken
from azure.keyvault.secrets._shared import http_challenge_cache
from local_tls import authority, server_tls

from batchreset.adapters.key_vault import KeyVaultSecret

TOKEN = "0.AXcAcanary-Refresh_Token~of.the.operator-9fQ2"
AZURE_TOKEN = "azure-token-of-the-tests"

_SPEAKS = (
    "AZURE_", "IDENTITY_", "MSI_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip
_Server = TypeVar("_Server", bound=http.server.ThreadingHTTPServer)


@functools.cache
def another_authority() -> trustme.CA:
    """One that has signed nothing."""
    return trustme.CA()


def write_ca_file(folder: Path, *, of: trustme.CA | None = None) -> str:
    """Path of an authority's certificate."""
    path = folder / f"ca-{id(of)}.pem"
    (of or authority()).cert_pem.write_to_path(str(path))
    return str(path)


class StandInCredential:
    """Gives out a token and notes what for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.scopes: list[str] = []
        self.closed = False
        self._error = error

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.scopes += scopes
        if self._error:
            raise self._error
        return AccessToken(AZURE_TOKEN, int(time.time()) + 3600)

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to say instead of what a vault would say. `cut`: close the connection in the middle of the body."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def refusal(
    status: int, code: str, *, inner: str = "", message: str = "the service's own words", **headers: str
) -> Answer:
    """An error as Key Vault words it."""
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return Answer(status, json.dumps({"error": error}).encode(), headers)


class VaultServer(http.server.ThreadingHTTPServer):
    """A vault.

    Attributes:
        secrets: the versions of each, by name.
        instead: answers to the next requests that carry a token.
        seen: all requests.
        resource: what it asks for a token of.
        left: set when a client has closed its connection.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket = server_tls("*.vault.azure.net").wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port: int = self.server_address[1]
        self.secrets: dict[str, list[dict[str, Any]]] = {}
        self.instead: list[Answer] = []
        self.seen: list[Seen] = []
        self.resource = "https://vault.azure.net"
        self.left = threading.Event()

    @property
    def address(self) -> str:
        return f"https://localhost:{self.port}/secrets/token"

    def answer(self, request: Seen) -> Answer:
        if request.path.startswith("/identity"):
            return _ok(
                {
                    "access_token": AZURE_TOKEN,
                    "expires_in": "3600",
                    "expires_on": "4102444800",
                    "token_type": "Bearer",
                    "resource": "r",
                }
            )
        if "Authorization" not in request.headers:
            challenge = f'Bearer authorization="https://login.microsoftonline.com/tenant", resource="{self.resource}"'
            return Answer(401, headers={"WWW-Authenticate": challenge})
        if self.instead:
            return self.instead.pop(0)
        if request.headers["Authorization"] != f"Bearer {AZURE_TOKEN}":
            return refusal(401, "Unauthorized")
        name = request.path.split("?")[0].split("/")[2]
        versions = self.secrets.setdefault(name, [])
        if request.method == "PUT":
            versions.append(json.loads(request.body))
        elif not versions:
            return refusal(404, "SecretNotFound")
        number = len(versions)
        return _ok(
            {"id": f"https://localhost/secrets/{name}/{number}", "attributes": {"enabled": True}, **versions[-1]}
        )


def _ok(body: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(body).encode())


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, and at once: an answer would wait for an acknowledgement
    disable_nagle_algorithm = True
    server: VaultServer

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # whoever does not trust the certificate leaves
            super().handle()
        self.server.left.set()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or "0"))
        request = Seen(self.command, self.path, dict(self.headers.items()), body)
        self.server.seen.append(request)
        answer = self.server.answer(request)
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + answer.cut))
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = answer.cut

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, *args: Any) -> None:
        pass


class ProxyServer(http.server.ThreadingHTTPServer):
    """Leads every CONNECT to the same port, or nowhere, and notes what was asked for."""

    daemon_threads = True

    def __init__(self, port: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.leads_to = port
        self.asked: list[str] = []


class _ProxyHandler(http.server.BaseHTTPRequestHandler):
    server: ProxyServer

    def do_CONNECT(self) -> None:
        self.server.asked.append(self.path)
        if self.server.leads_to is None:
            self.send_error(502)
            return
        with socket.create_connection(("127.0.0.1", self.server.leads_to)) as onward:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(onward, self.connection), daemon=True)
            back.start()
            _pump(self.connection, onward)
            back.join(10)
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while received := source.recv(65536):
            sink.sendall(received)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def serving(server: _Server) -> Iterator[_Server]:
    """The server while the block runs.

    Microsoft's library remembers challenges by host and port, for the whole process: ports come again.
    """
    http_challenge_cache.clear()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def forget_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Whatever there is that says how to reach or open a vault, and whom to trust (the system's list takes long)."""
    for name in list(os.environ):
        if name.upper().startswith(_SPEAKS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSL_CERT_FILE", write_ca_file(home, of=another_authority()))
    monkeypatch.setenv("SSL_CERT_DIR", str(home / "none"))


@dataclass
class Opened:
    """The vault's server, the secret as the program opens it, who opens it, and what it waited."""

    server: VaultServer
    credential: StandInCredential
    ca_file: str
    waits: list[float] = field(default_factory=list)

    @contextlib.contextmanager
    def secret(self, address: str = "", *, ca_file: str | None = None) -> Iterator[KeyVaultSecret]:
        secret = KeyVaultSecret(
            address or self.server.address,
            ca_file=self.ca_file if ca_file is None else ca_file,
            credential=self.credential,
            sleep=self.waits.append,
        )
        with contextlib.closing(secret):
            yield secret


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """A vault of its own while the block runs."""
    with serving(VaultServer()) as server:
        yield Opened(server, StandInCredential(), write_ca_file(folder))
