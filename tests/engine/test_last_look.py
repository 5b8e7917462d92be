"""Just before a row is sent it is asked once more whether its account may be reset at all."""

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import pytest
from engine_world import FORBIDDEN, LIMITS, OK, UNAUTHORIZED, WEAK, Scene, Tokens, always, first, scene

from batchreset.core.exchange import Exchange
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.protection import Bounds, Protected
from batchreset.core.records import Ending, KnownRow
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.stop import stop_for
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ExitCode, PlanRefusedError, SignInError

OPERATOR = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
SKIPPED = (Outcome.SKIPPED, Reason.PROTECTED)


def protecting(*users: str, customers: Collection[str] = ()) -> Bounds:
    return Bounds(protected=Protected(users=frozenset(users), customers=frozenset(customers)))


def jwt(**claims: Any) -> Secret:
    payload = base64.urlsafe_b64encode(json.dumps({"scp": "user_impersonation", **claims}).encode()).decode()
    return Secret(f"e30.{payload.rstrip('=')}.c2ln")


@dataclass
class TokensInTurn(Tokens):
    """These, one after the other."""

    given: tuple[Secret, ...] = ()

    async def token(self) -> Secret:
        return self.given[self.number - 1]

    def is_current(self, token: Secret) -> bool:
        return token == self.given[self.number - 1]


@dataclass
class Directory:
    """Finds names, or fails as it is told."""

    users: dict[str, tuple[str, str]] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[tuple[tuple[str, ...], frozenset[str]]] = field(default_factory=list)

    async def find_by_name(self, customers: Collection[str], names: frozenset[str]) -> frozenset[tuple[str, str]]:
        self.asked.append((tuple(customers), names))
        if self.error is not None:
            raise self.error
        return frozenset(self.users[name] for name in names & self.users.keys())


def sent(played: Scene) -> set[int]:
    return {request.row for request in played.service.requests}


@pytest.mark.parametrize(
    ("bounds", "out", "reason"),
    [
        (protecting("user-2", "user-5"), {2, 5}, Reason.PROTECTED),
        (protecting(customers=["customer-0"]), {1, 2, 3}, Reason.PROTECTED),
        (Bounds(customers=frozenset({"customer-0"})), {4, 5, 6}, Reason.INVALID),
    ],
    ids=["users", "a customer", "not among the only customers"],
)
def test_a_row_out_of_bounds_ends_skipped_and_nothing_of_it_is_noted_or_sent(
    bounds: Bounds, out: set[int], reason: Reason
) -> None:
    played = scene(always(OK), 3, 3, bounds=bounds).play()
    rows = set(range(1, 7))
    assert sent(played) == {intent.row for intent in played.ledger.intents} == rows - out
    left = {ending.row: ending for ending in played.ledger.endings if ending.row in out}
    assert {(e.outcome, e.reason, e.generation, e.attempts, e.first_sent_at) for e in left.values()} == {
        (Outcome.SKIPPED, reason, 0, 0, None)
    }
    assert left.keys() == out
    assert played.progress.done == 6
    assert played.stop is None


def test_when_nothing_is_left_nothing_is_sent_not_even_the_preflight() -> None:
    played = scene(
        always(OK), 2, bounds=protecting(customers=["customer-0"]), limits=replace(LIMITS, check_mfa=True)
    ).play()
    assert (played.service.looks, played.service.requests) == (0, [])
    assert played.ledger.outcomes == {1: SKIPPED, 2: SKIPPED}


def test_rows_left_out_are_neither_success_nor_failure_and_the_canary_is_of_rows_that_are_sent() -> None:
    """Half of the rows are protected, the first ten too: ten others are the canary, and bear one failure."""

    def play(failing: int) -> Scene:
        def script(row: PlannedRow, _number: int) -> Exchange:
            return FORBIDDEN if row.row <= 50 + failing else OK

        bounds = protecting(*(f"user-{row}" for row in range(1, 51)))
        return scene(script, 100, bounds=bounds, limits=replace(LIMITS, canary=10, max_failure_rate=0.1)).play()

    passed = play(1)
    assert passed.stop is None
    assert len(passed.service.requests) == 50
    stopped = play(2)
    assert stopped.stop is not None
    assert stopped.stop.reason is Reason.CANARY
    assert sent(stopped) <= set(range(51, 61))


