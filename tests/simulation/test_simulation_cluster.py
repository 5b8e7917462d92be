"""The same worlds with senders beyond the run's process: hosts that are killed, stopped, cut off, drained or lossy."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from chances import usual_and_torture

from batchreset.simulator.limits.rule import LimitKind
from batchreset.simulator.options import SimulatorOptions
from simulation.drawing import Scenario, draw
from simulation.hosts import Fault, draw_faults
from simulation.inputs import LARGE
from simulation.playing import play_scenario

pytestmark = pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")

MOST_HOSTS = 4
SEEDS_A_TEST = 10
USUAL = 20
TORTURE = 1_500
LIMITS: Sequence[Mapping[str, Any]] = (
    {"partner_limit": 100, "partner_window_seconds": 10.0, "partner_limit_kind": LimitKind.SLIDING},
    {"partner_limit": 50, "partner_window_seconds": 5.0, "partner_limit_kind": LimitKind.BUCKET},
    {"partner_limit": 100, "partner_window_seconds": 10.0, "partner_limit_kind": LimitKind.CLOCK},
    {"partner_limit": 30, "partner_window_seconds": 10.0},
    {"customer_limit": 20, "customer_window_seconds": 60.0},
)
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


@pytest.mark.torture
@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_senders_elsewhere_are_refused_about_as_seldom_as_one_process(limits: Mapping[str, Any]) -> None:
    """Batches, and answers that come a moment later, cost hardly a refusal more: 429s in all of some seeds."""
    alone, *others = (refusals(limits, hosts) for hosts in (0, 1, 2, MOST_HOSTS))

    assert max(others) <= 1.25 * alone + 5, (alone, *others)


def refusals(limits: Mapping[str, Any], hosts: int) -> int:
    """With hosts that nothing befalls."""
    played = [play_scenario(limited(limits, hosts, seed)) for seed in range(3)]
    return sum(exchange.ended == "429" for one in played for exchange in one.exchanges)


def limited(limits: Mapping[str, Any], hosts: int, seed: int) -> Scenario:
    return Scenario(
        seed=seed,
        shape=LARGE[0],
        flags={"pace.max_concurrency": 64, "pace.remember": False},
        options=SimulatorOptions(seed=seed, latency_seconds=0.2, **limits),
        uplink_seconds=0.01,
        looks_for_secrets=False,
        hosts=hosts,
        faults=False,
    )
