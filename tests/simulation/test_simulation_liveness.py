"""Runs in virtual time that must come to their end, and in good time: nothing idles while a row could be sent."""

import dataclasses
from typing import Any

import pytest
from chances import usual_and_torture

from batchreset.core.outcome import Outcome
from batchreset.simulator.options import SimulatorOptions
from simulation.drawing import Down, Outage, Scenario
from simulation.inputs import Shape
from simulation.playing import Played, play_scenario

pytestmark = pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")
"""httpx leaves its own generators where a body is not read to its end; trio alone minds."""

LATENCY_SECONDS = 0.25
FAULTS: dict[str, Any] = {
    "error_share": 0.02,
    "applied_error_share": 0.01,
    "lost_share": 0.01,
    "lost_applied_share": 0.01,
    "hang_share": 0.002,
    "hang_applied_share": 0.002,
    "cut_short_share": 0.01,
}


def took_seconds(played: Played) -> float:
    """Of virtual time, to the end of its last session."""
    return float(played.history[-1].partition(" ")[0])


def succeeded(played: Played) -> int:
    return played.outcomes.get(Outcome.SUCCEEDED, 0)


@pytest.mark.parametrize("concurrency", [1, 4, 64])
def test_without_faults_and_limits_no_connection_idles(concurrency: int) -> None:
    """Ideal: each has a request under way all the time; opening them one after the other takes a dozen rounds."""
    flags = {"pace.max_concurrency": concurrency, "safety.canary": 0, "safety.check_mfa": False}
    options = SimulatorOptions(seed=3, latency_seconds=LATENCY_SECONDS)
    played = play_scenario(Scenario(seed=3, shape=Shape((60, 60)), flags=flags, options=options))
    assert played.verdict == ""
    assert succeeded(played) == 120
    ideal_seconds = 120 * LATENCY_SECONDS / concurrency
    assert took_seconds(played) < 1.25 * ideal_seconds + 12 * LATENCY_SECONDS


OUTAGE_SECONDS = (300.0, 900.0)


def outage(kind: Down, concurrency: int) -> Played:
    """A third of a row a second, a quarter of an hour; ten minutes long, after five, nobody is there."""
    options = SimulatorOptions(seed=1, latency_seconds=LATENCY_SECONDS, partner_limit=20)
    begins, ends = OUTAGE_SECONDS
    scenario = Scenario(
        seed=1, shape=Shape((100, 100, 100)), flags={"pace.max_concurrency": concurrency}, options=options,
        outages=(Outage(begins=begins, ends=ends, kind=kind),), looks_for_secrets=False,
    )  # fmt: skip
    return play_scenario(scenario)


@pytest.mark.parametrize("kind", list(Down))
def test_a_service_that_is_down_for_ten_minutes_is_waited_for(kind: Down) -> None:
    """Nothing is lost and hardly a row given up; soon after its return the service is at work again."""
    begins, ends = OUTAGE_SECONDS
    played = outage(kind, 64)
    assert played.verdict == ""
    assert played.outcomes.get(Outcome.IN_DOUBT, 0) == 0
    assert played.outcomes.get(Outcome.FAILED, 0) <= 1
    assert succeeded(played) >= 299
    assert took_seconds(played) < 300 / 20 * 60 + (ends - begins) + 120
    answered = [moment for moment, _ in _events(played, " hears what=200 ") if moment >= ends]
    assert answered[0] < ends + 30


def test_an_outage_touches_no_more_rows_than_may_be_under_way() -> None:
    """One that is given up after all its attempts is followed by one other; tried is every ten seconds or so."""
    begins, ends = OUTAGE_SECONDS
    played = outage(Down.GATEWAY, 8)
    assert played.verdict == ""
    in_doubt = played.outcomes.get(Outcome.IN_DOUBT, 0)
    assert succeeded(played) == 300 - in_doubt
    tried = {line.split()[2] for moment, line in _events(played, " sends ") if begins + 1 <= moment < ends}
    assert len(tried) <= 8 + in_doubt
    assert in_doubt <= (ends - begins) / 8 / 8 + 3


def _events(played: Played, what: str) -> list[tuple[float, str]]:
    return [(float(line.partition(" ")[0]), line) for line in played.history if what in line]


@pytest.mark.parametrize("rows", usual_and_torture([], [600, 21_000]))
def test_an_hour_within_a_limit_with_faults(rows: int) -> None:
    """The limit lets the rows pass in an hour."""
    played = _an_hour(rows, latency_seconds=LATENCY_SECONDS, partner_limit=rows // 60)
    requests = len(played.exchanges)
    assert requests < 1.1 * rows + 100  # its faults, and what it takes to find the limit
    assert 3600 <= took_seconds(played) < 1.25 * 3600 * requests / rows


@pytest.mark.torture
def test_an_hour_with_64_connections_under_way_all_the_time() -> None:
    """A service without limits whose answers take nine seconds: 64 at once are done with them in an hour."""
    rows, latency_seconds = 24_000, 9.0
    played = _an_hour(rows, latency_seconds=latency_seconds)
    assert played.in_flight_most == 64
    requests = len(played.exchanges)
    assert took_seconds(played) < 1.25 * requests * latency_seconds / 64


def _an_hour(rows: int, **options: Any) -> Played:
    scenario = Scenario(
        seed=2, shape=Shape((rows // 50,) * 50), flags={}, options=SimulatorOptions(seed=2, **options, **FAULTS)
    )
    played = play_scenario(dataclasses.replace(scenario, looks_for_secrets=False))
    assert played.verdict == ""
    assert succeeded(played) + played.outcomes.get(Outcome.SKIPPED, 0) == rows + 2
    return played
