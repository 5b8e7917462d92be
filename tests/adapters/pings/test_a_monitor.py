"""A monitor that answers, and every way in which one does not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from local_tls import write_ca_file
from raw_tls_server import Behaviour, Wire, answering, free_port, raw_server

from batchreset.adapters.pings import ping
from batchreset.core.secret import Secret
from batchreset.net import tls_context

CANARY = "c4n4ry-7f3a"


def in_turn(*statuses: str) -> Behaviour:
    """An answer a request, over all connections."""
    left = list(statuses)

    def behave(wire: Wire) -> None:
        while wire.read_request():
            wire.answer(left.pop(0))

    return behave


def lost(wire: Wire) -> None:
    wire.read_request()
    wire.reset()


def pinged(url: str, ca_file: str = "") -> tuple[str | None, list[float]]:
    """What was wrong, and how long was waited between attempts."""
    waited: list[float] = []
    address = Secret(f"{url}/{CANARY}")
    problem = ping(address, verify=tls_context(ca_file), timeout_seconds=0.3, sleep=waited.append)
    assert CANARY not in (problem or "")
    return problem, waited


@pytest.mark.parametrize(
    ("behave", "problem", "requests"),
    [
        pytest.param(answering(), None, 1, id="heard"),
        pytest.param(answering("204 No Content"), None, 1, id="heard-without-a-body"),
        pytest.param(in_turn("503 Busy", "200 OK"), None, 2, id="heard-the-second-time"),
        pytest.param(answering("500 Oh"), "it answered 500", 2, id="500"),
        pytest.param(answering("429 Slow"), "it answered 429", 2, id="429"),
        pytest.param(answering("404 No"), "it answered 404", 1, id="404"),
        pytest.param(answering("302 There", Location="http://localhost:1/x"), "it answered 302", 1, id="redirect"),
        pytest.param(Wire.wait_until_the_client_leaves, "no answer in time", 0, id="hangs"),
        pytest.param(lost, "the connection was lost", 2, id="lost"),
    ],
)
def test_what_an_answer_means(behave: Callable[[Wire], None], problem: str | None, requests: int) -> None:
    with raw_server(behave, tls=False) as server:
        found, waited = pinged(f"http://localhost:{server.port}")
    assert found == problem
    assert len(server.requests) == requests
    assert len(waited) == (requests != 1)


def test_a_monitor_that_is_not_there() -> None:
    assert pinged(f"http://127.0.0.1:{free_port()}")[0] == "the connection was refused"


def test_a_monitor_is_trusted_by_the_authority_that_the_settings_name(tmp_path: Path) -> None:
    with raw_server(answering()) as server:
        assert pinged(server.url, write_ca_file(tmp_path))[0] is None
        assert "certificate is not trusted" in (pinged(server.url)[0] or "")
    assert len(server.requests) == 1
