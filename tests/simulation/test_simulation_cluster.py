"""The same worlds with senders beyond the run's process: hosts that are killed, stopped, cut off, drained or lossy."""

import dataclasses

import pytest
from chances import usual_and_torture

from simulation.drawing import Scenario, draw
from simulation.hosts import Fault, draw_faults
from simulation.playing import play_scenario

pytestmark = pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")

MOST_HOSTS = 4
SEEDS_A_TEST = 10
USUAL = 20
TORTURE = 1_500
CHUNKS = usual_and_torture(range(0, USUAL, SEEDS_A_TEST), range(USUAL, USUAL + TORTURE, SEEDS_A_TEST))


def with_hosts(seed: int) -> Scenario:
    """The seed's world; what befalls its hosts is drawn with the same seed."""
    return dataclasses.replace(draw(seed), hosts=1 + seed % MOST_HOSTS)


@pytest.mark.parametrize("first", CHUNKS)
def test_every_promise_holds_with_senders_elsewhere(first: int) -> None:
    """And nothing is sent twice, nor by anybody whose lease is over."""
    found = [
        verdict for seed in range(first, first + SEEDS_A_TEST) if (verdict := play_scenario(with_hosts(seed)).verdict)
    ]
    assert not found, "\n".join(found)


def test_the_usual_seeds_have_every_fault_of_a_host() -> None:
    drawn = [draw_faults(100 * seed + 1, 1 + seed % MOST_HOSTS) for seed in range(USUAL)]

    assert {one.fault for faults in drawn for one in faults} == set(Fault)
