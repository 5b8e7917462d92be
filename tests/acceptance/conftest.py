"""A world of its own for each test, with whatever faults it asks for."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from acceptance_world import World, world
from evidence import prove_the_rest
from key_pairs import key_pair

from batchreset.simulator.options import SimulatorOptions


@pytest.fixture(scope="session", autouse=True)
def _signals_as_at_a_terminal() -> None:
    """Whoever starts the tests in the background has them inherit that Ctrl-C or a hang-up is ignored."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """`make_world(latency_seconds=0.1, …)`: a world whose simulator has these options. At its end, runs are proved."""
    worlds: list[World] = []
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> World:
            worlds.append(stack.enter_context(world(tmp_path, SimulatorOptions(**options))))
            return worlds[-1]

        yield make
        for made in worlds:
            prove_the_rest(made)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a certificate and its private key."""
    pair = key_pair()
    path = tmp_path_factory.mktemp("certificate") / "application.pem"
    path.write_text(pair.pem + pair.key_pem, encoding="ascii")
    path.chmod(0o600)
    return path
