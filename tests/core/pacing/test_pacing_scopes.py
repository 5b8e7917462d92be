"""Whose turn it is, who is kept for, who is asked to witness."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing.gates.door import Cause
from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Habits
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.limits.span import Span
from batchreset.core.pacing.load.sample import Reading, Sample
from batchreset.core.pacing.scopes.lanes import Lane, Lanes
from batchreset.core.pacing.scopes.reserve import Reserve
from batchreset.core.pacing.scopes.trial import Trial


def gate(scope: str = "a") -> Gate:
    return Gate(scope, Habits(), random.Random(1), lambda _note: None, groups_kept=16)


def limited(count: int, *, sent: int = 0, ends_seconds: float = 60.0, scope: str = "a") -> Gate:
    """A gate whose limit is surely known, in a window of a minute."""
    made = gate(scope)
    made.limit = Fixed(count=count, window_seconds=60.0, standing=Standing.MEASURED)
    made.traffic.window.ends_seconds = ends_seconds
    made.traffic.window.first_number = 1
    made.traffic.window.sent = sent
    return made


def chosen(lanes: Lanes, now_seconds: float = 0.0, crowd: int = 99) -> Lane:
    lane = lanes.choose(now_seconds, crowd)
    assert isinstance(lane, Lane)
    lanes.take(lane)
    return lane


@given(rows=st.dictionaries(st.sampled_from("abcde"), st.integers(0, 5)), back=st.lists(st.integers(0, 9), max_size=20))
def test_a_row_that_was_sent_before_goes_first_else_one_of_the_customer_with_most(
    rows: dict[str, int], back: list[int]
) -> None:
    lanes = Lanes(gate)
    lanes.add(rows)
    waiting, returned = Counter({name: count for name, count in rows.items() if count}), Counter[str]()
    order, gone = list(waiting), list[str]()
    for give_back in [*back, *[10] * sum(rows.values())]:
        if give_back < len(gone):
            name = gone.pop(give_back)
            lanes.give_back(lanes[name])
            lanes.settled(lanes[name])
            waiting[name] += 1
            returned[name] += 1
            assert lanes[name].returned == returned[name]
        if not waiting.total() or give_back % 2:  # several come back before the next goes
            continue
        lane = chosen(lanes)
        ranked = [(not returned[name], -waiting[name], order.index(name)) for name in order if waiting[name]]
        assert order[min(ranked)[2]] == lane.customer
        waiting[lane.customer] -= 1
        returned[lane.customer] -= min(returned[lane.customer], 1)
        gone.append(lane.customer)
        assert lanes.waiting == waiting.total()
        assert {one.customer: (one.waiting, one.returned) for one in lanes} == {
            name: (waiting[name], returned[name]) for name in order
        }


def test_rows_of_an_earlier_time_go_before_more_new_ones() -> None:
    lanes = Lanes(gate)
    lanes.add({"many": 9})
    lanes.add({"few": 1}, returned=True)

    assert [chosen(lanes).customer for _ in range(2)] == ["few", "many"]


def test_a_lane_whose_gate_is_closed_is_asked_again_when_it_opens() -> None:
    lanes = Lanes(gate)
    lanes.add({"a": 3, "b": 1})
    lanes["a"].gate.door.close(0.0, 30.0, Cause.REFUSED)

    assert chosen(lanes).customer == "b"
    assert lanes.choose(0.0, 99) == 30.0
    assert chosen(lanes, 30.0).customer == "a"


def test_only_the_first_customer_leads_and_a_crowded_one_goes_after_the_others() -> None:
    lanes = Lanes(gate)
    lanes.add({"a": 30, "b": 20})
    first = chosen(lanes)
    assert (first.customer, first.leads, lanes["b"].leads) == ("a", True, False)

    first.gate.traffic.in_flight = 4
    assert chosen(lanes).customer == "b"
    assert not lanes["b"].leads
    lanes["b"].gate.traffic.in_flight = 4
    assert chosen(lanes).customer == "a"


@pytest.mark.parametrize(
    ("sent", "leads", "at_once"), [(0, False, 4), (13, False, 4), (14, False, 5), (7, True, 4), (8, True, 5)]
)
def test_of_a_customer_of_whom_nothing_is_known_few_go_at_once(sent: int, at_once: int, *, leads: bool) -> None:
    lane = Lane("a", 0, gate())
    lane.leads = leads
    lane.gate.traffic.window.sent = sent
    crowded = []
    for under_way in range(at_once + 1):
        lane.gate.traffic.in_flight = under_way
        crowded.append(lane.crowded(99))
    assert crowded == [False] * at_once + [True]
    assert lane.crowded(1)


def told(seconds: float | None) -> Refusal:
    return Refusal(number=1, at_seconds=0.5, sent_at_seconds=0.0, retry_after_seconds=seconds)


@pytest.mark.parametrize(("seconds", "needed"), [(57.0, 1), (2.5, 1), (2.0, 3), (None, 3)])
def test_after_a_long_wait_one_witness_is_enough_after_a_short_one_three_must_pass(
    seconds: float | None, needed: int
) -> None:
    trial = Trial(told(seconds))
    for number in range(needed):
        assert trial.opens_seconds(10.0) == 10.0
        trial.witness_sent(10.0 + number, number)
    assert trial.opens_seconds(20.0) == 10.0 + needed
    assert [trial.is_witness(number) for number in (0, needed)] == [True, False]
    assert [trial.witness_passed(number) for number in range(needed)] == [False] * (needed - 1) + [True]


def test_a_witness_that_is_lost_is_followed_by_another_and_each_suspect_is_named_once() -> None:
    trial = Trial(told(57.0))
    one, other = Lane("a", 0, gate()), Lane("b", 1, gate())
    for lane in (one, other, one):
        trial.suspect(lane, told(57.0))
    assert trial.suspects == [one, other]

    trial.witness_sent(10.0, 7)
    trial.witness_lost(7)
    assert (trial.opens_seconds(10.5), trial.is_witness(7)) == (10.5, False)


def with_rows(made: Gate, waiting: int, order: int = 0) -> Lane:
    lane = Lane(made.scope, order, made)
    lane.waiting = waiting
    return lane


def held_back(partner: Gate, *lanes: Lane, now_seconds: float = 10.0) -> float:
    waiting = sum(lane.waiting for lane in lanes)
    return Reserve().holds_back_until(now_seconds, partner, lanes, waiting)


def closed(count: int, opens_seconds: float) -> Gate:
    made = limited(count)
    made.door.close(0.0, opens_seconds, Cause.SPENT)
    return made


def test_for_a_customer_that_will_take_longest_the_rest_of_the_partners_window_is_kept() -> None:
    """10 of the partner's 100 are left; 10 go for the customer of 500 when it opens, ten minutes' worth or more."""
    small = with_rows(limited(50, scope="b"), 3)
    assert held_back(limited(100, sent=90), with_rows(closed(10, 30.0), 500), small) == 30.0
    assert held_back(limited(100, sent=89), with_rows(closed(10, 30.0), 500), small) == 10.0
    assert held_back(limited(100, sent=100), with_rows(closed(10, 30.0), 500), small) == 10.0


def test_nothing_is_kept_for_who_opens_too_late_or_will_be_done_early_or_from_a_limit_that_is_only_guessed() -> None:
    assert held_back(limited(100, sent=95), with_rows(closed(10, 59.0), 500)) == 10.0
    assert held_back(limited(100, sent=95), with_rows(closed(10, 58.9), 500)) == 58.9
    assert held_back(limited(100, sent=95), with_rows(closed(10, 30.0), 5), with_rows(gate("b"), 500)) == 10.0
    guessed = limited(100, sent=95)
    guessed.limit = Fixed(count=100, window_seconds=60.0)
    assert held_back(guessed, with_rows(closed(10, 30.0), 500)) == 10.0


def test_two_customers_keep_what_both_need_until_the_first_opens() -> None:
    both = with_rows(closed(6, 30.0), 500), with_rows(closed(6, 40.0), 500, 1)
    assert held_back(limited(100, sent=88), *both) == 30.0
    assert held_back(limited(100, sent=87), *both) == 10.0


def test_a_customer_whose_next_window_begins_within_the_partners_is_kept_two_windows() -> None:
    lane = with_rows(limited(10, sent=4, ends_seconds=40.0), 500)
    assert held_back(limited(100, sent=84), lane) == 40.0
    assert held_back(limited(100, sent=83), lane) == 10.0


def test_a_customer_decides_when_the_run_ends_if_it_takes_four_fifths_of_the_time_of_all() -> None:
    """8 rows of 10 a minute take 48 s; 100 rows of the partner's 100 a minute take 60 s."""
    assert held_back(limited(100, sent=92), with_rows(closed(10, 30.0), 8), with_rows(gate("b"), 92)) == 30.0
    assert held_back(limited(100, sent=92), with_rows(closed(10, 30.0), 8), with_rows(gate("b"), 93)) == 10.0


