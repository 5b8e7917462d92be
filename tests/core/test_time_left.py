"""How fast it goes, and how long the rest will take."""

import tracemalloc

import pytest

from batchreset.core.figures import TimeLeft
from batchreset.core.pacing import Outlook
from batchreset.core.time_left import LOOKS_APART_SECONDS, RATE_OVER_SECONDS, Awake, Flow, Rate, time_left

FREE = Outlook(last_rows=100)


def test_the_rate_is_that_of_the_last_minute() -> None:
    rate = Rate()
    assert rate.per_second(0.0, 0) == 0.0
    assert rate.per_second(0.0, 5) == 0.0
    assert rate.per_second(2.0, 20) == 10.0
    for now in range(3, 3 + int(RATE_OVER_SECONDS)):
        rate.per_second(float(now), 20)
    assert rate.per_second(3 + RATE_OVER_SECONDS, 20) == 0.0


def looked_at(each_second: int) -> tuple[float, int]:
    """The rate after two minutes of ten a second, and the bytes that it takes."""
    tracemalloc.start()
    try:
        rate = Rate()
        for look in range(120 * each_second):
            found = rate.per_second(look / each_second, 10 * look // each_second)
        return found, tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_a_rate_is_the_same_and_takes_no_more_room_however_often_it_is_looked_at() -> None:
    seldom, often = looked_at(1), looked_at(20)
    assert often[0] == pytest.approx(seldom[0], rel=0.02)
    assert often[1] < 2 * seldom[1]


def test_the_rate_of_a_limit_that_is_spent_in_bursts_stands_still() -> None:
    """60 rows in the first second of each minute: neither 60 a second nor none."""
    rate = Rate()
    rates = [rate.per_second(float(now), 60 * (now // 60)) for now in range(600)]
    assert all(0.9 <= one <= 1.1 for one in rates[120:])


def test_the_flow_is_how_fast_rows_go_when_they_may() -> None:
    """30 rows in 3 seconds, then nothing for 57: 10 a second."""
    flow, found, done = Flow(), [], 0
    for now in range(300):
        under_way = now % 60 < 3
        found.append(flow.per_second(float(now), done, under_way=under_way))
        done += 10 * under_way
    assert found[:3] == [None] * 3
    assert all(one is not None and 7 <= one <= 10 for one in found[10:])


def test_time_in_which_the_process_was_stopped_is_no_time_in_which_rows_went() -> None:
    """Looked at each second, stopped for two minutes (Ctrl-Z, a laptop that sleeps), looked at again."""
    awake = Awake()
    looks = [*range(1000, 1010), *range(1130, 1140)]
    assert [awake.seconds(float(look)) for look in looks] == [*range(10), *range(9, 19)]
    assert awake.seconds(1139.0 + LOOKS_APART_SECONDS) == 18.0 + LOOKS_APART_SECONDS


@pytest.mark.parametrize(("rows", "seconds"), [(19, 30.0), (500, 2.0)], ids=["rows", "time"])
def test_too_little_says_nothing_of_the_flow(rows: int, seconds: float) -> None:
    flow = Flow()
    flow.per_second(0.0, 0, under_way=True)
    assert flow.per_second(seconds, rows, under_way=True) is None


def left(
    outlook: Outlook,
    *,
    flow: float | None = None,
    ceiling: float | None = None,
) -> TimeLeft | None:
    """Of a hundred rows."""
    return time_left(100, outlook=outlook, flow_per_second=flow, most_per_second=ceiling)


HELD = Outlook(held_seconds=60.0, last_rows=30)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(left(FREE), None, id="nothing to go by"),
        pytest.param(left(FREE, flow=10.0), TimeLeft(seconds=10.0), id="as fast as it went"),
        pytest.param(left(FREE, flow=10.0, ceiling=2.0), TimeLeft(seconds=50.0), id="the operator's ceiling"),
        pytest.param(left(HELD, flow=10.0), TimeLeft(seconds=63.0), id="a known limit"),
        pytest.param(left(HELD), TimeLeft(seconds=60.0), id="only a limit"),
        pytest.param(left(HELD, flow=1.0), TimeLeft(seconds=100.0), id="slower than its limit"),
        pytest.param(
            left(Outlook(held_seconds=40.0, last_rows=100, limit_unknown=True), flow=10.0),
            TimeLeft(seconds=50.0, at_least=True),
            id="a limit that is not known yet beside one that is",
        ),
        pytest.param(left(Outlook(limit_unknown=True)), None, id="refused first"),
        pytest.param(left(Outlook(last_rows=100, limit_unknown=True), flow=10.0), None, id="nothing known holds it"),
    ],
)
def test_whatever_holds_the_rest_longest_tells_the_time_left(found: TimeLeft | None, expected: TimeLeft | None) -> None:
    assert found == expected
