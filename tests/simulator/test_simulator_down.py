"""A server that goes down: its port refuses connections, and it comes back on the same one."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest
from simulator_client import Caller, Connection, calling, connected, raw_reset, trusting

from batchreset.simulator.options import SimulatorOptions


def address(caller: Caller) -> tuple[str, int]:
    return "127.0.0.1", urlsplit(caller.simulator.base_url).port or 0


def listens(caller: Caller) -> bool:
    try:
        socket.create_connection(address(caller), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


def until_it_listens(caller: Caller) -> None:
    """It looks again as fast as it can: what it waits for takes tenths of a second, and being refused costs nothing."""
    deadline = time.monotonic() + 10
    while not listens(caller):
        assert time.monotonic() < deadline, "waited in vain"


def test_under_the_request_that_is_one_too_many_every_connection_ends_and_new_ones_are_refused() -> None:
    options = SimulatorOptions(outages=("refused after 1 request for 600 seconds",))
    with calling(options) as caller, connected(caller.simulator) as idle:
        assert caller.reset().status_code == 200
        with connected(caller.simulator) as unlucky:
            unlucky.send(raw_reset())
            assert unlucky.receive_to_end() == (b"", "reset")
        assert idle.receive_to_end()[0] == b""
        assert not listens(caller)
        # Over the connection that it has kept, or by a new one: the end of the first may be still on its way.
        with pytest.raises(httpx.TransportError):
            caller.reset()
        assert len(caller.state.applied) == 1


def test_it_comes_back_on_the_same_port_with_what_it_knew() -> None:
    with calling(SimulatorOptions(refused_share=1, refused_seconds=0.2, seed=1)) as caller:
        with pytest.raises(httpx.TransportError):
            caller.reset()
        assert not listens(caller)
        until_it_listens(caller)
        assert caller.report()["by_status"] == {"lost": 1}


def test_by_the_clock_it_goes_down_without_any_request() -> None:
    options = SimulatorOptions(outages=("refused after 0.1 seconds for 0.5 seconds",))
    with calling(options) as caller, connected(caller.simulator) as idle:
        assert caller.reset().status_code == 200
        assert idle.receive_to_end()[0] == b""
        assert not listens(caller)
        until_it_listens(caller)
        assert caller.reset().status_code == 200


def test_while_it_is_down_nobody_else_gets_its_port() -> None:
    with calling(SimulatorOptions(outages=("refused after 0 requests for 600 seconds",))) as caller:
        with contextlib.suppress(httpx.TransportError):
            caller.reset()
        with pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind(address(caller))


def test_a_request_that_still_arrives_while_it_is_down_is_not_answered_nor_applied() -> None:
    """Its connection was accepted before, and its handshake was not over."""
    with calling(SimulatorOptions(outages=("refused after 0 requests for 600 seconds",))) as caller:
        with socket.create_connection(address(caller), timeout=10) as accepted:
            with contextlib.suppress(httpx.TransportError):
                caller.reset()
            late = Connection(accepted, trusting(caller.simulator), "127.0.0.1")
            late.send(raw_reset())
            assert late.receive_to_end() == (b"", "reset")
        assert [exchange.ended for exchange in caller.state.exchanges] == ["lost", "refused"]
        assert caller.state.applied == []


def test_it_can_be_ended_while_it_is_down() -> None:
    with calling(SimulatorOptions(outages=("refused after 0 requests for 600 seconds",))) as caller:
        with contextlib.suppress(httpx.TransportError):
            caller.reset()
        assert not listens(caller)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(address(caller))
        other.listen()
