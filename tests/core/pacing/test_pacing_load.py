"""How much at once: concurrency, outages, the operator's ceiling."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing import Answer, Pacer, Ticket
from batchreset.core.pacing.load.ceiling import Ceiling
from batchreset.core.pacing.load.concurrency import FEW_AT_ONCE, FIRST_AT_ONCE, LEAST_AT_ONCE, Concurrency
from batchreset.core.pacing.load.outage import FAILURES_IN_A_ROW, WAIT_MOST_SECONDS, Outage


@given(
    per_second=st.floats(0.01, 500.0),
    waits=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60),
    begins_seconds=st.floats(0.0, 1e6),
)
def test_no_second_anywhere_has_more_sends_than_the_ceiling(
    per_second: float, waits: list[float], begins_seconds: float
) -> None:
    ceiling, now, sent = Ceiling(per_second), begins_seconds, list[float]()
    for wait in waits:
        now = max(now + wait, ceiling.opens_seconds(now + wait))
        ceiling.sent(now)
        sent.append(now)

    for last in sent:
        assert len([one for one in sent if last - 1.0 < one <= last]) <= max(1, math.floor(per_second))


def climbed(most: int = 64, rows: int = 10_000, answers: int = 2000, latency_seconds: float = 0.25) -> Concurrency:
    level = Concurrency(most, rows)
    for _ in range(answers):
        level.succeeded(latency_seconds, level.at_once)
    return level


def test_concurrency_climbs_while_it_binds_and_no_higher_than_allowed() -> None:
    assert Concurrency(64, 10_000).at_once == FIRST_AT_ONCE
    assert climbed().at_once == 64
    assert climbed(most=3).at_once == 3

    idle = Concurrency(64, 10_000)
    for _ in range(500):
        idle.succeeded(0.25, 0)
    assert idle.at_once == FIRST_AT_ONCE


def test_few_rows_are_not_worth_many_at_once() -> None:
    level = climbed(rows=100)
    assert level.at_once == FEW_AT_ONCE

    level.expect(9_900)
    for _ in range(2000):
        level.succeeded(0.25, level.at_once)
    assert level.at_once == 64


def test_a_service_that_becomes_slow_because_of_us_is_given_less() -> None:
    level = climbed()
    for _ in range(4000):
        level.succeeded(0.25 * max(1.0, level.at_once / 20), level.at_once)

    assert LEAST_AT_ONCE < level.at_once < 40


def test_a_service_that_is_slow_of_itself_is_not_given_ever_less() -> None:
    level = climbed()
    for _ in range(6000):
        level.succeeded(1.0, level.at_once)

    assert level.at_once >= 50


def test_a_single_failure_is_no_reason_but_many_are_and_once_a_second() -> None:
    level = climbed()
    for moment in range(3):
        level.failed(float(moment))
    assert level.at_once == 64

    for _ in range(50):
        level.failed(10.0)
    assert level.at_once == 38

    for moment in range(20, 200):
        level.failed(float(moment))
    assert level.at_once == LEAST_AT_ONCE


def test_in_an_outage_one_goes_at_a_time_ever_more_rarely() -> None:
    outage = Outage(random.Random(1))
    for _ in range(FAILURES_IN_A_ROW - 1):
        outage.failed(0.0)
    assert outage.opens_seconds(0.0, 5) == 0.0

    waits, now = [], 0.0
    for _ in range(20):
        outage.failed(now)
        assert outage.opens_seconds(now, 1) == math.inf
        waits.append(outage.opens_seconds(now, 0) - now)
        now += waits[-1]
    assert 0.4 <= waits[0] <= 0.6
    assert max(waits) <= 1.2 * WAIT_MOST_SECONDS
    assert waits[-1] >= 0.8 * WAIT_MOST_SECONDS

    outage.over()
    assert outage.opens_seconds(now, 5) == now


def test_a_service_that_is_down_for_an_hour_is_asked_a_few_hundred_times() -> None:
    pacer, now, asked = Pacer({"a": 200}, max_concurrency=64, random=random.Random(1)), 0.0, 0
    while now < 3600.0:
        turn = pacer.take(now)
        if isinstance(turn, Ticket):
            asked += 1
            pacer.answer(now, turn, Answer.UNAVAILABLE, latency_seconds=0.1, again=True)
        else:
            now = turn
    assert 300 <= asked <= 600
