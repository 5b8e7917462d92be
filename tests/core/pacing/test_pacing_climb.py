"""How a service is climbed: what samples say, what is asked next."""

import itertools
import math
import random

import pytest

from batchreset.core.pacing.load.climb import (
    CAREFUL_SUCCESSES,
    LEAST_AT_ONCE,
    PATIENCE_FIRST,
    STEP,
    UNASKED_AT_ONCE,
    Climb,
)
from batchreset.core.pacing.load.moves import TRANSITIONS, Finding, Move, moved
from batchreset.core.pacing.load.sample import Reading, Sample
from batchreset.core.transitions import IllegalMoveError


@pytest.mark.parametrize(("move", "finding"), list(itertools.product(Move, Finding)))
def test_the_table_has_every_move_and_whatever_is_not_in_it_is_refused(move: Move, finding: Finding) -> None:
    if (move, finding) in TRANSITIONS:
        assert moved(move, finding) is TRANSITIONS[move, finding]
    else:
        with pytest.raises(IllegalMoveError, match=f"{move.name} is not answered by {finding.name}"):
            moved(move, finding)


def sampled(latencies: list[float], *, in_flight: int = 10, failed: int = 0, refused: int = 0) -> Reading | None:
    """The reading of a sample of which all came back, the quickest first."""
    size = len(latencies) + failed + refused
    sample = Sample(size)
    for number in range(1, size + 1):
        sample.sent(number, in_flight)
    numbers = iter(range(1, size + 1))
    for _ in range(failed):
        sample.failed(next(numbers))
    for _ in range(refused):
        sample.refused(next(numbers))
    for latency in sorted(latencies):
        sample.succeeded(next(numbers), latency)
    return sample.reading()


def test_what_gets_done_a_second_is_what_is_under_way_over_what_one_takes() -> None:
    reading = sampled([0.5] * 100, in_flight=20)

    assert reading is not None
    assert reading.in_flight == 20.0
    assert math.exp(reading.yield_log) == pytest.approx(40.0)


def test_the_spread_is_estimated_and_a_long_tail_changes_little() -> None:
    chance = random.Random(1)
    latencies = [0.25 * math.exp(chance.gauss(0.0, 0.6)) for _ in range(2000)]
    reading, tailed = sampled(latencies), sampled(latencies[40:] + [10.0] * 40)

    assert reading is not None
    assert tailed is not None
    assert reading.spread == pytest.approx(0.6, abs=0.05)
    assert tailed.spread == pytest.approx(reading.spread, abs=0.03)
    assert tailed.yield_log == pytest.approx(reading.yield_log, abs=0.03)


def test_failures_count_against_it_and_with_most_refused_nothing_is_said() -> None:
    well, failing, useless = sampled([0.25] * 100), sampled([0.25] * 80, failed=20), sampled([], failed=100)

    assert well is not None
    assert failing is not None
    assert useless is not None
    assert failing.yield_log == pytest.approx(well.yield_log + 3.0 * math.log(0.8))
    assert useless.yield_log < failing.yield_log - 5.0
    assert sampled([0.25] * 40, refused=60) is None
    assert sampled([0.25] * 60, refused=40) == well


def test_a_sample_waits_for_its_slow_ones_and_knows_no_others() -> None:
    sample = Sample(10)
    sample.sent(5, 1)
    assert not sample.succeeded(4, 0.1)
    assert not sample.succeeded(5, 0.1)
    for number in range(6, 17):
        sample.sent(number, 1)
    done = [sample.succeeded(number, 0.1) for number in range(6, 14)]
    assert done == [False] * 7 + [True]
    assert not sample.succeeded(15, 0.1)  # the eleventh


def reading(in_flight: float, done: float) -> Reading:
    """So much done a second."""
    return Reading(in_flight=in_flight, yield_log=math.log(done), spread=0.5)


def grown(climb: Climb) -> float:
    """As high as it goes without being judged."""
    for _ in range(2000):
        climb.grow()
    return climb.level


def climbing() -> Climb:
    climb = Climb(256)
    climb.judge(reading(40.0, 160.0))
    assert grown(climb) == STEP * UNASKED_AT_ONCE
    return climb


def test_no_step_is_taken_before_the_last_one_was_worth_it() -> None:
    climb = climbing()
    climb.judge(reading(60.0, 240.0))
    assert grown(climb) == 90.0


