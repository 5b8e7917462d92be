"""What windows took and how that is spent, when nothing but failures comes: figure by figure."""

import math
import random
from itertools import accumulate, repeat

import pytest

from batchreset.core.pacing.gates import spending
from batchreset.core.pacing.gates.traffic import Traffic
from batchreset.core.pacing.limits.fixed import Fixed, lent
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.history import NOTHING_SEEN, History
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.limits.sliding import Sliding
from batchreset.core.pacing.load.outage import Outage


class Chance(random.Random):
    """Always draws the same."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self._drawn = drawn

    def random(self) -> float:
        return self._drawn


def seen(*counts: int) -> History:
    history = NOTHING_SEEN
    for count in counts:
        history = history.observed(count, believed=history.least if history.counts else 0)
    return history


@pytest.mark.parametrize(
    ("counts", "agreeing"),
    [((1000, 985), 1), ((1000, 984), 0), ((1000, 1014), 1), ((1000, 1016), 0), ((1000,), 0), ((1000, 1000, 500), 0)],
)
def test_windows_agree_that_differ_by_a_hundredth_and_a_half_at_most(counts: tuple[int, ...], agreeing: int) -> None:
    assert seen(*counts).agreeing == agreeing


def test_the_longer_windows_agree_the_more_of_them_are_not_looked_beyond() -> None:
    found = [seen(*[600] * windows) for windows in range(1, 8)]

    assert [history.agreeing for history in found] == [0, 1, 2, 3, 4, 4, 4]
    assert [history.unprobed_windows for history in found] == [0, 1, 3, 6, 10, 10, 10]
    assert found[-1].counts == (600,) * 6


def test_the_least_of_six_is_trusted_and_none_is_less_than_one() -> None:
    assert [seen(*counts).least for counts in ((9, 5, 7), (5, 90, 80, 70, 60, 50, 40), (0,))] == [5, 40, 1]


@pytest.mark.parametrize(("counts", "restless"), [((10, 20, 30, 30), False), ((10, 20, 10, 20), True)])
def test_a_limit_that_changed_three_times_of_late_is_restless(counts: tuple[int, ...], *, restless: bool) -> None:
    assert History(counts=counts).restless is restless


def test_a_window_that_took_more_without_a_refusal_proves_lower_ones_over_unless_they_come_again() -> None:
    before = History(counts=(10, 30, 20), agreeing=2, best=10)

    assert before.took_more(20, wild=False).counts == (30, 20)
    assert before.took_more(20, wild=True).counts == (10, 30, 20, 20)
    assert (before.took_more(20, wild=False).agreeing, before.took_more(20, wild=False).best) == (0, 20)


def test_what_others_agree_on_is_worth_three_observations_and_what_was_guessed_none() -> None:
    history = History(counts=(1, 2, 3, 4, 5, 6), best=9, doubted=True).lent(40, unprobed_windows=2)
    assert history == History(counts=(2, 3, 4, 5, 6, 40), agreeing=3, unprobed_windows=2, best=40, doubted=True)
    assert (history.forgotten().counts, history.forgotten().best) == ((), 40)
    assert (history.only_guessed().counts, history.only_guessed().best) == ((), 0)
    assert (history.another_shape().agreeing, history.another_shape().shapes_tried) == (0, 1)
    assert not history.observed(40, believed=40).doubted


def measured(*counts: int) -> Fixed:
    limit = Fixed(count=counts[0], window_seconds=60.0, standing=Standing.MEASURED)
    for count in counts:
        limit = limit.observed(count)
    return limit


def test_a_limit_that_changes_at_random_is_trusted_with_a_part_of_its_least() -> None:
    wild = measured(100, 150, 120)
    assert (wild.count, wild.wild, wild.trusted_count, wild.most_seen, wild.likely_most) == (100, True, 85, 150, 166)
    near = measured(100, 110, 105)
    assert (near.wild, near.trusted_count) == (False, 100)
    assert measured(1, 3, 2).trusted_count == 1


@pytest.mark.parametrize(("limit", "expected_from"), [(measured(200), 180), (measured(200, 200), 196)])
def test_a_refusal_is_expected_near_the_limit(limit: Fixed, expected_from: int) -> None:
    assert [limit.near(sent) for sent in (expected_from - 1, expected_from)] == [False, True]


def test_windows_are_probed_in_turn_and_each_one_where_the_limit_fell_far() -> None:
    limit = measured(600, 600, 600)
    turns = list(accumulate(repeat(None, 4), lambda one, _: one.next_window(), initial=limit))[1:]
    assert [one.probing for one in turns] == [False, False, False, True]
    assert limit.next_window().probed().probing

    fallen = lent(69, 60.0, history=NOTHING_SEEN, unprobed_windows=5)
    assert not fallen.next_window().probing
    assert fallen.observed(69).next_window().history.unprobed_windows == 9


def test_what_passed_unrefused_raises_a_limit_and_less_says_nothing() -> None:
    limit = measured(100, 100)
    assert limit.window_over(100) is limit
    assert limit.window_over(101).count == 101
    assert limit.next_window().probing is False
    assert limit.window_over(101).next_window().probing, "what is another is looked beyond"


def test_a_sliding_limit_is_spent_in_a_tenth_of_its_window_and_no_more_than_it_takes() -> None:
    limit, traffic = (
        Sliding(count=10, window_seconds=60.0, standing=Standing.MEASURED, refused_at_seconds=0.0),
        Traffic(64),
    )
    assert spending.in_sliding(100.0, limit, traffic, 0.5) == 100.0
    traffic.sent_one(100.0)
    assert spending.in_sliding(100.5, limit, traffic, 0.5) == pytest.approx(100.6)
    for ordinal in range(1, 10):
        traffic.sent_one(100.0 + ordinal)
    assert spending.in_sliding(120.0, limit, traffic, 0.5) == pytest.approx(100.0 + 61.0)


def at_once(limit: Fixed, *, sent: int, now_seconds: float, begin_seconds: float = 0.0) -> int:
    """How many may be under way."""
    traffic = Traffic(8)
    traffic.window.begin(begin_seconds, 1, limit, Alignment.UNKNOWN, prompt=True)
    traffic.window.sent = sent
    traffic.last_sent_seconds = -math.inf
    for under_way in range(200):
        traffic.in_flight = traffic.window.over_in_flight = under_way
        if spending.in_window(now_seconds, limit, traffic, spurts=False) == math.inf:
            return under_way
    raise AssertionError("without bound")


@pytest.mark.parametrize(
    ("count", "sent", "now_seconds", "most"),
    [(20, 0, 0.0, 4), (400, 0, 0.0, 8), (400, 96, 0.0, 6), (1000, 0, 9.0, 8), (1000, 96, 9.0, 10), (60, 50, 17.5, 4)],
)
def test_a_guess_is_spent_in_three_tenths_of_its_window_by_so_many_as_that_takes(
    count: int, sent: int, now_seconds: float, most: int
) -> None:
    guessed = Fixed(count=count, window_seconds=60.0)
    assert at_once(guessed, sent=sent, now_seconds=now_seconds) == most


@pytest.mark.parametrize(
    ("counts", "sent", "now_seconds", "most"),
    [
        pytest.param((100, 100), 101, 10.0, 1, id="one-beyond"),
        pytest.param((100, 100), 140, 10.0, 2, id="ever-more"),
        pytest.param((100, 100), 180, 10.0, 3, id="and-more"),
        pytest.param((100, 300), 100, 10.0, 2, id="so-many-as-it-takes-to-get-to-the-most-that-was-seen"),
        pytest.param((100, 300), 250, 10.0, 1, id="one-where-there-is-time"),
        pytest.param((100, 300), 250, 40.0, 3, id="more-where-there-is-none"),
    ],
)
def test_beyond_a_limit_few_are_under_way(counts: tuple[int, ...], sent: int, now_seconds: float, most: int) -> None:
    assert at_once(measured(*counts), sent=sent, now_seconds=now_seconds) == most


def test_an_outage_begins_with_the_24th_failure_and_is_tried_ever_more_rarely_until_a_try_is_answered() -> None:
    outage = Outage(Chance(0.5))
    assert [outage.failed(7.0, number) for number in range(24)] == [False] * 23 + [True]
    assert (outage.lasts, outage.began_seconds, outage.until_seconds) == (True, 7.0, 7.5)
    assert not outage.failed(8.0, 24)
    assert not outage.answered(24)

    waits = []
    for number in range(30, 40):
        outage.sent(number)
        assert outage.opens_seconds(9.0) == math.inf
        assert not outage.failed(100.0, number)
        waits.append(outage.opens_seconds(100.0) - 100.0)
    assert waits == pytest.approx([0.8, 1.28, 2.048, 3.2768, 5.24288, 8.388608, 10.0, 10.0, 10.0, 10.0])

    outage.sent(50)
    assert outage.answered(50)
    assert (outage.lasts, outage.until_seconds, outage.opens_seconds(200.0)) == (False, None, 200.0)
    assert outage.began_seconds == 7.0


@pytest.mark.parametrize(("drawn", "waited"), [(0.0, 0.4), (1.0, 0.6)])
def test_a_try_comes_a_fifth_earlier_or_later(drawn: float, waited: float) -> None:
    outage = Outage(Chance(drawn))
    for number in range(24):
        outage.failed(0.0, number)
    assert outage.opens_seconds(0.0) == pytest.approx(waited)


def test_one_answer_in_between_and_it_is_no_outage() -> None:
    outage = Outage(Chance(0.5))
    for number in range(23):
        outage.failed(0.0, number)
    assert not outage.answered(23)
    assert not any(outage.failed(0.0, number) for number in range(24, 47))
    assert outage.failed(0.0, 47)
