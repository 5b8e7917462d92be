"""Processes that are stopped between the look at the clock and the first byte, and wake when it is too late."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance_world import until
from local_tls import server_tls, write_ca_file

SENDS = """
import asyncio, os, signal, sys
from batchreset.last_moment import LastMoment
from batchreset.net import Request, tls_context, transport_of

async def main():
    last_moment = LastMoment()
    def may_leave():
        last_moment(float(sys.argv[3]))
        if sys.argv[4] == "stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        return True
    transport = transport_of(concurrency=1, timeout_seconds=30, verify=tls_context(sys.argv[2]))
    async with transport.open():
        await transport.send(
            Request(method="GET", base_url=sys.argv[1], path="/", headers={}, most_bytes=100, may_leave=may_leave),
            believes=lambda _: True,
        )
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

asyncio.run(main())
"""


class Service:
    """Answers one request over TLS; keeps what has come."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://localhost:{self._listener.getsockname()[1]}"
        self.came = b""
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as connection:
            try:
                with server_tls().wrap_socket(connection, server_side=True) as encrypted:
                    self.came = encrypted.recv(1000)
                    encrypted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            except (ssl.SSLError, ConnectionError):
                pass


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.thread.join()


def alarm_is_pending(process: subprocess.Popen[bytes]) -> bool:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    pending = next(line.split()[1] for line in status.splitlines() if line.startswith("ShdPnd:"))
    return bool(int(pending, 16) >> (signal.SIGALRM - 1) & 1)


def started(service: Service, ca_file: str, *, seconds: float, stopped: bool) -> subprocess.Popen[bytes]:
    arguments = [service.address, ca_file, str(seconds), "stopped" if stopped else "going on"]
    environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    return subprocess.Popen([sys.executable, "-c", SENDS, *arguments], env=environment, stderr=subprocess.PIPE)


def test_whoever_was_stopped_past_the_last_moment_sends_nothing_when_it_wakes(service: Service, tmp_path: Path) -> None:
    with started(service, write_ca_file(tmp_path), seconds=0.05, stopped=True) as process:
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        until(lambda: alarm_is_pending(process))
        process.send_signal(signal.SIGCONT)
        assert process.wait() == -signal.SIGALRM
    service.thread.join()
    assert service.came == b""


@pytest.mark.parametrize("stopped", [False, True], ids=["going on", "stopped"])
def test_whoever_goes_on_in_time_sends_and_lives(service: Service, tmp_path: Path, *, stopped: bool) -> None:
    with started(service, write_ca_file(tmp_path), seconds=60.0, stopped=stopped) as process:
        if stopped:
            assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
            process.send_signal(signal.SIGCONT)
        said = process.communicate()[1]
        assert (process.returncode, said) == (0, b"")
    assert service.came.startswith(b"GET / HTTP/1.1\r\n")