def test_one_bad_sample_is_not_believed_and_two_lead_back_to_where_it_stopped_helping() -> None:
    climb = climbing()
    climb.judge(reading(60.0, 165.0))
    assert (climb.move, grown(climb)) == (Move.UP, 60.0)
    climb.judge(reading(60.0, 240.0))
    assert grown(climb) == 90.0

    for _ in range(2):
        climb.judge(reading(90.0, 250.0))
    assert climb.move is Move.HOLD
    assert grown(climb) == pytest.approx(60.0 * 250.0 / 240.0)


def test_what_was_useless_is_tried_again_ever_more_rarely() -> None:
    climb, held = climbing(), list[int]()
    for _ in range(3):
        while climb.move is Move.UP:
            climb.judge(reading(60.0, 160.0))
        held.append(0)
        while climb.move is Move.HOLD:
            climb.judge(reading(40.0, 160.0))
            held[-1] += 1
        grown(climb)
    assert held == [PATIENCE_FIRST + 1, 2 * PATIENCE_FIRST + 1, 4 * PATIENCE_FIRST + 1]


def test_at_the_top_it_holds_and_goes_on_at_once_when_more_is_allowed() -> None:
    climb = Climb(40)
    for _ in range(2):
        climb.judge(reading(40.0, 160.0))
    assert climb.move.name == "HOLD"

    climb.judge(reading(40.0, 160.0))
    climb.most = 50
    climb.judge(reading(40.0, 160.0))
    assert climb.move.name == "UP"
    assert grown(climb) == 50.0


def cut_down() -> Climb:
    climb = Climb(36)
    for _ in range(2):
        climb.judge(reading(36.0, 144.0))
    climb.judge(reading(36.0, 90.0))
    assert climb.move is Move.HOLD
    climb.judge(reading(36.0, 90.0))
    assert (climb.move, climb.level) == (Move.DOWN, 18.0)
    return climb


def test_a_cut_that_costs_is_undone() -> None:
    climb = cut_down()
    climb.judge(reading(18.0, 45.0))
    assert (climb.move, climb.level) == (Move.HOLD, 36.0)

    for _ in range(3):
        climb.judge(reading(36.0, 90.0))
    assert (climb.move, climb.level) == (Move.HOLD, 36.0)  # that is usual now


def test_cuts_go_on_while_as_much_is_done_and_not_below_the_least() -> None:
    climb = cut_down()
    while climb.move is Move.DOWN:
        climb.judge(reading(climb.level, 90.0))
    assert (climb.move, climb.level) == (Move.HOLD, LEAST_AT_ONCE)

    for _ in range(4):
        climb.judge(reading(LEAST_AT_ONCE, 10.0))
        assert climb.move is Move.HOLD


def test_only_what_was_raised_gives_way_to_an_outage() -> None:
    climb = Climb(256)
    climb.give_way()
    climb.judge(reading(40.0, 160.0))
    climb.give_way()
    assert (climb.move, climb.level) == (Move.UP, 40.0)

    climb = climbing()
    climb.give_way()
    assert (climb.move, climb.level) == (Move.HOLD, 40.0)


def test_before_anything_was_judged_it_grows_half_as_far_again_as_goes_unasked() -> None:
    climb = Climb(256)
    assert not any(climb.grow() for _ in range(CAREFUL_SUCCESSES - 1))
    assert climb.level == UNASKED_AT_ONCE

    grown = [climb.grow() for _ in range(100)]

    assert climb.level == STEP * UNASKED_AT_ONCE
    assert grown.count(True) == 1


@pytest.mark.parametrize("grown_a_sample", [2, 8, 40], ids=lambda grown: f"{grown} successes a sample")
def test_however_slowly_it_grows_a_level_that_is_worth_it_is_found(grown_a_sample: int) -> None:
    """Answers that come by many at once let it grow seldom, and have fewer under way on average than may be."""
    climb = Climb(1_000)
    climb.grow()
    for _ in range(CAREFUL_SUCCESSES):
        climb.grow()
    for _ in range(20_000 // grown_a_sample):
        in_flight = 0.92 * climb.level
        climb.judge(Reading(in_flight=in_flight, yield_log=math.log(in_flight / 0.05), spread=0.3))
        for _ in range(grown_a_sample):
            climb.grow()
    assert climb.level == 1_000