def test_of_those_for_whom_it_is_kept_one_goes_that_may_else_the_first_that_will_is_awaited() -> None:
    reserve, partner = Reserve(), limited(100, sent=90)
    later, sooner = with_rows(closed(10, 40.0), 500), with_rows(closed(10, 30.0), 500, 1)
    assert reserve.holds_back_until(10.0, partner, (later, sooner), 1000) == 30.0
    assert reserve.choose(10.0) == 30.0

    later.gate = limited(10)
    assert reserve.choose(10.0) is later
    later.waiting = 0
    assert reserve.choose(10.0) == 30.0
    sooner.waiting = 0
    assert reserve.choose(10.0) == math.inf


def test_for_whom_it_is_kept_is_planned_anew_every_five_seconds() -> None:
    reserve, partner = Reserve(), limited(100, sent=90)
    lane = with_rows(gate("late"), 500)
    assert reserve.holds_back_until(10.0, partner, (lane,), 500) == 10.0
    lane.gate = closed(10, 30.0)

    assert reserve.holds_back_until(14.9, partner, (lane,), 500) == 14.9
    assert reserve.holds_back_until(15.0, partner, (lane,), 500) == 30.0


def test_what_is_kept_is_no_more_than_rows_wait_and_than_two_windows_take() -> None:
    small = limited(100, sent=93)
    lanes = with_rows(closed(10, 30.0), 7), with_rows(gate("b"), 1)
    assert held_back(small, *lanes) == 30.0
    assert held_back(limited(100, sent=92), *lanes) == 10.0

    spent = with_rows(limited(10, sent=10, ends_seconds=40.0), 500)
    assert held_back(limited(100, sent=90), spent) == 40.0
    assert held_back(limited(100, sent=89), spent) == 10.0
    over = with_rows(limited(10, sent=4, ends_seconds=10.0), 500)
    assert held_back(limited(100, sent=94), over) == math.inf, "its window is over: what it has left of it may go now"


