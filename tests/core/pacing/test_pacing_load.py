"""How much at once: concurrency, outages, the operator's ceiling."""

import heapq
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing import Answer, Pacer, Ticket
from batchreset.core.pacing.load.ceiling import Ceiling
from batchreset.core.pacing.load.climb import CAREFUL_SUCCESSES, LEAST_AT_ONCE, UNASKED_AT_ONCE
from batchreset.core.pacing.load.concurrency import FEW_AT_ONCE, FIRST_AT_ONCE, Concurrency
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


def steady(_in_flight: int) -> float:
    return 1.0


def in_service(many: int) -> Callable[[int], float]:
    """Beyond so many all become slower in proportion."""
    return lambda in_flight: max(1.0, in_flight / many)


class Served:
    """A service in virtual time that always has enough to do, and the concurrency that is judged."""

    def __init__(
        self, most: int = 64, *, rows: int = 10_000, sigma: float = 0.0, tail: float = 0.0, seed: int = 1
    ) -> None:
        self.concurrency = Concurrency(most, rows)
        self.at_most_under_way = 0
        self._sigma = sigma
        self._tail = tail
        self._chance = random.Random(seed)
        self._under_way: list[tuple[float, int, float, bool]] = []
        self._now = 0.0
        self.number = 0

    def serve(
        self, sends: int, slower: Callable[[int], float] = steady, fails: Callable[[int], float] = lambda _: 0.0
    ) -> int:
        """So many more; how many may be under way afterwards."""
        last = self.number + sends
        while self.number < last:
            if len(self._under_way) < self.concurrency.at_once:
                self._send(slower, fails)
            else:
                self._answer()
        return self.concurrency.at_once

    def drain(self) -> None:
        """The end: what is under way comes back, and nothing follows."""
        while self._under_way:
            self._answer()

    def _send(self, slower: Callable[[int], float], fails: Callable[[int], float]) -> None:
        self.number += 1
        in_flight = len(self._under_way) + 1
        self.at_most_under_way = max(self.at_most_under_way, in_flight)
        latency = 0.25 * math.exp(self._chance.gauss(0.0, self._sigma)) * slower(in_flight)
        if self._chance.random() < self._tail:
            latency = 10.0
        failed = self._chance.random() < fails(in_flight)
        heapq.heappush(self._under_way, (self._now + latency, self.number, latency, failed))
        self.concurrency.sent(self.number, in_flight)

    def _answer(self) -> None:
        self._now, number, latency, failed = heapq.heappop(self._under_way)
        if failed:
            self.concurrency.failed(number)
        else:
            self.concurrency.succeeded(number, latency, len(self._under_way))


def test_concurrency_climbs_while_it_binds_and_no_higher_than_allowed() -> None:
    assert Concurrency(64, 10_000).at_once == FIRST_AT_ONCE
    assert Served().serve(2000) == 64
    assert Served(3).serve(500) == 3

    idle = Concurrency(64, 10_000)
    for number in range(1, 500):
        idle.sent(number, 1)
        idle.succeeded(number, 0.25, 0)
    assert idle.at_once == FIRST_AT_ONCE


def test_few_rows_are_not_worth_many_at_once() -> None:
    served = Served(rows=100)
    assert served.serve(1000) == FEW_AT_ONCE

    served.concurrency.expect(9_900)
    assert served.serve(2000) == 64


def test_before_most_limits_would_have_been_met_no_more_than_a_few_at_once() -> None:
    served = Served(256)
    served.serve(CAREFUL_SUCCESSES)

    assert served.at_most_under_way == UNASKED_AT_ONCE


@pytest.mark.parametrize("seed", range(4))
def test_an_unlimited_service_soon_has_as_many_as_allowed(seed: int) -> None:
    assert Served(250, sigma=0.5, tail=0.01, seed=seed).serve(2_800) == 250


@pytest.mark.parametrize("sigma", [0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_ordinary_spread_of_latency_is_not_taken_for_congestion(sigma: float, seed: int) -> None:
    served = Served(sigma=sigma, tail=0.01, seed=seed)
    served.serve(2_500)

    assert min(served.serve(200) for _ in range(30)) == 64


@pytest.mark.parametrize("seed", range(5))
def test_where_more_at_once_get_no_more_done_it_stops(seed: int) -> None:
    served = Served(256, sigma=0.5, tail=0.01, seed=seed)
    served.serve(10_000, in_service(50))

    assert 45 <= served.concurrency.at_once <= 100
    assert served.at_most_under_way <= 120


@pytest.mark.parametrize("sigma", [0.0, 0.5])
def test_a_service_that_becomes_slow_because_of_us_is_given_less(sigma: float) -> None:
    served = Served(sigma=sigma)
    served.serve(2000)

    assert LEAST_AT_ONCE < served.serve(4000, in_service(20)) < 40


@pytest.mark.parametrize("sigma", [0.0, 0.5])
def test_a_service_that_is_slow_of_itself_is_not_given_less_for_long(sigma: float) -> None:
    served = Served(sigma=sigma)
    served.serve(2000)

    assert min(served.serve(20, lambda _: 4.0) for _ in range(100)) == 32  # it was asked
    assert served.serve(2000, lambda _: 4.0) == 64


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.3])
def test_failures_that_come_however_few_are_under_way_do_not_keep_it_down(share: float) -> None:
    served = Served(sigma=0.5)

    assert served.serve(4000, fails=lambda _: share) == 64


