"""Tokens that die in mid-run: every row is tried again with another one, and no more are fetched than are needed."""

import dataclasses
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from engine_world import LIMITS, OK, UNAUTHORIZED, Scene, Service, always, rows, throttled
from kept_log import Log

from batchreset.adapters.signin import GivenToken
from batchreset.adapters.signin.application import Granted
from batchreset.adapters.signin.kept_sign_in import Redeemed
from batchreset.adapters.signin.renewing import RenewingTokens
from batchreset.core.exchange import Exchange
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret

MANY_AT_ONCE = dataclasses.replace(LIMITS, max_concurrency=64, canary=10, max_failure_rate=0.1, check_mfa=True)


class Mortal(Service):
    """A token is refused from its nth request on; every request and every answer takes a time of its own."""

    def __init__(self, requests: int, chance: random.Random, *, straight: bool = False) -> None:
        super().__init__(always(OK), latency_seconds=lambda: chance.lognormvariate(-1.4, 0.6))
        self.lasts = requests
        self._chance = None if straight else chance
        self.used: Counter[str] = Counter()

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        await anyio.sleep(self._chance.lognormvariate(-2.5, 1.2) if self._chance is not None else 0)
        self.used[token.open()] += 1
        refused = self.used[token.open()] > self.lasts
        answer = await super().reset(row, password, request_id=request_id, correlation_id=correlation_id, token=token)
        return UNAUTHORIZED if refused else answer


class SignIn:
    """token-1, token-2 …, through the real source of tokens."""

    def __init__(self) -> None:
        self.number = 0

    def redeem(self, _claims: str | None) -> Redeemed:
        self.number += 1
        token = Secret(f"token-{self.number}")
        granted = Granted(access_token=token, lifetime_seconds=3600, refresh_token=None, user="")
        return Redeemed(granted=granted, source="kept")

    def tokens(self) -> RenewingTokens:
        async def in_thread(redeem: Callable[[str | None], Redeemed], claims: str | None) -> Redeemed:
            await anyio.sleep(0.2)
            return redeem(claims)

        return RenewingTokens(self.redeem, check=lambda _: None, log=Log(), in_thread=in_thread)


def play(service: Mortal, *sizes: int, seed: int, **limits: Any) -> Scene:
    return Scene(
        service=service,
        rows=rows(*sizes),
        limits=dataclasses.replace(MANY_AT_ONCE, **limits),
        tokens=SignIn().tokens(),
        log=Log(),
        seed=seed,
    ).play()


FEW, MANY = (200, 120, 80), (1,) * 400


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("sizes", "lasts", "limits"),
    [
        (FEW, 90, {}),
        (MANY, 90, {}),
        (MANY, 64, {}),
        (FEW, 90, {"max_per_second": 500}),
        (MANY, 90, {"max_per_second": 100}),
        (MANY, 90, {"max_concurrency": 200}),
        (FEW, 90, {"max_concurrency": 200}),
    ],
    ids=[
        "few customers",
        "many",
        "short-lived",
        "ceiling",
        "low ceiling",
        "more at once",
        "more at once, few customers",
    ],
)
def test_all_rows_succeed_however_their_answers_come_in(
    seed: int, sizes: tuple[int, ...], lasts: int, limits: dict[str, Any]
) -> None:
    """Also those refused late, when the next token is already worn out, and those that others overtake."""
    service = Mortal(lasts, random.Random(seed))
    played = play(service, *sizes, seed=seed, **limits)
    assert played.stop is None
    assert played.counts == {Outcome.SUCCEEDED: 400}
    assert len(service.used) <= 400 // lasts + 2


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("sizes", [FEW, MANY], ids=["few customers", "many"])
def test_all_rows_succeed_while_some_are_throttled(seed: int, sizes: tuple[int, ...]) -> None:
    chance = random.Random(seed)
    service = Mortal(90, chance)
    service.script = lambda _row, _number: throttled(2.0) if chance.random() < 0.02 else OK
    played = play(service, *sizes, seed=seed)
    assert played.stop is None
    assert played.counts == {Outcome.SUCCEEDED: 400}


def test_a_row_that_is_refused_for_ever_ends_the_run() -> None:
    """Every token serves the others: after a few of them it is plain that the row is refused, not the token."""
    service = Mortal(10**6, random.Random(1), straight=True)
    service.script = lambda row, _number: UNAUTHORIZED if row.row == 40 else OK
    played = play(service, 200, seed=1, canary=0)
    assert played.stop is not None
    assert played.stop.reason is Reason.UNAUTHORIZED
    assert 2 <= len(service.of(40)) <= 6
    assert 40 not in played.ledger.outcomes


def test_a_service_that_takes_no_token_any_more_ends_the_run_at_the_second_401() -> None:
    service = Mortal(10**6, random.Random(1), straight=True)
    service.script = lambda _row, _number: UNAUTHORIZED if len(service.requests) > 60 else OK
    played = play(service, 200, seed=1, canary=0, max_concurrency=8)
    assert played.stop is not None
    assert max(len(service.of(row)) for row in range(1, 201)) == 2
    assert len(service.used) == 2


@pytest.mark.parametrize("seed", range(3))
def test_a_ceiling_on_requests_a_second_is_kept_by_the_rows_that_go_again(seed: int) -> None:
    service = Mortal(20, random.Random(seed), straight=True)
    played = play(service, 60, 40, seed=seed, max_per_second=10, canary=0)
    assert played.counts == {Outcome.SUCCEEDED: 100}
    moments = [request.at_seconds for request in service.requests]
    busiest = max(sum(at <= other < at + 1 for other in moments) for at in moments)
    assert busiest <= 11  # the one row that had its turn already when the token was refused


def test_a_source_that_has_no_other_token_ends_the_run_at_a_rows_second_401() -> None:
    """A given token that has died: there is nothing to be had by asking again and again."""
    service = Mortal(50, random.Random(1), straight=True)
    given = GivenToken(lambda: Secret("the-only-one"))
    limits = dataclasses.replace(MANY_AT_ONCE, max_concurrency=8)
    played = Scene(service=service, rows=rows(100), limits=limits, tokens=given, seed=1).play()
    assert played.stop is not None
    assert played.stop.reason is Reason.UNAUTHORIZED
    assert max(len(service.of(row)) for row in range(1, 101)) == 2
    assert len(service.requests) <= 50 + 2 * 8
