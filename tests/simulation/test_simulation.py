"""Hundreds of whole runs in virtual time: each seed another world, and every promise holds in each of them."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import pytest
from chances import usual_and_torture

from batchreset.core.records import Ending, Record
from batchreset.simulator.limits.rule import LimitKind
from batchreset.simulator.options import Mfa, RetryAfterStyle, SimulatorOptions
from simulation.drawing import UNTOUCHED, Down, Point, Scenario, SessionPlan, draw
from simulation.inputs import SMALL, Shape
from simulation.playing import Played, play, play_scenario
from simulation.timing import run_in_order
from simulation.world import World

pytestmark = pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")
"""httpx leaves its own generators where a body is not read to its end; trio alone minds."""

SEEDS_A_TEST = 25
GROUPS_OF_FIVE = 6
"""Groups that five rows come to, two at a time."""
USUAL = 175
TORTURE = 4_000
TWICE = (10, 11, 17)
"""Seeds with several sessions, crashes and faults."""
CHUNKS = usual_and_torture(range(0, USUAL, SEEDS_A_TEST), range(USUAL, USUAL + TORTURE, SEEDS_A_TEST))


@pytest.mark.parametrize("first", CHUNKS)
def test_every_promise_holds_in_every_world(first: int) -> None:
    """Faults, limits, stops, failing commits, crashes; the proof at the end, and once more when all has been mended."""
    found = [verdict for seed in range(first, first + SEEDS_A_TEST) if (verdict := play(seed).verdict)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("seed", usual_and_torture(TWICE, range(20, 60)))
def test_the_same_seed_gives_the_same_history_twice(seed: int) -> None:
    """Line for line; the results file's SHA-256 is in it."""
    assert play(seed).history == play(seed).history


@pytest.mark.torture
def test_another_interpreter_gives_the_same_history() -> None:
    """With other hashes: no set's or dictionary's order is in it."""
    command = [sys.executable, str(Path(__file__).parent), *map(str, TWICE)]
    said = [
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True, text=True, check=True
        ).stdout
        for hashes in ("1", "2")
    ]
    assert said[0] == said[1]
    assert all(play(seed).sha256 in said[0] for seed in TWICE)


def test_other_seeds_give_other_histories() -> None:
    assert len({play(seed).sha256 for seed in TWICE}) == len(TWICE)


def test_the_usual_seeds_choose_everything_there_is() -> None:
    """What no seed chooses is not tested: each fault, limit and way to say it, each crash, stop and outage is there."""
    drawn = [draw(seed) for seed in range(USUAL)]
    options = [scenario.options for scenario in drawn]
    plans = [plan for scenario in drawn for plan in scenario.plans]
    faults = SimulatorOptions().fault_shares().keys() - UNTOUCHED
    assert {name for one in options for name, share in one.fault_shares().items() if share} == faults
    assert {one.retry_after for one in options if one.partner_limit or one.customer_limit} == set(RetryAfterStyle)
    assert {one.partner_limit_kind for one in options if one.partner_limit} == set(LimitKind)
    assert {one.customer_limit_kind for one in options if one.customer_limit} == set(LimitKind)
    assert {one.mfa for one in options} == set(Mfa)
    assert {plan.crash.point for plan in plans if plan.crash is not None} == {None, *Point}
    assert {outage.kind for scenario in drawn for outage in scenario.outages} == set(Down)
    assert {plan.hurry_after_seconds is None for plan in plans if plan.stop is not None} == {True, False}
    assert {plan.failing_written for plan in plans if plan.failing_group is not None} == {True, False}
    assert {scenario.discards for scenario in drawn} == {scenario.ends_well for scenario in drawn} == {True, False}
    assert any(one.missing_users for one in options)
    assert any(one.forbidden_customers for one in options)
    assert any(one.token_requests for one in options)
    assert any(plan.refuses for plan in plans)


@pytest.mark.parametrize("group", range(1, 12))
def test_whichever_group_cannot_be_written_the_run_says_that_it_was_the_ledger(group: int) -> None:
    """Also when every row has been answered by then: outcomes are missing, and the run is not finished."""
    options = SimulatorOptions(latency_seconds=0.2)
    plans = (SessionPlan(failing_group=group),)
    flags = {"pace.max_concurrency": 2, "safety.check_mfa": False}
    played = play_scenario(Scenario(seed=1, shape=Shape((5,)), flags=flags, options=options, plans=plans))
    assert played.verdict == ""
    failed = any(" disk full " in line for line in played.history)
    assert any(" ends exit_code=1 " in line for line in played.history) is failed
    assert failed is (group <= GROUPS_OF_FIVE)


class LosesOutcomes(World):
    """A ledger that says it has kept what it has not: every outcome."""

    async def _write(self, write: Callable[[Sequence[Record]], None], group: Sequence[Record]) -> None:
        await super()._write(write, [record for record in group if not isinstance(record, Ending)])


class WritesNothing(World):
    """A ledger that says it has kept what it has not: everything."""

    async def _write(self, write: Callable[[Sequence[Record]], None], group: Sequence[Record]) -> None:
        await super()._write(lambda _group: None, group)


@pytest.mark.parametrize("world", [LosesOutcomes, WritesNothing])
def test_a_ledger_that_lies_is_found_out(world: type[World]) -> None:
    """The proof looks at what is there, not at what was said."""
    scenario = Scenario(seed=1, shape=SMALL[2], flags={}, options=SimulatorOptions(latency_seconds=0.2))
    assert play_scenario(scenario).verdict == ""
    assert play_scenario(scenario, world_of=world).complaints


def test_a_failing_seed_says_how_to_see_it_again() -> None:
    failed = Played(
        scenario=draw(12345), history=(), complaints=("row 3 was lost",), outcomes={}, exchanges=(), in_flight_most=0
    )
    assert "python tests/simulation 12345 -v" in failed.verdict
    assert "row 3 was lost" in failed.verdict


def test_the_order_of_tasks_is_chance_and_repeatable() -> None:
    """Tasks that could all go are let go in an order of the seed's choice: races are looked for, not waited for."""

    def order(seed: str) -> list[int]:
        went: list[int] = []

        async def task(number: int) -> None:
            await anyio.sleep(1.0)
            went.append(number)

        async def main() -> None:
            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(task, number)

        run_in_order(random.Random(seed), main)
        return went

    assert order("a") == order("a") != order("b")
