"""Who may go, and when: turns, bounds and pauses, one by one."""

import math
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing import (
    Answer,
    Learned,
    LearnedLimit,
    LimitLearned,
    Pacer,
    PaceSnapshot,
    Pause,
    Paused,
    Resumed,
    Throttled,
    Ticket,
)
from batchreset.core.pacing.load.concurrency import FIRST_AT_ONCE

OK, THROTTLED = Answer.OK, Answer.THROTTLED
MANY = 1000


class Chance(random.Random):
    """Always draws the same."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self._drawn = drawn

    def random(self) -> float:
        return self._drawn


def pacer(
    rows: dict[str, int], *, max_concurrency: int = MANY, max_per_second: float | None = None, drawn: float = 0.5
) -> Pacer:
    return Pacer(rows, max_concurrency=max_concurrency, max_per_second=max_per_second, random=Chance(drawn))


def ticket_of(turn: Ticket | float) -> Ticket:
    assert isinstance(turn, Ticket), turn
    return turn


def moment_of(turn: Ticket | float) -> float:
    assert isinstance(turn, float), turn
    return turn


def all_tickets(paced: Pacer, now_seconds: float) -> list[Ticket]:
    tickets = []
    while isinstance(turn := paced.take(now_seconds), Ticket):
        tickets.append(turn)
    return tickets


def answer(
    paced: Pacer,
    now_seconds: float,
    ticket: Ticket,
    came: Answer,
    *,
    retry_after_seconds: float | None = None,
    again: bool = False,
) -> None:
    paced.answer(now_seconds, ticket, came, latency_seconds=0.25, retry_after_seconds=retry_after_seconds, again=again)


def pauses_seconds(paced: Pacer, told: Sequence[float | None]) -> list[float]:
    """How long each pause is when the row that goes first is refused again and again."""
    now_seconds, lengths = 1000.0, []
    for retry_after_seconds in told:
        answer(
            paced,
            now_seconds,
            ticket_of(paced.take(now_seconds)),
            THROTTLED,
            retry_after_seconds=retry_after_seconds,
            again=True,
        )
        until = moment_of(paced.take(now_seconds))
        lengths.append(until - now_seconds)
        now_seconds = until
    return lengths


def test_the_customer_with_most_rows_left_goes_first() -> None:
    """It is the one that will be done last."""
    tickets = all_tickets(pacer({"a": 1, "b": 8, "c": 3}, max_concurrency=1), 7.0)
    tickets += all_tickets(pacer({"a": 3, "b": 1}, max_concurrency=1), 7.0)

    assert [ticket.customer for ticket in tickets] == ["b", "a"]
    assert {(ticket.number, ticket.taken_at_seconds) for ticket in tickets} == {(1, 7.0)}


def test_one_customer_does_not_take_all_places_while_others_wait() -> None:
    tickets = all_tickets(pacer({"a": 500, "b": 5, "c": 5}), 0.0)

    assert Counter(ticket.customer for ticket in tickets) == {"a": 4, "b": 2, "c": 2}


def test_all_places_are_for_one_customer_when_nobody_else_waits() -> None:
    assert len(all_tickets(pacer({"a": 500}), 0.0)) == FIRST_AT_ONCE


def test_more_rows_may_come_when_it_was_done() -> None:
    paced = pacer({"a": 1})
    answer(paced, 0.0, ticket_of(paced.take(0.0)), OK)
    assert paced.take(0.0) == math.inf

    paced.add_rows({"a": 1, "b": 2, "c": 0, "d": -1})

    assert not paced.done
    assert paced.snapshot().waiting == 3
    assert Counter(ticket.customer for ticket in all_tickets(paced, 1.0)) == {"a": 1, "b": 2}


@pytest.mark.parametrize("rows", [{}, {"a": 0}, {"a": 0, "b": -1}], ids=["no-customer", "no-row", "less-than-none"])
def test_nothing_to_do_is_done(rows: dict[str, int]) -> None:
    paced = pacer(rows)

    assert paced.done
    assert paced.take(0.0) == math.inf
    assert paced.snapshot().waiting == 0


def test_it_is_done_when_the_last_answer_came_and_not_before() -> None:
    paced = pacer({"a": 1})
    ticket = ticket_of(paced.take(0.0))
    assert not paced.done
    assert paced.take(0.0) == math.inf

    answer(paced, 0.0, ticket, Answer.TIMEOUT, again=True)
    assert not paced.done

    answer(paced, 0.0, ticket_of(paced.take(0.0)), OK)
    assert paced.done


@pytest.mark.parametrize(("asked", "allowed"), [(1, 1), (3, 3), (0, 1), (-5, 1)])
def test_no_more_are_under_way_than_allowed(asked: int, allowed: int) -> None:
    paced = pacer({"a": 10}, max_concurrency=asked)
    tickets = all_tickets(paced, 0.0)

    assert len(tickets) == allowed
    assert paced.take(99.0) == math.inf
    answer(paced, 99.0, tickets[0], OK)
    assert len(all_tickets(paced, 99.0)) == 1


NO_END = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("drawn", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("untold", [None, *NO_END], ids=str)
def test_without_retry_after_pauses_grow_to_a_quarter_minute_and_a_fifth(untold: float | None, drawn: float) -> None:
    grown = [1.0, 1.6, 2.56, 4.096, 6.5536, 10.48576, 15.0, 15.0]

    lengths = pauses_seconds(pacer({"a": 1}, drawn=drawn), [untold] * 8)

    assert lengths == pytest.approx([length * (0.8 + 0.4 * drawn) for length in grown])


def test_nothing_said_of_retry_after_is_no_retry_after() -> None:
    paced = pacer({"a": 1})
    paced.answer(0.0, ticket_of(paced.take(0.0)), THROTTLED, latency_seconds=0.25, again=True)

    assert paced.take(0.0) == pytest.approx(1.0)


def test_who_is_refused_again_and_again_asks_ever_more_rarely_but_once_an_hour() -> None:
    """Where refused requests count, asking every quarter minute would keep a longer window shut for ever."""
    lengths = pauses_seconds(pacer({"a": 1}), [None] * 100)

    assert lengths[19] == pytest.approx(15.0)
    assert lengths[29] > 150.0
    assert lengths[-1] == pytest.approx(3600.0)


@pytest.mark.parametrize("drawn", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param(57.0, 57.0, id="seconds"),
        pytest.param(1.5, 1.5, id="decimals"),
        pytest.param(0.0, 0.0, id="zero"),
        pytest.param(-3.0, 0.0, id="negative"),
        pytest.param(3600.0, 3600.0, id="an-hour"),
        pytest.param(604800.0, 3600.0, id="a-week"),
    ],
)
def test_a_first_retry_after_is_kept_with_slack_and_jitter(told: float, kept: float, drawn: float) -> None:
    assert pauses_seconds(pacer({"a": 1}, drawn=drawn), [told]) == pytest.approx([kept + 0.1 + 0.2 * drawn])


def test_a_retry_after_that_proved_too_short_is_not_believed_for_ever() -> None:
    """Once it may have been rounded down: a second more; then longer each time, but never less than told."""
    lengths = pauses_seconds(pacer({"a": 1}), [0.0, 0.0, 1.0, 57.0, 0.0])

    assert lengths == pytest.approx([0.2, 1.2, 2.8, 58.2, 5.296])


def test_after_a_pause_one_goes_first_and_the_others_when_it_was_let_through() -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    answer(paced, 0.0, ticket_of(paced.take(0.0)), THROTTLED, retry_after_seconds=5.0, again=True)
    assert paced.take(5.1) == pytest.approx(5.2)

    (probe,) = all_tickets(paced, 5.3)
    assert paced.take(1000.0) == math.inf

    answer(paced, 6.0, probe, OK)
    assert len(all_tickets(paced, 6.0)) == 4


def test_one_throttled_customer_does_not_delay_another() -> None:
    paced = pacer({"a": 50, "b": 40}, max_concurrency=2)
    refused = ticket_of(paced.take(0.0))
    answer(paced, 0.0, refused, THROTTLED, retry_after_seconds=30.0, again=True)

    witness = ticket_of(paced.take(0.1))
    assert (refused.customer, witness.customer) == ("a", "b")
    assert moment_of(paced.take(0.2)) == pytest.approx(1.1), "all stop until it is clear whose limit it was"
    answer(paced, 0.3, witness, OK)

    assert {ticket.customer for ticket in all_tickets(paced, 0.4)} == {"b"}
    (pause,) = paced.snapshot().pauses
    assert pause.scope == "a"
    assert pause.until_seconds == pytest.approx(30.2)


def test_when_the_witness_is_refused_too_all_wait() -> None:
    paced = pacer({"a": 50, "b": 40}, max_concurrency=2)
    answer(paced, 0.0, ticket_of(paced.take(0.0)), THROTTLED, retry_after_seconds=30.0, again=True)
    answer(paced, 0.3, ticket_of(paced.take(0.1)), THROTTLED, retry_after_seconds=30.0, again=True)

    assert moment_of(paced.take(0.4)) == pytest.approx(30.5)
    (pause,) = paced.snapshot().pauses
    assert pause.scope == "partner"
    assert pause.until_seconds == pytest.approx(30.5)


def test_a_row_may_go_at_the_very_moment_the_pause_ends() -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    answer(paced, 0.0, ticket_of(paced.take(0.0)), THROTTLED, again=True)
    until = moment_of(paced.take(0.0))

    probe = ticket_of(paced.take(until))
    answer(paced, until, probe, OK)

    assert len(all_tickets(paced, until)) == 4


@pytest.mark.parametrize("came", [Answer.UNAVAILABLE, Answer.TIMEOUT])
def test_when_the_first_after_a_pause_is_not_answered_well_another_goes_first(came: Answer) -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    answer(paced, 0.0, ticket_of(paced.take(0.0)), THROTTLED, again=True)

    for _ in range(3):
        (probe,) = all_tickets(paced, 10.0)
        answer(paced, 10.0, probe, came, again=True)


@pytest.mark.parametrize("came", [OK, Answer.UNAVAILABLE, Answer.TIMEOUT])
def test_answers_to_what_went_before_the_pause_do_not_end_it(came: Answer) -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    first, second, *_ = all_tickets(paced, 0.0)
    answer(paced, 0.5, first, THROTTLED, again=True)

    answer(paced, 0.5, second, came)

    assert paced.take(0.5) == pytest.approx(1.5)
    assert len(all_tickets(paced, 1.5)) == 1


@pytest.mark.parametrize("came", [OK, Answer.UNAVAILABLE, Answer.TIMEOUT])
def test_answers_to_what_went_before_the_pause_let_no_second_one_go(came: Answer) -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    first, second, *_ = all_tickets(paced, 0.0)
    answer(paced, 0.0, first, THROTTLED, again=True)
    all_tickets(paced, 5.0)

    answer(paced, 5.0, second, came)

    assert paced.take(5.0) == math.inf


def test_what_goes_wrong_without_429_pauses_nothing() -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    for came in (Answer.UNAVAILABLE, Answer.TIMEOUT) * 5:
        answer(paced, 0.0, ticket_of(paced.take(0.0)), came, retry_after_seconds=60.0, again=True)

    assert len(all_tickets(paced, 0.0)) == 4


def test_refusals_of_one_burst_are_one_reason_to_pause() -> None:
    """Ten at once that are refused do not make the pause grow ten times."""
    paced = pacer({"a": 10}, max_concurrency=10)
    for ticket in all_tickets(paced, 0.0):
        answer(paced, 0.0, ticket, THROTTLED, again=True)

    assert paced.take(0.0) == pytest.approx(1.0)
    answer(paced, 1.0, ticket_of(paced.take(1.0)), THROTTLED, again=True)
    assert paced.take(1.0) == pytest.approx(2.6)


def test_the_longest_pause_that_a_burst_was_told_counts() -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    for ticket, told in zip(all_tickets(paced, 0.0), (5.0, 60.0, 7.0), strict=False):
        answer(paced, 0.0, ticket, THROTTLED, retry_after_seconds=told, again=True)

    assert paced.take(0.0) == pytest.approx(60.2)


def test_a_late_refusal_of_the_burst_has_the_one_under_way_followed_by_another_first_one() -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    first, second, *_ = all_tickets(paced, 0.0)
    answer(paced, 0.0, first, THROTTLED, again=True)
    (probe,) = all_tickets(paced, 1.0)
    answer(paced, 1.5, second, THROTTLED, again=True)
    answer(paced, 1.6, probe, OK)

    assert paced.take(1.6) == pytest.approx(2.5)
    assert len(all_tickets(paced, 2.5)) == 1


def test_once_let_through_the_next_pause_is_a_first_one() -> None:
    paced = pacer({"a": 10}, max_concurrency=1)
    assert pauses_seconds(paced, [None, None]) == pytest.approx([1.0, 1.6])
    answer(paced, 2000.0, ticket_of(paced.take(2000.0)), OK)

    answer(paced, 2000.0, ticket_of(paced.take(2000.0)), THROTTLED, again=True)

    assert paced.take(2000.0) == pytest.approx(2001.0)


def test_a_refusal_of_a_row_that_went_after_the_pause_is_a_new_reason() -> None:
    """Also while rows of the burst before are still under way."""
    paced = pacer({"a": 10}, max_concurrency=3)
    first, *_ = all_tickets(paced, 0.0)
    answer(paced, 0.0, first, THROTTLED, again=True)
    (probe,) = all_tickets(paced, 1.0)
    answer(paced, 1.0, probe, OK)

    (after,) = all_tickets(paced, 1.0)
    answer(paced, 1.0, after, THROTTLED, again=True)
    assert paced.take(1.0) == pytest.approx(2.0)


def test_a_row_that_is_given_up_after_429_does_not_return() -> None:
    paced = pacer({"a": 1})
    answer(paced, 0.0, ticket_of(paced.take(0.0)), THROTTLED, again=False)

    assert paced.done
    assert paced.take(0.0) == math.inf


def test_the_snapshot_tells_what_pacing_is_doing() -> None:
    paced = pacer({"a": 10}, max_concurrency=4, max_per_second=100.0)
    idle = PaceSnapshot(concurrency=4, in_flight=0, waiting=10, per_second=100.0, refused=0, pauses=())
    assert paced.snapshot() == idle

    answer(paced, 0.0, ticket_of(paced.take(0.0)), THROTTLED, retry_after_seconds=5.0, again=True)
    pause = Pause(scope="a", until_seconds=moment_of(paced.take(1.0)), told=True)
    assert paced.snapshot() == PaceSnapshot(
        concurrency=4, in_flight=0, waiting=10, per_second=100.0, refused=1, pauses=(pause,)
    )

    answer(paced, 6.0, ticket_of(paced.take(6.0)), OK)
    ticket_of(paced.take(7.0))
    assert paced.snapshot() == PaceSnapshot(
        concurrency=4, in_flight=1, waiting=8, per_second=100.0, refused=1, pauses=()
    )


def test_its_notes_tell_what_happened_once() -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    answer(paced, 0.0, ticket_of(paced.take(0.0)), OK)
    answer(paced, 1.0, ticket_of(paced.take(1.0)), THROTTLED, retry_after_seconds=59.0, again=True)
    until = moment_of(paced.take(1.0))
    answer(paced, until, ticket_of(paced.take(until)), OK)

    assert paced.drain_notes() == [
        Throttled(scope="a", retry_after_seconds=59.0),
        Paused(scope="a", until_seconds=until, told=True),
        LimitLearned(scope="a", shape="window", limit=1, window_seconds=60.0),
        Resumed(scope="a", waited_seconds=until - 1.0, told=True),
    ]
    assert paced.drain_notes() == []


def test_notes_that_nobody_drains_do_not_grow_without_end() -> None:
    paced = pacer({"a": 1})
    pauses_seconds(paced, [0.0] * 2000)

    assert len(paced.drain_notes()) <= 1000


def test_what_was_learned_says_what_it_cost() -> None:
    paced = pacer({"a": 10}, max_concurrency=4)
    assert paced.learned == Learned()
    answer(paced, 0.0, ticket_of(paced.take(0.0)), OK)
    answer(paced, 1.0, ticket_of(paced.take(1.0)), THROTTLED, retry_after_seconds=59.0, again=True)
    answer(paced, 70.0, ticket_of(paced.take(70.0)), OK)

    (known,) = paced.learned.customers
    assert paced.learned.partner is None
    assert known == LearnedLimit(
        scope="a", shape="window", limit=1, window_seconds=60.0, refused=1, waited_seconds=69.0
    )


@pytest.mark.parametrize("none", [None, 0, 0.0])
def test_without_a_ceiling_everything_may_go_at_once(none: float | None) -> None:
    paced = pacer({"a": 500}, max_per_second=none)

    assert paced.snapshot().per_second is None
    assert len(all_tickets(paced, 0.0)) == FIRST_AT_ONCE


@pytest.mark.parametrize(
    ("per_second", "moments"),
    [
        pytest.param(4.0, [0.0, 0.25, 0.5, 0.75, 1.0, 1.25], id="4"),
        pytest.param(1.0, [0.0, 1.0, 2.0], id="1"),
        pytest.param(0.5, [0.0, 2.0, 4.0], id="one-in-two-seconds"),
        pytest.param(2.5, [0.0, 0.4, 1.0, 1.4, 2.0, 2.4], id="2.5-never-three-in-a-second"),
        pytest.param(1.5, [0.0, 1.0, 2.0], id="1.5-never-two-in-a-second"),
    ],
)
def test_the_ceiling_is_kept_evenly(per_second: float, moments: list[float]) -> None:
    paced = pacer({"a": 100}, max_per_second=per_second)
    now_seconds = 50.0
    sent: list[float] = []
    while len(sent) < len(moments):
        turn = paced.take(now_seconds)
        if isinstance(turn, Ticket):
            sent.append(now_seconds - 50.0)
        else:
            now_seconds = turn

    assert sent == pytest.approx(moments)


def test_time_that_was_not_used_is_not_made_up_for() -> None:
    paced = pacer({"a": 100}, max_per_second=4.0)
    ticket_of(paced.take(0.0))

    ticket_of(paced.take(60.0))
    assert paced.take(60.0) == pytest.approx(60.25)


def test_a_row_that_may_not_go_yet_loses_no_turn() -> None:
    paced = pacer({"a": 2, "b": 2}, max_per_second=1.0)

    assert ticket_of(paced.take(0.0)).customer == "a"
    assert [moment_of(paced.take(0.5)) for _ in range(5)] == [1.0] * 5
    assert ticket_of(paced.take(1.0)) == Ticket("b", 2, 1.0)


@pytest.mark.parametrize("told", [None, 0.0, 0.3], ids=str)
def test_while_the_clock_stands_still_a_pause_does_not_end(told: float | None) -> None:
    paced = pacer({"a": 5}, drawn=0.0)
    answer(paced, 3.0, ticket_of(paced.take(3.0)), THROTTLED, retry_after_seconds=told, again=True)

    moments = {moment_of(paced.take(3.0)) for _ in range(100)}

    assert len(moments) == 1
    assert min(moments) > 3.0


def test_jitter_comes_from_the_chance_that_was_handed_in() -> None:
    lengths = {
        seed: pauses_seconds(Pacer({"a": 1}, max_concurrency=1, random=random.Random(seed)), [None, 5.0, None])
        for seed in (1, 2)
    }

    assert lengths[1] != lengths[2]
    assert lengths[1] == pauses_seconds(Pacer({"a": 1}, max_concurrency=1, random=random.Random(1)), [None, 5.0, None])


@given(
    told=st.lists(st.none() | st.floats(), min_size=1, max_size=10),
    seed=st.integers(),
)
def test_a_pause_is_never_shorter_than_told_nor_longer_than_an_hour(told: list[float | None], seed: int) -> None:
    paced = Pacer({"a": 1}, max_concurrency=1, random=random.Random(seed))

    for length, retry_after_seconds in zip(pauses_seconds(paced, told), told, strict=True):
        assert 0.1 - 1e-9 <= length <= 3601.3 + 1e-9
        if retry_after_seconds is not None and math.isfinite(retry_after_seconds):
            assert length >= min(retry_after_seconds, 3600.0)
