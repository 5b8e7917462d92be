"""Whole runs against limits that nobody told them of, in virtual time: near the ideal, seldom refused, never too many.

Bounds leave room for another way of pacing as good as this one, not for a careless one: twelve rows at a time that each
honour `Retry-After` by themselves are refused twelve times at every window's end.
"""

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from engine_world import (
    LATENCY_SECONDS,
    LIMITS,
    OK,
    REFUSED,
    TIMEOUT,
    UNAVAILABLE,
    WEAK,
    MemoryLedger,
    Scene,
    Script,
    always,
    first,
    rows,
)
from limited_service import UNLIMITED, LimitedService, Wording, ideal_seconds

from batchreset.core.outcome import Outcome
from batchreset.engine.runner import Limits
from batchreset.simulator.limits import LimitKind, Rule, Scope

SIZES = (220, 150, 100, 60, 20)
ROWS = sum(SIZES)
LARGE_AND_SMALL = (140, 50, 20, 20, 20, 20, 20)
BROAD = replace(LIMITS, max_concurrency=64, canary=10)
PARTNER = Rule(limit=120, window_seconds=60)
CUSTOMER = Rule(limit=30, window_seconds=60)
WELL = always(OK)
HAIR = 1e-9
"""Sums of floats."""

seeds = pytest.mark.parametrize("seed", [1, 2])


def scattered(seed: int) -> Callable[[], float]:
    """Latencies about their median."""
    chance = random.Random(seed)
    return lambda: LATENCY_SECONDS * math.exp(chance.gauss(0.0, 0.4))


def played(
    *sizes: int,
    partner: Rule = UNLIMITED,
    customer: Rule = UNLIMITED,
    script: Script = WELL,
    wording: Wording = math.ceil,
    limits: Limits = BROAD,
    ledger: MemoryLedger | None = None,
    seed: int = 1,
) -> tuple[Scene, LimitedService]:
    """A run of which every row succeeds, and the service that saw it."""
    service = LimitedService(
        script, latency_seconds=scattered(seed), partner=partner, customer=customer, wording=wording
    )  # fmt: skip
    ledger = ledger or MemoryLedger()
    scene = Scene(service=service, rows=rows(*sizes), limits=limits, ledger=ledger, seed=seed).play()
    assert scene.stop is None
    assert scene.counts == {Outcome.SUCCEEDED: sum(sizes)}
    assert service.most_in_flight <= limits.max_concurrency
    return scene, service


def sent_seconds(service: LimitedService) -> list[float]:
    return sorted(request.at_seconds for request in service.requests)


@seeds
@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        (PARTNER, 20),
        (replace(PARTNER, kind=LimitKind.CLOCK), 20),
        (replace(PARTNER, penalty_seconds=1), 20),
        (replace(PARTNER, limit_least=60), 25),
        (Rule(limit=20, window_seconds=10), 30),
        (replace(PARTNER, kind=LimitKind.SLIDING), 40),
        (Rule(limit=50, kind=LimitKind.BUCKET, window_seconds=10), 35),
    ],
    ids=["window", "clock", "penalty", "range", "short window", "sliding", "bucket"],
)
def test_a_hidden_limit_of_the_partner_costs_little_time_and_few_429s(rule: Rule, refused: int, seed: int) -> None:
    scene, service = played(*SIZES, partner=rule, seed=seed)
    ideal = ideal_seconds(rule, ROWS)
    assert ideal <= scene.took_seconds <= 1.12 * ideal
    assert 1 <= service.refused[Scope.PARTNER] <= refused


@pytest.mark.parametrize(
    ("wording", "longer", "refused"),
    [
        (math.floor, 1.1, 20),
        (lambda seconds: round(seconds, 3), 1.1, 20),
        # Where nothing useful is told, the end of a window is found by asking.
        (lambda _: None, 1.35, 60),
        (lambda _: 0.0, 1.35, 90),
    ],
    ids=["rounded down", "decimal", "none", "zero"],
)
def test_however_a_429_words_the_wait(wording: Wording, longer: float, refused: int) -> None:
    scene, service = played(*SIZES, partner=PARTNER, wording=wording)
    assert scene.took_seconds <= longer * ideal_seconds(PARTNER, ROWS)
    assert service.refused[Scope.PARTNER] <= refused


@seeds
@pytest.mark.parametrize(
    "rule",
    [
        CUSTOMER,
        replace(CUSTOMER, kind=LimitKind.CLOCK),
        replace(CUSTOMER, kind=LimitKind.SLIDING),
        replace(CUSTOMER, penalty_seconds=1),
    ],
    ids=["window", "clock", "sliding", "penalty"],
)
def test_throttled_customers_delay_no_other_and_are_done_at_their_own_best(rule: Rule, seed: int) -> None:
    """Two of the seven have more rows than one window takes. The others have theirs done long before it ends."""
    scene, service = played(*LARGE_AND_SMALL, customer=rule, seed=seed)
    small = range(140 + 50 + 1, sum(LARGE_AND_SMALL) + 1)
    assert max(service.passed_at[row] for row in small) < 12
    assert scene.took_seconds <= 1.1 * ideal_seconds(rule, max(LARGE_AND_SMALL))
    assert 1 <= service.refused[Scope.CUSTOMER] <= 20


