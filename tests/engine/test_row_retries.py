"""The retry table, through the whole engine: what is sent again, with which password and which ids."""

import itertools
from dataclasses import replace

import pytest
from engine_world import (
    CLOSED,
    FORBIDDEN,
    LIMITS,
    NOT_FOUND,
    OK,
    REFUSED,
    TIMEOUT,
    UNAVAILABLE,
    WEAK,
    Service,
    always,
    first,
    scene,
    throttled,
)

from batchreset.core.exchange import Exchange, LossKind, Lost
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import KnownRow


def test_a_row_that_succeeds_is_sent_once() -> None:
    played = scene(always(OK), 3, 2).play()
    assert sorted(request.row for request in played.service.requests) == [1, 2, 3, 4, 5]
    assert played.counts == {Outcome.SUCCEEDED: 5}
    assert played.stop is None


@pytest.mark.parametrize("unclear", [TIMEOUT, CLOSED, REFUSED], ids=["timeout", "closed", "refused"])
def test_after_no_answer_the_same_request_id_and_password_go_again(unclear: Exchange) -> None:
    played = scene(first(unclear, unclear), 1).play()
    sent = played.service.of(1)
    assert len(sent) == 3
    assert len({request.request_id for request in sent}) == 1
    assert len({request.password for request in sent}) == 1
    assert played.ledger.outcomes[1] == (Outcome.SUCCEEDED, None)


@pytest.mark.parametrize("answer", [UNAVAILABLE, throttled(1)], ids=["503", "429"])
def test_after_an_answer_a_new_request_id_goes_with_the_same_password(answer: Exchange) -> None:
    sent = scene(first(answer, answer), 1).play().service.of(1)
    assert len({request.request_id for request in sent}) == 3
    assert len({request.password for request in sent}) == 1


def test_correlation_ids_are_never_used_twice() -> None:
    sent = scene(first(TIMEOUT, UNAVAILABLE, throttled(1)), 20, 5).play().service.requests
    assert len({request.correlation_id for request in sent}) == len(sent) == 100


def test_a_weak_password_is_replaced_twice_each_noted_before_it_is_sent() -> None:
    played = scene(first(WEAK, WEAK), 1).play()
    sent = played.service.of(1)
    assert len({request.password for request in sent}) == 3
    assert [intent.generation for intent in played.ledger.intents] == [1, 2, 3]
    assert played.ledger.endings[0].generation == 3


def test_three_weak_passwords_are_a_bad_request() -> None:
    played = scene(always(WEAK), 1).play()
    assert len(played.service.requests) == 3
    assert played.ledger.outcomes[1] == (Outcome.FAILED, Reason.BAD_REQUEST)


@pytest.mark.parametrize(
    ("exchange", "ended"),
    [
        (UNAVAILABLE, (Outcome.IN_DOUBT, Reason.SERVER_ERROR)),
        (TIMEOUT, (Outcome.IN_DOUBT, Reason.TIMEOUT)),
        (CLOSED, (Outcome.IN_DOUBT, Reason.CONNECTION)),
        (REFUSED, (Outcome.FAILED, Reason.CONNECTION)),
    ],
    ids=["503", "timeout", "closed", "refused"],
)
def test_attempts_run_out(exchange: Exchange, ended: tuple[Outcome, Reason]) -> None:
    played = scene(always(exchange), 1, limits=replace(LIMITS, max_attempts=3)).play()
    assert len(played.service.requests) == 3
    assert played.ledger.outcomes[1] == ended
    assert played.ledger.endings[0].attempts == 3


@pytest.mark.parametrize(
    ("refusal", "ended"),
    [(FORBIDDEN, (Outcome.IN_DOUBT, Reason.FORBIDDEN)), (NOT_FOUND, (Outcome.FAILED, Reason.NOT_FOUND))],
    ids=["403", "404"],
)
def test_a_refusal_after_an_unclear_exchange(refusal: Exchange, ended: tuple[Outcome, Reason]) -> None:
    assert scene(first(TIMEOUT, refusal), 1).play().ledger.outcomes[1] == ended


def test_a_doubt_of_an_earlier_session_is_not_forgotten() -> None:
    known = {1: KnownRow(generations=1, exchanges=2, unclear=True)}
    played = scene(always(FORBIDDEN), 1, known=known).play()
    ending = played.ledger.endings[0]
    assert (ending.outcome, ending.generation, ending.attempts) == (Outcome.IN_DOUBT, 2, 3)


def test_429_is_not_charged_and_the_row_goes_when_the_pause_is_over() -> None:
    played = scene(first(*[throttled(5)] * 20), 1, limits=replace(LIMITS, max_attempts=1)).play()
    assert played.ledger.outcomes[1] == (Outcome.SUCCEEDED, None)
    assert played.ledger.endings[0].attempts == 21
    sent = played.service.of(1)
    assert all(later.at_seconds - sooner.at_seconds >= 5 for sooner, later in itertools.pairwise(sent))


def test_an_hour_of_nothing_but_429_is_given_up() -> None:
    played = scene(always(throttled(50)), 1).play()
    assert played.ledger.outcomes[1] == (Outcome.FAILED, Reason.THROTTLED)
    assert 3600 <= played.took_seconds < 3700


def test_retry_after_of_a_503_is_honoured() -> None:
    busy = replace(UNAVAILABLE, retry_after_seconds=77.0)
    one, two = scene(first(busy), 1).play().service.of(1)
    assert two.at_seconds - one.at_seconds >= 77


def test_backoff_grows() -> None:
    sent = scene(always(UNAVAILABLE), 1).play().service.of(1)
    gaps = [later.at_seconds - sooner.at_seconds for sooner, later in itertools.pairwise(sent)]
    assert gaps[0] < 1.5
    assert gaps[-1] > 15
    assert sum(gaps) < 120


def test_an_outage_touches_no_more_rows_than_may_be_under_way() -> None:
    """Rows in backoff keep their place, so that a dead server does not make thousands of rows doubtful."""
    played = scene(always(UNAVAILABLE), 500, limits=replace(LIMITS, max_duration_seconds=20)).play()
    assert len({request.row for request in played.service.requests}) == LIMITS.max_concurrency


def test_no_more_than_max_concurrency_under_way() -> None:
    service: Service = scene(first(UNAVAILABLE), 200, 50).play().service
    assert service.most_in_flight == LIMITS.max_concurrency


def test_a_throttled_burst_goes_on_with_one_row_first() -> None:
    refused = iter([True] * 8)

    def burst(_row: object, _number: int) -> Exchange:
        return throttled(10) if next(refused, False) else OK

    played = scene(burst, 40).play()
    after_pause = [request for request in played.service.requests if request.at_seconds > 5]
    assert after_pause[1].at_seconds - after_pause[0].at_seconds >= 0.25
    assert played.counts == {Outcome.SUCCEEDED: 40}


def test_the_ledger_is_told_who_sent_each_attempt() -> None:
    """Whatever came of it; whoever gave up the wait for an answer knows nobody."""
    came: list[Exchange] = [replace(UNAVAILABLE, sender="a"), replace(TIMEOUT, sender="b")]
    came += [replace(REFUSED, sender="c"), Lost(kind=LossKind.SENDER, sender="d\x1b\ud800")]
    attempts = scene(first(*came), 1).play().ledger.attempts
    assert [(one.verdict, one.sender) for one in attempts] == [
        ("server_error", "a"), ("timeout", "b"), ("not_sent", "c"), ("sender_lost", "d??"), ("succeeded", ""),
    ]  # fmt: skip
