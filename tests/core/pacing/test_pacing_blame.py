"""Whose limit refused, by what is known."""

import random
from collections.abc import Callable

import pytest

from batchreset.core.pacing import PaceNote
from batchreset.core.pacing.gates.door import Cause
from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Habits
from batchreset.core.pacing.limits.rate import Rate
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.scopes.blame import Blame, blamed

NOW_SECONDS = 100.0
NUMBER = 50
TOLD_SECONDS = 20.0
Make = Callable[[], Gate]


def fresh() -> Gate:
    notes: list[PaceNote] = []
    return Gate("scope", Habits(), random.Random(1), notes.append, groups_kept=8)


def windowed(*, sent: int, ends_seconds: float = NOW_SECONDS + TOLD_SECONDS) -> Gate:
    gate = fresh()
    gate.limit = Fixed(count=10, window_seconds=60.0, standing=Standing.MEASURED)
    gate.traffic.window.sent = sent
    gate.traffic.window.ends_seconds = ends_seconds
    return gate


def near() -> Gate:
    return windowed(sent=10)


def near_but_ending_later() -> Gate:
    return windowed(sent=10, ends_seconds=NOW_SECONDS + 2 * TOLD_SECONDS)


def far() -> Gate:
    return windowed(sent=2)


def spent_much() -> Gate:
    return windowed(sent=4)


def just_enough() -> Gate:
    return windowed(sent=3)


def spent_little() -> Gate:
    return windowed(sent=2)


def steady(gate: Gate) -> Gate:
    assert isinstance(gate.limit, Fixed)
    gate.limit = gate.limit.observed(10).observed(10)
    return gate


def guessed_ending_later() -> Gate:
    gate = near_but_ending_later()
    gate.limit = Fixed(count=10, window_seconds=60.0)
    return gate


def bucket() -> Gate:
    gate = fresh()
    gate.limit = Bucket(rate=Rate(0.0, 5.0))
    return gate


def closed(gate: Gate, cause: Cause) -> Gate:
    gate.door.close(NOW_SECONDS - 1.0, NOW_SECONDS + TOLD_SECONDS, cause)
    return gate


def refused() -> Gate:
    return closed(fresh(), Cause.REFUSED)


def spent() -> Gate:
    return closed(fresh(), Cause.SPENT)


def trying(gate: Gate) -> Gate:
    gate.door.sent_to_see(NOW_SECONDS - 0.5, NUMBER)
    return gate


def opened_since() -> Gate:
    gate = fresh()
    gate.door.opened_number = NUMBER + 1
    return gate