@pytest.mark.parametrize(
    ("known", "ending"),
    [
        (KnownRow(generations=1), (Outcome.SKIPPED, 1, 0)),
        (KnownRow(generations=2, exchanges=3), (Outcome.FAILED, 2, 3)),
        (KnownRow(generations=2, exchanges=3, unclear=True), (Outcome.IN_DOUBT, 2, 3)),
        (KnownRow(generations=1, exchanges=0, unclear=True), (Outcome.IN_DOUBT, 1, 0)),
        (KnownRow(generations=1, exchanges=2, unclear=True, outcome=Outcome.IN_DOUBT), None),
        (KnownRow(generations=1, exchanges=1, outcome=Outcome.FAILED), None),
    ],
    ids=["noted, never sent", "only refused", "unclear", "cut off by a kill", "settled in doubt", "settled as failed"],
)
def test_a_row_that_an_earlier_session_touched_keeps_what_is_known_of_it(
    known: KnownRow, ending: tuple[Outcome, int, int] | None
) -> None:
    played = scene(always(OK), 2, bounds=protecting("user-1"), known={1: known}).play()
    assert sent(played) == {2}
    assert [intent.row for intent in played.ledger.intents] == [2]
    told: list[Ending] = [e for e in played.ledger.endings if e.row == 1]
    if ending is None:
        assert told == []
    else:
        assert [(e.outcome, e.generation, e.attempts, e.reason) for e in told] == [(*ending, Reason.PROTECTED)]
    assert played.progress.done == 2


def test_the_operators_own_account_is_never_reset() -> None:
    played = scene(always(OK), 3, tokens=TokensInTurn(given=(jwt(oid=OPERATOR.upper()),)))
    played.rows.waiting["customer-0"][1] = replace(played.rows.waiting["customer-0"][1], user_id=OPERATOR)
    played.play()
    assert played.ledger.outcomes[2] == SKIPPED
    assert sent(played) == {1, 3}
    assert ("operator.protected", {"user_id": OPERATOR}) in played.log.events


def test_an_operator_of_whom_only_the_name_is_known_is_looked_up_and_compared_with_the_input() -> None:
    asked: list[frozenset[str]] = []

    def users_named(names: frozenset[str]) -> frozenset[str]:
        asked.append(names)
        return frozenset({"user-3"})

    tokens = TokensInTurn(given=(jwt(upn="Op@Partner.example"),))
    directory = Directory({"op@partner.example": ("customer-0", "user-2")})
    played = scene(always(OK), 3, tokens=tokens, users_named=users_named, names=directory).play()
    assert asked == [frozenset({"op@partner.example"})]
    assert directory.asked == [(("customer-0",), frozenset({"op@partner.example"}))]
    assert played.ledger.outcomes[2] == played.ledger.outcomes[3] == SKIPPED
    assert sent(played) == {1}


def test_of_a_token_that_says_nothing_the_log_says_so_and_nothing_of_the_token() -> None:
    played = scene(always(OK), 3).play()
    assert ("operator.unknown", {}) in played.log.events
    assert sent(played) == {1, 2, 3}
    assert "token-1" not in str(played.log.events)


def test_a_token_of_somebody_else_in_mid_run_protects_that_one_too() -> None:
    """The first token dies at once; the file that gave it holds another operator's by then."""

    def script(_row: PlannedRow, _number: int) -> Exchange:
        return UNAUTHORIZED if played.service.requests[-1].token == first_token.open() else OK

    first_token = jwt(upn="a@partner.example")
    tokens = TokensInTurn(last=2, given=(first_token, jwt(oid=OPERATOR)))
    played = scene(script, 5, tokens=tokens, limits=replace(LIMITS, max_concurrency=1), names=Directory())
    played.rows.waiting["customer-0"][4] = replace(played.rows.waiting["customer-0"][4], user_id=OPERATOR)
    played.play()
    assert played.ledger.outcomes[5] == SKIPPED
    assert {intent.row for intent in played.ledger.intents} == {1, 2, 3, 4}
    assert played.counts == {Outcome.SUCCEEDED: 4, Outcome.SKIPPED: 1}
    assert played.progress.done == 5