@given(*[st.tuples(st.integers(-9, 9), st.integers(0, 9)).map(lambda two: Span(two[0], two[0] + two[1]))] * 2)
def test_two_spans_meet_where_a_moment_is_in_both_and_are_narrowed_to_those(one: Span, other: Span) -> None:
    moments = [float(moment) for moment in range(-20, 40)]
    both = [moment for moment in moments if one.holds(moment) and other.holds(moment)]

    assert one.meets(other) == other.meets(one) == bool(both)
    if both:
        assert one.narrowed(other) == Span(both[0], both[-1])
    assert one.meets(other, slack_seconds=2.0) == any(
        one.holds(moment, slack_seconds=2.0) and other.holds(moment) for moment in moments
    )
    assert one.earlier(other).most_seconds == min(one.most_seconds, other.most_seconds)
    assert one.since(3.0) == Span(one.least_seconds - 3.0, one.most_seconds - 3.0)


def read(size: int, latencies: list[float], *, failed: int = 0, refused: int = 0) -> Reading | None:
    sample = Sample(size)
    for number in range(5, 5 + size + 3):
        sample.sent(number, 4)
    complete = [sample.succeeded(5 + at, latency) for at, latency in enumerate(latencies)]
    complete += [sample.failed(5 + len(latencies)) for _ in range(failed)]
    complete += [sample.refused(5 + len(latencies)) for _ in range(refused)]
    assert [sample.succeeded(4, 9.0), sample.failed(5 + size), sample.refused(4)] == [False] * 3
    assert complete == [at + 1 >= 0.9 * size for at in range(len(complete))]
    return sample.reading()


def test_what_gets_done_a_second_is_what_is_under_way_over_the_median_latency() -> None:
    reading = read(8, [0.25, 0.25, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0])
    assert reading is not None
    assert reading.in_flight == 4.0
    assert reading.yield_log == pytest.approx(math.log(4.0 / 0.5))
    assert reading.spread == pytest.approx((math.log(1.0) - math.log(0.5)) / 1.349)


def test_failures_weigh_three_times_and_where_half_is_refused_nothing_is_said() -> None:
    some = read(10, [0.5] * 5, failed=5)
    assert some is not None
    assert some.yield_log == pytest.approx(math.log(4.0 / 0.5) + 3.0 * math.log(0.5))
    none = read(10, [], failed=10)
    assert none is not None
    assert none.yield_log == pytest.approx(math.log(4.0) + 3.0 * math.log(0.01))
    assert none.spread == 0.0
    assert read(10, [0.5] * 5, refused=5) is not None
    assert read(10, [0.5] * 4, refused=6) is None
    at_once = read(10, [0.0] * 10)
    assert at_once is not None
    assert at_once.yield_log == pytest.approx(math.log(4.0 / 0.001))
