"""Tokens that die in mid-run: every row is tried again with another one, and no more are fetched than are needed."""

import random
from collections import Counter

import anyio
import pytest
from engine_world import OK, UNAUTHORIZED, Log, Scene, Service, Tokens, always, rows

from batchreset.core.exchange import Exchange
from batchreset.core.outcome import Outcome
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.engine.runner import Limits

LIMITS = Limits(
    max_concurrency=64,
    max_per_second=0,
    max_attempts=8,
    canary=10,
    max_failure_rate=0.1,
    max_failures=0,
    max_duration_seconds=None,
    check_mfa=True,
)


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


class OneRenewalForAll(Tokens):
    """As the sign-in does it: who asks while a renewal is under way waits for that one."""

    def __init__(self) -> None:
        super().__init__(last=1000)
        self._lock = anyio.Lock()
        self._refused = ""

    async def token(self) -> Secret:
        async with self._lock:
            return await super().token()

    async def renew(self, rejected: Secret, *, claims: str | None) -> Secret:
        async with self._lock:
            await anyio.sleep(0.2 if self.is_current(rejected) else 0)
            if self.is_current(rejected):
                self.renewals += 1
                self.number += 1
            return Secret(f"token-{self.number}")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lasts", [64, 90])
@pytest.mark.parametrize("sizes", [(200, 120, *[5] * 16), (1,) * 400], ids=["few customers", "many customers"])
def test_all_rows_succeed_however_their_answers_come_in(seed: int, lasts: int, sizes: tuple[int, ...]) -> None:
    """Also those refused late, when the next token is already worn out, and those that others would overtake."""
    chance = random.Random(seed)
    service = Mortal(lasts, chance)
    played = Scene(
        service=service,
        rows=rows(*sizes),
        limits=LIMITS,
        tokens=OneRenewalForAll(),
        log=Log(),
        seed=seed,
    ).play()
    assert played.stop is None
    assert played.counts == {Outcome.SUCCEEDED: 400}
    assert len(service.used) <= 400 // lasts + 2


@pytest.mark.parametrize("seed", range(10))
def test_a_ceiling_on_requests_a_second_is_kept_by_the_rows_that_go_again(seed: int) -> None:
    service = Mortal(20, random.Random(seed), straight=True)
    limits = Limits(
        max_concurrency=64, max_per_second=10, max_attempts=8, canary=0, max_failure_rate=1.0, max_failures=0,
        max_duration_seconds=None, check_mfa=False,
    )  # fmt: skip
    played = Scene(service=service, rows=rows(60, 40), limits=limits, tokens=OneRenewalForAll(), seed=seed).play()
    assert played.counts == {Outcome.SUCCEEDED: 100}
    moments = [request.at_seconds for request in service.requests]
    busiest = max(sum(at <= other < at + 1 for other in moments) for at in moments)
    assert busiest <= 11  # the one row that had its turn already when the token was refused