@seeds
def test_many_customers_with_buckets_of_their_own(seed: int) -> None:
    """All of them run into their limit, each at another moment."""
    rule = Rule(limit=10, kind=LimitKind.BUCKET, window_seconds=10)
    scene, service = played(*LARGE_AND_SMALL, customer=rule, seed=seed)
    assert scene.took_seconds <= 1.2 * ideal_seconds(rule, max(LARGE_AND_SMALL))
    assert service.refused[Scope.CUSTOMER] <= 10 * len(LARGE_AND_SMALL)


@seeds
def test_a_customer_that_may_send_one_row_a_minute_holds_up_nobody(seed: int) -> None:
    """Its rows take minutes, the others seconds; all customers have the same limit, but one row each."""
    scene, service = played(6, *[1] * 150, customer=Rule(limit=1), seed=seed)
    assert max(service.passed_at[row] for row in range(7, 157)) < 10
    assert 300 <= scene.took_seconds <= 1.15 * 300


@seeds
def test_limits_of_the_partner_and_of_each_customer_at_once(seed: int) -> None:
    sizes, customer = (140, 100, 60, 40, 20, 20, 20), replace(CUSTOMER, limit=50)
    scene, service = played(*sizes, partner=PARTNER, customer=customer, seed=seed)
    ideal = max(ideal_seconds(PARTNER, sum(sizes)), ideal_seconds(customer, max(sizes)))
    assert ideal <= scene.took_seconds <= 1.12 * ideal
    assert service.refused.total() <= 25


@pytest.mark.parametrize("max_concurrency", [1, 2, 5, 64])
@pytest.mark.parametrize(
    "script", [WELL, first(UNAVAILABLE), first(TIMEOUT, WEAK)], ids=["well", "503", "timeout, weak"]
)
def test_never_more_than_max_concurrency_at_once_and_as_many_where_they_are_few(
    max_concurrency: int, script: Script
) -> None:
    limits = replace(BROAD, max_concurrency=max_concurrency)
    _, service = played(60, 40, 20, partner=Rule(limit=150), script=script, limits=limits)
    assert min(max_concurrency, 5) <= service.most_in_flight <= max_concurrency


@pytest.mark.parametrize("per_second", [0.4, 1, 2.5, 3, 7, 10, 40])
@pytest.mark.parametrize("partner", [UNLIMITED, Rule(limit=45, window_seconds=10)], ids=["no limit", "limit"])
def test_over_any_second_no_more_than_max_per_second_and_not_much_fewer(per_second: float, partner: Rule) -> None:
    """From the first request of the canary to the last of the rest, 429s and what follows them too."""
    scene, service = played(50, 30, 20, partner=partner, limits=replace(BROAD, max_per_second=per_second))
    sent = sent_seconds(service)
    keeps_ceiling(sent, per_second)
    ideal = max(len(sent) / per_second, ideal_seconds(partner, 100) if partner.limit else 0.0)
    assert scene.took_seconds <= 1.1 * ideal + 15


@pytest.mark.parametrize("per_second", [1, 2.5, 3, 7, 10])
@pytest.mark.parametrize(
    "script",
    [first(WEAK, WEAK), first(UNAVAILABLE), first(TIMEOUT), first(REFUSED)],
    ids=["weak", "503", "timeout", "not sent"],
)
def test_the_ceiling_holds_for_rows_that_are_sent_again(script: Script, per_second: float) -> None:
    """A row that goes again does not wait for an intent and would overtake one that does."""
    _, service = played(30, 20, 10, script=script, limits=replace(BROAD, max_per_second=per_second))
    keeps_ceiling(sent_seconds(service), per_second)


@seeds
def test_the_ceiling_holds_however_long_each_intent_takes(seed: int) -> None:
    """What was given leave evenly leaves unevenly when the disk is now slow, now fast."""
    chance = random.Random(seed)
    ledger = MemoryLedger(commit_seconds=lambda: chance.uniform(0.0, 0.2))
    scene, service = played(40, 20, script=WELL, limits=replace(BROAD, max_per_second=10), ledger=ledger)
    keeps_ceiling(sent_seconds(service), 10)
    assert scene.took_seconds <= 60 / 10 * 1.1 + 2


def keeps_ceiling(sent: Sequence[float], per_second: float) -> None:
    """After as many as one second may have, the next is a second later; below one a second, every one is that late."""
    many = max(1, math.floor(per_second))
    seconds = max(1.0, 1 / per_second) - HAIR
    assert all(later - sooner >= seconds for sooner, later in zip(sent, sent[many:], strict=False))


@seeds
def test_rows_of_one_lane_go_for_the_first_time_in_their_order_whatever_is_refused(seed: int) -> None:
    """As with `order = "input"`, where all rows are in one lane."""
    _, service = played(300, partner=PARTNER, script=first(UNAVAILABLE), seed=seed)
    began = [service.of(row)[0].at_seconds for row in range(1, 301)]
    assert all(sooner <= later for sooner, later in itertools.pairwise(began))
    assert service.refused[Scope.PARTNER] > 0