def test_failures_that_become_fewer_with_fewer_at_once_are_a_reason() -> None:
    served = Served(sigma=0.5)
    served.serve(2000)

    assert LEAST_AT_ONCE < served.serve(3000, fails=lambda in_flight: 0.5 if in_flight > 40 else 0.0) <= 48


def test_failures_that_begin_and_have_nothing_to_do_with_us_are_no_reason() -> None:
    served = Served(sigma=0.5)
    served.serve(2000)

    assert served.serve(3000, fails=lambda _: 0.4) == 64


def test_slow_answers_at_the_very_end_and_when_something_else_holds_back_say_nothing() -> None:
    served = Served()
    served.serve(2000)
    served.serve(60, lambda _: 40.0)
    served.drain()
    assert served.concurrency.at_once == 64

    for number in range(served.number + 1, served.number + 2000):
        served.concurrency.sent(number, 20)
        served.concurrency.succeeded(number, 10.0, 19)
        assert served.concurrency.at_once == 64


def test_how_quickly_requests_are_refused_says_nothing() -> None:
    served = Served()
    served.serve(2000)
    served.drain()
    for number in range(served.number + 1, served.number + 2000):
        served.concurrency.sent(number, 64)
        if number % 3:
            served.concurrency.refused(number)
        else:
            served.concurrency.succeeded(number, 10.0, 63)
        assert served.concurrency.at_once == 64


def test_after_an_outage_it_starts_from_few_and_comes_soon_to_what_it_was() -> None:
    served = Served()
    served.serve(2000)
    served.concurrency.broke_down()
    served.drain()
    served.concurrency.begin(3)
    assert served.concurrency.at_once == FIRST_AT_ONCE + 3

    assert served.serve(200) == 64


def test_an_outage_that_came_with_more_at_once_ends_with_what_was_before() -> None:
    served = Served(256)
    while served.serve(1) < 80:
        pass
    served.concurrency.broke_down()

    assert 55 <= served.concurrency.at_once <= 61


def tried_in_vain(outage: Outage, now_seconds: float, number: int) -> float:
    """When the next may go."""
    outage.sent(number)
    assert outage.opens_seconds(now_seconds) == math.inf
    assert not outage.failed(now_seconds, number)
    return outage.opens_seconds(now_seconds)


def begun() -> Outage:
    outage = Outage(random.Random(1))
    for number in range(FAILURES_IN_A_ROW - 1):
        assert not outage.failed(0.0, number)
    assert outage.opens_seconds(0.0) == 0.0
    assert outage.failed(0.0, 100)
    return outage


def test_in_an_outage_one_goes_at_a_time_ever_more_rarely() -> None:
    outage = begun()
    waits, now = [outage.opens_seconds(0.0)], outage.opens_seconds(0.0)
    assert outage.began_seconds == 0.0
    assert Outage(random.Random(1)).began_seconds == -math.inf
    for number in range(101, 121):
        opens = tried_in_vain(outage, now, number)
        waits.append(opens - now)
        now = opens
    assert 0.4 <= waits[0] <= 0.6
    assert max(waits) <= 1.2 * WAIT_MOST_SECONDS
    assert waits[-1] >= 0.8 * WAIT_MOST_SECONDS

    outage.sent(121)
    assert outage.answered(121)
    assert outage.opens_seconds(now) == now
    assert not outage.answered(122)


def test_what_was_sent_before_an_outage_neither_lengthens_nor_ends_it() -> None:
    outage = begun()
    opens = outage.opens_seconds(0.0)
    for number in range(60, 99):
        assert not outage.failed(0.1, number)
        assert not outage.answered(number - 40)
    assert outage.lasts
    assert outage.opens_seconds(0.1) == opens


def test_after_two_minutes_in_which_all_fails_as_many_go_as_before() -> None:
    pacer = Pacer({f"c{customer}": 200 for customer in range(50)}, max_concurrency=64, random=random.Random(1))
    events: list[tuple[float, int, Ticket, Answer]] = []
    now, at_once = 0.0, dict[int, int]()
    while not pacer.done:
        turn = pacer.take(now)
        if isinstance(turn, Ticket):
            answer = Answer.UNAVAILABLE if 10.0 <= now < 130.0 else Answer.OK
            heapq.heappush(events, (now + 0.25, turn.number, turn, answer))
            continue
        if events and events[0][0] <= turn:
            now, _, ticket, answer = heapq.heappop(events)
            pacer.answer(now, ticket, answer, latency_seconds=0.25, again=answer is not Answer.OK)
        else:
            now = turn
        at_once[int(now)] = pacer.snapshot().concurrency
    first_success = min(second for second in at_once if second >= 130 and at_once[second] > 1)
    assert at_once[9] == 64
    assert {at_once[second] for second in at_once if 20 <= second < 130} == {1}
    assert first_success <= 130 + 13
    assert at_once[first_success + 3] == 64


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