@pytest.mark.parametrize(
    ("partner", "customer", "blame"),
    [
        pytest.param(fresh, fresh, Blame.UNCLEAR, id="nothing-is-known"),
        pytest.param(near, fresh, Blame.PARTNER, id="only-the-partner-is-near"),
        pytest.param(fresh, near, Blame.CUSTOMER, id="only-the-customer-is-near"),
        pytest.param(far, near, Blame.CUSTOMER, id="the-partner-is-known-and-far"),
        pytest.param(near_but_ending_later, far, Blame.UNCLEAR, id="near-but-that-is-not-its-end"),
        pytest.param(guessed_ending_later, fresh, Blame.UNCLEAR, id="guessed-and-that-is-not-its-end"),
        pytest.param(bucket, fresh, Blame.UNCLEAR, id="no-bucket-asks-for-so-long-a-wait"),
        pytest.param(near, spent_much, Blame.UNCLEAR, id="near-but-the-customer-may-have-met-its-own"),
        pytest.param(lambda: steady(near()), spent_much, Blame.PARTNER, id="near-and-well-known"),
        pytest.param(near, spent_little, Blame.PARTNER, id="near-and-the-customer-sent-little-of-its-own"),
        pytest.param(near, just_enough, Blame.UNCLEAR, id="near-and-the-customer-sent-three-tenths-of-its-own"),
        pytest.param(near_but_ending_later, near, Blame.CUSTOMER, id="both-near-one-ends-then"),
        pytest.param(near, near, Blame.UNCLEAR, id="both-near-both-end-then"),
        pytest.param(refused, fresh, Blame.PARTNER, id="the-partner-is-closed"),
        pytest.param(fresh, refused, Blame.CUSTOMER, id="the-customer-is-closed"),
        pytest.param(spent, fresh, Blame.CUSTOMER_UNTAUGHT, id="no-witness-can-be-sent"),
        pytest.param(opened_since, fresh, Blame.CUSTOMER_UNTAUGHT, id="sent-before-the-partner-opened"),
        pytest.param(refused, opened_since, Blame.CUSTOMER_UNTAUGHT, id="sent-before-the-customer-opened"),
        pytest.param(lambda: trying(refused()), near, Blame.CUSTOMER, id="sent-to-see-and-the-customer-ends-then"),
        pytest.param(lambda: trying(refused()), fresh, Blame.PARTNER, id="sent-to-see-for-the-partner"),
        pytest.param(lambda: trying(spent()), fresh, Blame.PARTNER, id="sent-to-see-after-the-partners-budget"),
        pytest.param(fresh, lambda: trying(refused()), Blame.CUSTOMER, id="sent-to-see-for-the-customer"),
        pytest.param(far, lambda: trying(spent()), Blame.CUSTOMER, id="sent-to-see-for-it-and-the-partner-is-far"),
        pytest.param(near, lambda: trying(refused()), Blame.PARTNER, id="sent-to-see-for-it-and-the-partner-ends-then"),
        pytest.param(
            lambda: trying(closed(far(), Cause.SPENT)),
            near_but_ending_later,
            Blame.PARTNER,
            id="sent-to-see-for-the-partner-that-ends-then-and-not-the-customer",
        ),
        pytest.param(
            lambda: trying(closed(near_but_ending_later(), Cause.SPENT)),
            near_but_ending_later,
            Blame.CUSTOMER,
            id="sent-to-see-and-neither-ends-then-the-customer-is-near",
        ),
        pytest.param(
            lambda: trying(closed(near_but_ending_later(), Cause.SPENT)),
            guessed_ending_later,
            Blame.PARTNER,
            id="sent-to-see-and-neither-ends-then-the-customers-is-guessed",
        ),
    ],
)
def test_a_refusal_is_given_by_what_is_known(partner: Make, customer: Make, blame: Blame) -> None:
    refusal = Refusal(
        number=NUMBER, at_seconds=NOW_SECONDS, sent_at_seconds=NOW_SECONDS - 0.25, retry_after_seconds=TOLD_SECONDS
    )

    assert blamed(partner(), customer(), refusal) is blame


@pytest.mark.parametrize("apart_seconds", [0.0, 2.0, -2.0, 2.1, -2.1])
@pytest.mark.parametrize("prompt", [True, False], ids=["begun-promptly", "begun-late"])
def test_a_window_ends_then_if_the_told_end_is_within_two_seconds_of_it(*, apart_seconds: float, prompt: bool) -> None:
    partner = near_but_ending_later()
    partner.traffic.window.prompt = prompt
    told = 2 * TOLD_SECONDS + apart_seconds
    refusal = Refusal(number=NUMBER, at_seconds=NOW_SECONDS, sent_at_seconds=NOW_SECONDS, retry_after_seconds=told)
    assert refusal.end_seconds == NOW_SECONDS + told

    assert blamed(partner, fresh(), refusal) is (Blame.PARTNER if abs(apart_seconds) <= 2.0 else Blame.UNCLEAR)


@pytest.mark.parametrize(("told_seconds", "blame"), [(5.0, Blame.PARTNER), (5.1, Blame.UNCLEAR)])
def test_a_bucket_asks_for_no_more_than_five_seconds(told_seconds: float, blame: Blame) -> None:
    refusal = Refusal(
        number=NUMBER, at_seconds=NOW_SECONDS, sent_at_seconds=NOW_SECONDS, retry_after_seconds=told_seconds
    )

    assert blamed(bucket(), fresh(), refusal) is blame


@pytest.mark.parametrize(
    ("partner_told_seconds", "customer", "blame"),
    [
        (TOLD_SECONDS, near, Blame.PARTNER),
        (TOLD_SECONDS - 2.0, near, Blame.PARTNER),
        (TOLD_SECONDS + 2.5, near, Blame.CUSTOMER),
        (TOLD_SECONDS - 2.5, near, Blame.CUSTOMER),
        (TOLD_SECONDS + 2.5, far, Blame.PARTNER),
        (None, near, Blame.PARTNER),
    ],
)
def test_while_the_partner_refuses_only_another_end_near_its_own_limit_makes_it_a_customers(
    partner_told_seconds: float | None, customer: Make, blame: Blame
) -> None:
    partner = fresh()
    first, refusal = (
        Refusal(number=number, at_seconds=NOW_SECONDS, sent_at_seconds=NOW_SECONDS, retry_after_seconds=told)
        for number, told in ((NUMBER - 1, partner_told_seconds), (NUMBER, TOLD_SECONDS))
    )
    partner.refuse(first, learns=True)

    assert blamed(partner, customer(), refusal) is blame
