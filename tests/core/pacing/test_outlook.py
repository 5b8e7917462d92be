"""How long the known limits hold the rest back."""

import math
import random

import pytest

from batchreset.core.pacing import Answer, Learned, LearnedLimit, Outlook, Pacer, Ticket
from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Habits
from batchreset.core.pacing.limits.lessons import Limit
from batchreset.core.pacing.limits.rate import Rate
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.limits.sliding import Sliding
from batchreset.core.pacing.outlook import outlook

OPEN = Outlook(last_rows=100)


def pacer(rows: int, *, partner: LearnedLimit | None = None, customer: LearnedLimit | None = None) -> Pacer:
    known = Learned(partner=partner, customers=(customer,) if customer else ())
    return Pacer({"a": rows}, max_concurrency=1000, random=random.Random(1), start_from=known)


def limit(shape: str, requests: int, seconds: float, scope: str = "partner") -> LearnedLimit:
    return LearnedLimit(scope=scope, shape=shape, limit=requests, window_seconds=seconds, refused=0, waited_seconds=0.0)


def refused_once(paced: Pacer, *, sent: int, retry_after_seconds: float) -> float:
    """So many pass, one is refused, and after its wait one passes again; the moment at which it does."""
    now = 0.0
    tickets: list[Ticket] = []
    while len(tickets) < sent + 1 and isinstance(ticket := paced.take(now), Ticket):
        tickets.append(ticket)
        now += 0.01
        if len(tickets) <= sent:
            paced.answer(now, ticket, Answer.OK, latency_seconds=0.01, again=False)
    paced.answer(
        now, tickets[-1], Answer.THROTTLED, latency_seconds=0.01, retry_after_seconds=retry_after_seconds, again=True
    )
    return now


def opened_again(paced: Pacer, now: float) -> float:
    while not isinstance(turn := paced.take(now), Ticket):
        assert turn < math.inf
        now = max(now, turn)
    paced.answer(now + 0.01, turn, Answer.OK, latency_seconds=0.01, again=False)
    return now + 0.01


def test_where_no_limit_is_known_nothing_holds_back() -> None:
    assert pacer(100).outlook(0.0, rows_to_come=0) == OPEN
    assert pacer(60).outlook(0.0, rows_to_come=40) == OPEN


def test_a_refusal_whose_limit_is_not_known_yet_is_a_bound() -> None:
    paced = pacer(200)
    now = refused_once(paced, sent=20, retry_after_seconds=50.0)
    assert paced.outlook(now, rows_to_come=0).limit_unknown  # also while it is not clear whose limit it is
    while isinstance(turn := paced.take(now), Ticket):
        paced.answer(now, turn, Answer.THROTTLED, latency_seconds=0.01, retry_after_seconds=50.0, again=True)
    found = paced.outlook(now, rows_to_come=0)
    assert found == Outlook(last_rows=200 - 20, limit_unknown=True)  # that wait says nothing of the rest


def test_a_window_that_was_found_holds_back_what_does_not_fit_into_it() -> None:
    """20 pass in a minute: of 179 that are left then, 19 now, eight whole windows later the rest."""
    paced = pacer(200)
    now = opened_again(paced, refused_once(paced, sent=20, retry_after_seconds=60.0))
    found = paced.outlook(now, rows_to_come=0)
    assert not found.limit_unknown
    assert found.held_seconds == pytest.approx(8 * 60.0, abs=3.0)
    assert found.last_rows == 20


def gate(believed: Limit) -> Gate:
    """The partner's, of which that is believed and through which nothing went yet."""
    made = Gate("partner", Habits(), random.Random(1), lambda _: None, groups_kept=64)
    made.limit = believed
    return made


WINDOW = Fixed(count=20, window_seconds=60.0, standing=Standing.MEASURED)


@pytest.mark.parametrize(
    ("rows", "held_seconds", "last_rows"), [(1, 0.0, 1), (20, 0.0, 20), (21, 60.0, 1), (40, 60.0, 20), (100, 240.0, 20)]
)
def test_windows_are_whole(rows: int, held_seconds: float, last_rows: int) -> None:
    found = outlook(gate(WINDOW), [], 5.0, rows=rows)
    assert found == Outlook(held_seconds=held_seconds, last_rows=last_rows)


def test_what_went_into_the_window_under_way_does_not_go_again() -> None:
    used = gate(WINDOW)
    for number in range(1, 16):
        used.sent_one(10.0, number)
    assert outlook(used, [], 30.0, rows=5) == Outlook(last_rows=5)
    assert outlook(used, [], 30.0, rows=6) == Outlook(held_seconds=40.0, last_rows=1)
    assert outlook(used, [], 71.0, rows=20) == Outlook(last_rows=20)


def test_in_a_window_that_slides_each_row_waits_for_the_one_before_it() -> None:
    """Ten within any minute, of which one went each second."""
    sliding = gate(Sliding(count=10, window_seconds=60.0, standing=Standing.MEASURED, refused_at_seconds=0.0))
    for number in range(1, 11):
        sliding.sent_one(float(number), number)
    held = [outlook(sliding, [], 20.0, rows=rows).held_seconds for rows in (1, 2, 10, 11, 20, 21)]
    assert held == [41.0, 42.0, 50.0, 101.0, 110.0, 161.0]
    assert outlook(sliding, [], 61.5, rows=1) == Outlook(last_rows=1)


def test_what_comes_by_a_rate_comes_evenly() -> None:
    bucket = gate(Bucket(standing=Standing.MEASURED, rate=Rate(None, 2.0)))
    assert bucket.limit.known
    assert outlook(bucket, [], 0.0, rows=100).held_seconds == pytest.approx(50.0)


def test_what_is_held_back_falls_as_time_passes() -> None:
    paced = pacer(200)
    now = opened_again(paced, refused_once(paced, sent=20, retry_after_seconds=60.0))
    sooner, later = (paced.outlook(now + seconds, rows_to_come=0).held_seconds for seconds in (0.0, 30.0))
    assert sooner - later == pytest.approx(30.0)


def test_what_an_earlier_run_learned_is_no_promise() -> None:
    """It is believed for sending; nothing was seen of it yet."""
    assert pacer(100, partner=limit("window", 20, 60.0)).outlook(0.0, rows_to_come=0) == OPEN


def test_looking_changes_nothing() -> None:
    """Two pacers that live through the same, one of them looked at all the time."""
    taken = []
    for looks in (False, True):
        paced, now, moments = pacer(300), 0.0, []
        for number in range(200):
            turn = paced.take(now)
            if looks:
                paced.outlook(now, rows_to_come=5)
                paced.snapshot()
            if isinstance(turn, Ticket):
                refused = number % 40 == 39
                answer = Answer.THROTTLED if refused else Answer.OK
                after = 10.0 if refused else None
                now += 0.05
                paced.answer(now, turn, answer, latency_seconds=0.05, retry_after_seconds=after, again=refused)
            elif turn < math.inf:
                now = turn
            moments.append(now)
        taken.append(moments)
    assert taken[0] == taken[1]
