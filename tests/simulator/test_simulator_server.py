"""Start, certificate and end."""

import contextlib
import os
import signal
import socket
import ssl
import stat
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from simulator_client import calling, connected, raw_reset

from batchreset.errors import ExitCode, RefusedError
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.server import RunningSimulator, running, serve


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1"])
def test_the_certificate_is_good_for_this_machines_names(name: str) -> None:
    with calling(SimulatorOptions()) as caller, connected(caller.simulator, name=name) as connection:
        connection.send(raw_reset())
        assert connection.receive().startswith(b"HTTP/1.1 200 ")


def test_the_certificate_is_good_for_no_other_name() -> None:
    with (
        calling(SimulatorOptions()) as caller,
        pytest.raises(ssl.SSLCertVerificationError),
        connected(caller.simulator, name="api.partnercenter.microsoft.com"),
    ):
        pass


def test_who_does_not_trust_the_authority_gets_no_connection_and_others_still_do() -> None:
    with calling(SimulatorOptions()) as caller:
        address = ("127.0.0.1", urlsplit(caller.simulator.base_url).port)
        with (
            socket.create_connection(address, timeout=10) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
            ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1"),
        ):
            pass
        assert caller.reset().status_code == 200


def test_it_serves_on_ipv6_too() -> None:
    with calling(SimulatorOptions(host="::1")) as caller:
        assert caller.simulator.base_url.startswith("https://[::1]:")
        assert caller.reset().status_code == 200


def test_at_its_end_port_folder_and_thread_are_gone() -> None:
    before = set(threading.enumerate())
    with running(SimulatorOptions()) as simulator:
        assert simulator.ca_file.exists()
        assert set(threading.enumerate()) - before
    assert not simulator.ca_file.parent.exists()
    # Others of this process may have ended meanwhile, those of tests before this one.
    assert not set(threading.enumerate()) - before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(simulator.base_url).port or 0))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(SimulatorOptions(hang_share=1), id="hanging"),
        pytest.param(SimulatorOptions(latency_seconds=3600), id="waiting for its answer"),
    ],
)
def test_at_its_end_a_request_in_flight_loses_its_connection_without_an_answer(options: SimulatorOptions) -> None:
    with contextlib.ExitStack() as running_still:
        caller = running_still.enter_context(calling(options))
        with connected(caller.simulator) as connection:
            connection.send(raw_reset())
            while not caller.state.exchanges:
                caller.report()
            running_still.close()
            assert connection.receive_to_end()[0] == b""


def test_a_given_ca_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    with calling(SimulatorOptions(ca_file=path)) as caller:
        assert caller.simulator.ca_file == path
        assert caller.reset().status_code == 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE KEY" not in path.read_text(encoding="ascii")


def test_a_port_in_use_is_refused_by_number() -> None:
    with running(SimulatorOptions()) as simulator:
        port = urlsplit(simulator.base_url).port or 0
        with pytest.raises(RefusedError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use") as raised:
            running(SimulatorOptions(port=port)).__enter__()
    assert raised.value.exit_code is ExitCode.REFUSED
    assert "--port" in raised.value.next_step


NOWHERE = Path("/nonexistent/folder/file")


@pytest.mark.parametrize(
    ("options", "flag"),
    [(SimulatorOptions(ca_file=NOWHERE), "--ca-file"), (SimulatorOptions(applied_log=NOWHERE), "--applied-log")],
)
def test_a_file_that_cannot_be_written_is_refused_by_name(options: SimulatorOptions, flag: str) -> None:
    with pytest.raises(RefusedError, match="cannot be written: No such file or directory") as raised:
        running(options).__enter__()
    assert str(NOWHERE) in raised.value.what
    assert flag in raised.value.next_step


def test_in_the_foreground_it_serves_until_the_other_end_of_a_pipe_is_gone() -> None:
    reading, writing = os.pipe()
    announced: list[RunningSimulator] = []

    def announce(simulator: RunningSimulator) -> None:
        announced.append(simulator)
        os.write(writing, b"what is written is of no interest")
        os.close(writing)

    serve(SimulatorOptions(), announce=announce, until_end_of=reading)
    os.close(reading)
    assert len(announced) == 1
    assert not announced[0].ca_file.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_it_serves_until_a_signal_and_leaves_the_folder_clean(number: signal.Signals) -> None:
    announced: list[RunningSimulator] = []

    def announce(simulator: RunningSimulator) -> None:
        announced.append(simulator)
        os.kill(os.getpid(), number)

    serve(SimulatorOptions(), announce=announce)
    assert not announced[0].ca_file.parent.exists()
