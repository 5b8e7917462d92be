"""uvicorn and TLS around the service: in a thread for tests and the demo, in the foreground for the command."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme
import uvicorn
from starlette.applications import Starlette

from batchreset import durable
from batchreset.errors import BatchresetError, RefusedError
from batchreset.simulator.app import application
from batchreset.simulator.connection import ReachableProtocol
from batchreset.simulator.line_log import line_log
from batchreset.simulator.listening import OutageServer, bound
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.service import PartnerCenter
from batchreset.simulator.sign_in.assertion import read_certificate
from batchreset.simulator.sign_in.service import SignIn
from batchreset.simulator.state import ServiceState

_NAMES: Final = ("127.0.0.1", "::1", "localhost")
_BACKLOG: Final = 2048
_KEEP_ALIVE_SECONDS: Final = 120
"""As IIS does; a short one would close connections that wait for a limit's window to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSimulator:
    """A simulator that accepts connections.

    Attributes:
        ca_file: PEM, the only certificate its callers have to trust; an absolute path.
        state: may be read from any thread.
    """

    base_url: str
    ca_file: Path
    state: ServiceState


@contextlib.contextmanager
def running(options: SimulatorOptions) -> Iterator[RunningSimulator]:
    """Serve from a thread while the block runs; at its end, requests in flight lose their connection.

    Raises:
        RefusedError: the port is in use, or a file cannot be written.
        BatchresetError: at the end, if a log could no longer be written.
    """
    with _prepared(options) as (server, listener, simulator):
        ready = threading.Event()
        server.on_ready = ready.set
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="simulator") as pool:
            served = pool.submit(_serve_on, server, listener)
            # Also when it could not start: then its error is raised below instead of waited for forever.
            served.add_done_callback(lambda _: ready.set())
            ready.wait()
            try:
                yield simulator
            finally:
                server.stop()
                served.result()


def serve(
    options: SimulatorOptions, *, announce: Callable[[RunningSimulator], None], until_end_of: int | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; call from the main thread.

    `announce` is called once, when connections are accepted. With `until_end_of`, a file descriptor, it ends also when
    that has no more to read, as a pipe has not when the process at its other end is gone.

    Raises:
        RefusedError: the port is in use, or a file cannot be written.
        BatchresetError: at the end, if a log could no longer be written.
    """
    with _prepared(options) as (server, listener, simulator):

        def on_ready() -> None:
            loop = asyncio.get_running_loop()
            for signal_number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(signal_number, server.stop)
            if until_end_of is not None:
                threading.Thread(target=_await_end, args=(until_end_of, server.stop), daemon=True).start()
            announce(simulator)

        server.on_ready = on_ready
        _serve_on(server, listener)


@contextlib.contextmanager
def _prepared(options: SimulatorOptions) -> Iterator[tuple[OutageServer, socket.socket, RunningSimulator]]:
    authority = trustme.CA()
    with (
        contextlib.closing(_listener(options)) as listener,
        _ca_file(options, authority) as ca_file,
        line_log(options.applied_log, option="applied_log") as record_applied,
        line_log(options.request_log, option="request_log") as record_request,
        line_log(options.sign_in_log, option="sign_in_log") as record_token_request,
    ):
        state = ServiceState()
        port = listener.getsockname()[1]
        base_url = f"https://{_for_url(options.host)}:{port}"
        certificate = None if options.client_certificate is None else read_certificate(options.client_certificate)
        service = PartnerCenter(options, state, record_applied, base_url=base_url, record_request=record_request)
        sign_in = SignIn(options, state, base_url=base_url, certificate=certificate, record=record_token_request)

        def look() -> None:
            server.look_soon()

        def give_up(failure: BatchresetError) -> None:
            server.give_up(failure)

        app = application(service, sign_in, give_up=give_up, after_each=look)
        server = OutageServer(
            _config(app, _tls(options, authority)),
            refuses=lambda: service.outages.refuses(time.monotonic()),
            hold=lambda: bound(options.host, port),
        )
        yield server, listener, RunningSimulator(base_url=base_url, ca_file=ca_file, state=state)


def _config(app: Starlette, tls: ssl.SSLContext) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=ReachableProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        # What uvicorn reports are the faults asked for, and requests cut off at the end.
        log_level="critical",
        access_log=False,
        # X-Forwarded-For must not make a stranger look like this machine.
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=0,
        ssl_context_factory=lambda _config, _default: tls,
    )


def _serve_on(server: OutageServer, listener: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listener]))
    if server.failure is not None:
        raise server.failure


def _listener(options: SimulatorOptions) -> socket.socket:
    try:
        listener = bound(options.host, options.port)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise RefusedError(
            f"the simulator cannot listen on {_for_url(options.host)}:{options.port}: {error.strerror or error}",
            next_step="choose another --port, or leave it out: a free one is found",
        ) from error
    return listener


def _tls(options: SimulatorOptions, authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys((*_NAMES, options.host))).configure_cert(context)
    return context


@contextlib.contextmanager
def _ca_file(options: SimulatorOptions, authority: trustme.CA) -> Iterator[Path]:
    text = authority.cert_pem.bytes().decode("ascii")
    if options.ca_file is None:
        with tempfile.TemporaryDirectory(prefix="batchreset-simulator-") as folder:
            path = Path(folder, "ca.pem")
            path.write_text(text, encoding="ascii")
            yield path
        return
    try:
        durable.write_text(options.ca_file, text)
    except OSError as error:
        raise RefusedError(
            f"the CA file {options.ca_file} cannot be written: {error.strerror}",
            next_step="give --ca-file a path in a folder that exists and that you may write to",
        ) from error
    # Whoever is told of it may be in another folder.
    yield options.ca_file.absolute()


def _for_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _await_end(descriptor: int, then: Callable[[], None]) -> None:
    # Not through sys.stdin: a thread that holds its lock at interpreter exit is a fatal error.
    with contextlib.suppress(OSError):
        while os.read(descriptor, 4096):
            pass
    then()
