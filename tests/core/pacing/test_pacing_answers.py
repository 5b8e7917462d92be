"""What one answer does: when its request was sent, whether an outage begins or ends, how many at once."""

import random

import pytest

from batchreset.core.pacing import Answer, OutageBegan, OutageEnded, Pacer, Ticket
from batchreset.core.pacing.load.concurrency import FEW_AT_ONCE, FIRST_AT_ONCE, LEAST_SAMPLE, Concurrency
from batchreset.core.pacing.load.outage import FAILURES_IN_A_ROW

OK, THROTTLED, UNAVAILABLE, TIMEOUT = Answer.OK, Answer.THROTTLED, Answer.UNAVAILABLE, Answer.TIMEOUT


class Least(random.Random):
    """Always draws nothing."""

    def random(self) -> float:
        return 0.0


def pacer(rows: int = 1000, *, most: int = 64) -> Pacer:
    return Pacer({"a": rows}, max_concurrency=most, random=Least())


def taken(paced: Pacer, now_seconds: float) -> Ticket:
    turn = paced.take(now_seconds)
    assert isinstance(turn, Ticket), turn
    return turn


def answered(paced: Pacer, now_seconds: float, ticket: Ticket, came: Answer, *, again: bool = True) -> None:
    paced.answer(now_seconds, ticket, came, latency_seconds=0.25, again=again)


@pytest.mark.parametrize(
    ("latency_seconds", "opens_seconds"),
    [
        pytest.param(0.5, 80.1, id="it-waited-before-it-was-sent"),
        pytest.param(2.0, 80.1, id="as-long-as-is-usual"),
        pytest.param(12.0, 70.1, id="ten-seconds-of-it-are-over"),
        pytest.param(30.0, 52.1, id="sent-as-soon-as-it-might"),
        pytest.param(99.0, 52.1, id="no-sooner"),
        pytest.param(-9.0, 80.1, id="nor-later-than-it-was-answered"),
    ],
)
def test_a_wait_counts_from_when_the_request_was_sent_not_from_when_it_might_have_been(
    latency_seconds: float, opens_seconds: float
) -> None:
    paced = pacer()
    ticket = taken(paced, 0.0)
    paced.answer(30.0, ticket, THROTTLED, latency_seconds=latency_seconds, retry_after_seconds=50.0, again=True)

    assert paced.take(30.0) == pytest.approx(opens_seconds)


def broken_down(paced: Pacer, *, left_under_way: int) -> list[Ticket]:
    """After an outage began at 10 s: those that are still under way."""
    under_way = [taken(paced, 1.0) for _ in range(left_under_way)]
    for failure in range(FAILURES_IN_A_ROW):
        assert paced.snapshot().outage_until_seconds is None
        answered(paced, 10.0, taken(paced, 2.0), UNAVAILABLE if failure % 2 else TIMEOUT)
    assert paced.drain_notes() == [OutageBegan()]
    assert paced.snapshot().concurrency == 1
    return under_way


@pytest.mark.parametrize("left", [0, 3])
@pytest.mark.parametrize("came", [OK, THROTTLED])
def test_after_an_outage_it_begins_with_few_besides_those_under_way(came: Answer, left: int) -> None:
    paced = pacer()
    broken_down(paced, left_under_way=left)
    opens = paced.take(10.0)
    assert isinstance(opens, float)
    assert opens == pytest.approx(10.4)

    answered(paced, 12.5, taken(paced, opens), came)

    assert [note for note in paced.drain_notes() if isinstance(note, OutageEnded)] == [OutageEnded(lasted_seconds=2.5)]
    assert paced.snapshot().outage_until_seconds is None
    if came is OK:
        assert paced.snapshot().concurrency == FIRST_AT_ONCE + left


@pytest.mark.parametrize("came", [UNAVAILABLE, TIMEOUT])
def test_a_try_that_fails_leaves_the_outage_and_one_before_it_says_nothing(came: Answer) -> None:
    paced = pacer()
    before = broken_down(paced, left_under_way=2)
    until = paced.snapshot().outage_until_seconds
    answered(paced, 10.1, before[0], OK)
    answered(paced, 10.1, before[1], came)
    assert paced.snapshot().outage_until_seconds == until

    answered(paced, 11.0, taken(paced, 10.4), came)

    assert paced.snapshot().outage_until_seconds == pytest.approx(11.0 + 0.8 * 0.8)
    assert paced.drain_notes() == []
    assert paced.take(11.0) == pytest.approx(11.64)


def test_a_row_that_failed_and_is_given_up_does_not_return_and_one_that_is_not_does() -> None:
    paced = pacer(2)
    answered(paced, 1.0, taken(paced, 0.0), TIMEOUT, again=False)
    assert (paced.snapshot().waiting, paced.snapshot().in_flight) == (1, 0)
    answered(paced, 2.0, taken(paced, 1.0), TIMEOUT, again=True)
    assert (paced.snapshot().waiting, paced.snapshot().in_flight) == (1, 0)


def level_after(came: str) -> int:
    """The fewest at once while three in four fare like this, after all went well at the highest level."""
    concurrency, least = Concurrency(64, 100_000), 64
    for number in range(1, 2000 + 20 * LEAST_SAMPLE):
        concurrency.sent(number, concurrency.at_once)
        match came:
            case "failed" if number > 2000 and number % 4:
                concurrency.failed(number)
            case "refused" if number > 2000 and number % 4:
                concurrency.refused(number)
            case _:
                concurrency.succeeded(number, 0.25, concurrency.at_once - 1)
        if number == 2000:
            assert concurrency.at_once == 64
        least = min(least, concurrency.at_once) if number > 2000 else 64
    return least


@pytest.mark.parametrize(("came", "least"), [("succeeded", 64), ("refused", 64), ("failed", 32)])
def test_when_many_fail_fewer_at_once_are_tried_and_when_many_are_refused_not(came: str, least: int) -> None:
    assert level_after(came) == least


def test_customers_without_rows_allow_no_more_at_once() -> None:
    paced = Pacer({"a": 400} | {f"c{number}": 0 for number in range(1000)}, max_concurrency=64, random=Least())
    paced.add_rows({f"d{number}": 0 for number in range(1000)})
    most = 0
    while not paced.done:
        under_way = []
        while isinstance(turn := paced.take(0.0), Ticket):
            under_way.append(turn)
        most = max(most, len(under_way))
        for ticket in under_way:
            answered(paced, 0.0, ticket, OK, again=False)

    assert most == FEW_AT_ONCE


def test_two_at_once_are_of_two_customers() -> None:
    paced = Pacer({"a": 5, "b": 3}, max_concurrency=2, random=Least())

    assert [taken(paced, 0.0).customer for _ in range(2)] == ["a", "b"]