def test_a_weak_password_is_not_replaced_when_the_account_is_protected_by_then() -> None:
    """Sent and surely refused: failed, with the generation that was refused."""
    tokens = TokensInTurn(last=2, given=(jwt(upn="a@partner.example"), jwt(oid=OPERATOR)))

    def script(row: PlannedRow, number: int) -> Exchange:
        tokens.number = 2
        return first(WEAK)(row, number)

    played = scene(script, 1, tokens=tokens, names=Directory())
    played.rows.waiting["customer-0"][0] = replace(played.rows.waiting["customer-0"][0], user_id=OPERATOR)
    played.play()
    assert len(played.service.requests) == len(played.ledger.intents) == 1
    assert [(e.outcome, e.reason, e.generation, e.attempts) for e in played.ledger.endings] == [
        (Outcome.FAILED, Reason.PROTECTED, 1, 1)
    ]


def test_names_are_looked_up_once_before_the_first_row() -> None:
    directory = Directory({"glass@contoso.example": ("customer-1", "user-4")})
    names = frozenset({"glass@contoso.example", "nobody@contoso.example"})
    played = scene(always(OK), 3, 3, protected_names=names, names=directory).play()
    assert directory.asked == [(("customer-0", "customer-1"), names)]
    assert played.ledger.outcomes[4] == SKIPPED
    assert sent(played) == {1, 2, 3, 5, 6}


def test_whoever_is_found_by_name_or_is_the_operator_is_no_canary() -> None:
    """Nor does the canary shrink by them: it is of rows that are sent."""
    limits = replace(LIMITS, canary=1, max_failure_rate=0.0, max_concurrency=1)
    directory = Directory({"glass@contoso.example": ("customer-0", "user-1")})
    tokens = TokensInTurn(given=(jwt(oid=OPERATOR),))
    played = scene(
        always(FORBIDDEN), 20, limits=limits, tokens=tokens, names=directory, protected_names=frozenset(directory.users)
    )
    played.rows.waiting["customer-0"][1] = replace(played.rows.waiting["customer-0"][1], user_id=OPERATOR)
    played.play()
    assert played.stop is not None
    assert played.stop.reason is Reason.CANARY
    assert played.counts == {Outcome.SKIPPED: 2, Outcome.FAILED: 1}
    assert sent(played) == {3}


@pytest.mark.parametrize(
    ("names", "reason", "code"),
    [
        (Directory(error=PlanRefusedError("403", next_step="x")), Reason.PROTECTED, ExitCode.REFUSED),
        (Directory(error=SignInError("401", next_step="x")), Reason.UNAUTHORIZED, ExitCode.SIGN_IN),
    ],
    ids=["it cannot be told", "refused token"],
)
def test_where_names_cannot_be_looked_up_nothing_is_sent(names: Directory, reason: Reason, code: ExitCode) -> None:
    played = scene(always(OK), 3, protected_names=frozenset({"a@b.example"}), names=names).play()
    assert played.stop is not None
    assert (played.stop.reason, played.stop.exit_code) == (reason, code)
    assert (played.service.requests, played.ledger.intents, played.ledger.endings) == ([], [], [])


def test_a_stop_ends_the_looking_up_of_names() -> None:
    class Endless(Directory):
        async def find_by_name(self, customers: Collection[str], names: frozenset[str]) -> frozenset[tuple[str, str]]:
            await anyio.sleep_forever()
            return frozenset()

    async def interrupt(stop: StopSwitch) -> None:
        await anyio.sleep(5)
        stop.request(stop_for(Reason.INTERRUPTED, "SIGTERM", exit_code=ExitCode.TERMINATED))

    played = scene(always(OK), 3, protected_names=frozenset({"a@b.c"}), names=Endless(), during=interrupt).play()
    assert played.stop is not None
    assert played.stop.exit_code is ExitCode.TERMINATED
    assert played.service.requests == []


def test_who_is_protected_later_takes_nothing_from_the_bounds_that_were() -> None:
    """The only customers that may appear stay the only ones when the operator is known."""
    bounds = Bounds(customers=frozenset({"customer-0"}))
    tokens = TokensInTurn(given=(jwt(oid=OPERATOR, upn="op@partner.example"),))
    named = scene(
        always(OK), 2, 2, bounds=bounds, tokens=tokens, users_named=lambda names: frozenset({"user-2"} if names else ())
    )
    named.rows.waiting["customer-0"][0] = replace(named.rows.waiting["customer-0"][0], user_id=OPERATOR)
    named.play()
    assert sent(named) == set()
    assert named.counts == {Outcome.SKIPPED: 4}
