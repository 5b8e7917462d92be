"""What ends a run early: nothing new is sent, what is under way is awaited, and every row keeps what is known of it."""

from collections import Counter
from dataclasses import replace

import anyio
import pytest
from engine_world import (
    CLOSED,
    FORBIDDEN,
    LIMITS,
    NO_MFA,
    OK,
    REFUSED,
    UNAUTHORIZED,
    UNAVAILABLE,
    MemoryLedger,
    Scene,
    Tokens,
    always,
    first,
    scene,
)

from batchreset.core.exchange import Answered, Exchange, NotSent, NotSentKind
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.stop import stop_for
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ExitCode

GUARDED = replace(LIMITS, canary=10, max_failure_rate=0.1)


def reason_of(played: Scene) -> Reason | None:
    return played.stop.reason if played.stop else None


async def interrupt_after_a_second(stop: StopSwitch) -> None:
    await anyio.sleep(1.1)
    stop.request(stop_for(Reason.INTERRUPTED, "SIGTERM", exit_code=ExitCode.TERMINATED))


def test_what_is_under_way_is_awaited_and_nothing_new_is_sent() -> None:
    played = scene(always(OK), 100, during=interrupt_after_a_second).play()
    assert reason_of(played) is Reason.INTERRUPTED
    assert max(request.at_seconds for request in played.service.requests) <= 1.1
    assert played.service.in_flight == 0
    assert len(played.ledger.endings) == len(played.service.requests) == played.progress.done


def test_a_row_in_backoff_does_not_hold_the_end_up_and_has_no_outcome() -> None:
    played = scene(always(UNAVAILABLE), 1, limits=LIMITS, during=interrupt_after_a_second).play()
    assert played.took_seconds < 2
    assert played.ledger.endings == []
    assert all(attempt.unclear for attempt in played.ledger.attempts)


def test_after_thirty_seconds_an_exchange_under_way_is_given_up_and_recorded_as_unclear() -> None:
    played = scene(always(OK), 5, latency_seconds=lambda: 1000.0, during=interrupt_after_a_second).play()
    assert 31 <= played.took_seconds < 32
    assert [(a.unclear, a.http_status) for a in played.ledger.attempts] == [(True, None)] * 5
    assert played.ledger.endings == []


def test_a_second_signal_does_not_wait() -> None:
    async def impatient(stop: StopSwitch) -> None:
        await interrupt_after_a_second(stop)
        await anyio.sleep(1)
        stop.hurry()

    played = scene(always(OK), 5, latency_seconds=lambda: 1000.0, during=impatient).play()
    assert played.took_seconds < 3
    assert len(played.ledger.attempts) == 5


def test_a_failing_canary_stops_before_the_rest() -> None:
    played = scene(always(FORBIDDEN), 300, 300, limits=GUARDED).play()
    assert reason_of(played) is Reason.CANARY
    assert len(played.service.requests) <= 10


@pytest.mark.parametrize(("failing", "stopped"), [(1, False), (2, True)])
def test_the_canary_bears_exactly_its_share(failing: int, *, stopped: bool) -> None:
    def script(row: object, _number: int) -> Exchange:
        return FORBIDDEN if row.row <= failing else OK  # type: ignore[attr-defined]

    played = scene(script, 100, limits=GUARDED).play()
    assert (reason_of(played) is Reason.CANARY) is stopped
    assert len(played.service.requests) <= 10 if stopped else len(played.service.requests) == 100


def test_nothing_of_the_rest_is_sent_before_the_canary_is_through() -> None:
    played = scene(first(UNAVAILABLE), 100, limits=GUARDED).play()
    done = played.ledger.endings[9].completed_at
    canary = {ending.row for ending in played.ledger.endings[:10]}
    assert {attempt.row for attempt in played.ledger.attempts if attempt.sent_at < done} == canary


def test_a_rising_failure_rate_stops() -> None:
    def script(row: object, _number: int) -> Exchange:
        return FORBIDDEN if row.row > 300 else OK  # type: ignore[attr-defined]

    played = scene(script, 1000, limits=GUARDED).play()
    assert reason_of(played) is Reason.FAILURE_RATE
    assert played.counts[Outcome.FAILED] <= 21 + LIMITS.max_concurrency


def test_max_failures_stops_beyond_the_number() -> None:
    played = scene(always(FORBIDDEN), 100, limits=replace(LIMITS, max_failures=5, max_concurrency=1)).play()
    assert reason_of(played) is Reason.MAX_FAILURES
    assert played.counts == {Outcome.FAILED: 6}


def test_max_duration_stops() -> None:
    played = scene(always(OK), 1000, limits=replace(LIMITS, max_duration_seconds=10)).play()
    assert reason_of(played) is Reason.MAX_DURATION
    assert 10 <= played.took_seconds < 11


def test_a_full_disk_stops_and_no_row_is_sent_without_its_intent() -> None:
    """The service of these tests refuses a password whose intent is not durable."""
    played = scene(always(OK), 100, ledger=MemoryLedger(fails_after_intents=20)).play()
    assert reason_of(played) is Reason.LEDGER
    assert len(played.service.requests) == 20


def test_a_token_is_renewed_once_for_all_rows() -> None:
    def script(_row: object, _number: int) -> Exchange:
        return UNAUTHORIZED if played.service.requests[-1].token == "token-1" else OK

    tokens = Tokens(last=2)
    played = scene(script, 50, tokens=tokens)
    played.play()
    assert played.counts == {Outcome.SUCCEEDED: 50}
    assert tokens.renewals == 1


def test_a_second_401_stops_and_burns_nothing() -> None:
    played = scene(always(UNAUTHORIZED), 50, tokens=Tokens(last=2)).play()
    assert reason_of(played) is Reason.UNAUTHORIZED
    assert played.stop is not None
    assert played.stop.exit_code is ExitCode.SIGN_IN
    assert played.ledger.endings == []


def test_missing_mfa_in_mid_run_stops_at_once() -> None:
    played = scene(first(NO_MFA), 50).play()
    assert reason_of(played) is Reason.MFA_REQUIRED
    assert len(played.service.requests) <= LIMITS.max_concurrency
    assert played.ledger.endings == []


CHECKED = replace(LIMITS, check_mfa=True)


@pytest.mark.parametrize(
    ("looked", "reason"),
    [
        ([Answered(status=200, mfa_compliant=False)], Reason.MFA_REQUIRED),
        ([NO_MFA], Reason.MFA_REQUIRED),
        ([UNAUTHORIZED], Reason.UNAUTHORIZED),
        ([REFUSED], Reason.UNREACHABLE),
        ([CLOSED], Reason.UNREACHABLE),
        ([NotSent(kind=NotSentKind.TLS, detail="not trusted")], Reason.UNREACHABLE),
    ],
    ids=["no-mfa-by-header", "no-mfa-by-code", "refused-token", "unreachable", "closed", "tls"],
)
def test_the_preflight_stops_before_anything_is_sent(looked: list[Exchange], reason: Reason) -> None:
    played = scene(always(OK), 50, limits=CHECKED, looked=looked, tokens=Tokens(last=2)).play()
    assert reason_of(played) is reason
    assert played.service.requests == []
    assert played.ledger.intents == []


@pytest.mark.parametrize(
    "looked",
    [
        [OK],
        [Answered(status=200, mfa_compliant=True)],
        [Answered(status=404)],
        [Answered(status=403, error_code="2032")],
        [UNAVAILABLE],
        [REFUSED, OK],
        [UNAUTHORIZED, OK],
    ],
    ids=["ok", "mfa", "404", "403", "503", "once-refused", "once-unauthorized"],
)
def test_the_preflight_lets_a_run_begin(looked: list[Exchange]) -> None:
    played = scene(always(OK), 5, limits=CHECKED, looked=looked, tokens=Tokens(last=2)).play()
    assert played.counts == {Outcome.SUCCEEDED: 5}


def test_a_signal_during_the_preflight_ends_it() -> None:
    played = scene(always(OK), 5, limits=CHECKED, looked=[REFUSED], during=interrupt_after_a_second).play()
    assert reason_of(played) is Reason.INTERRUPTED
    assert played.took_seconds < 1.2


def test_a_ceiling_holds_over_any_second_also_between_waves() -> None:
    played = scene(always(OK), 60, limits=replace(GUARDED, max_per_second=7)).play()
    times = sorted(request.at_seconds for request in played.service.requests)
    assert all(later - sooner >= 1 - 1e-9 for sooner, later in zip(times, times[7:], strict=False))


@pytest.mark.parametrize(
    ("readable", "sent"), [pytest.param(0, 0, id="at the first look"), pytest.param(4, 3, id="while others go")]
)
def test_a_row_that_cannot_be_read_stops_the_run_and_cuts_no_other_off(readable: int, sent: int) -> None:
    """The fourth is handed out when the first has ended, and waits; the fifth cannot be read."""
    played = scene(always(OK), 9, limits=replace(LIMITS, max_concurrency=3))
    played.rows.unreadable = readable
    played.play()

    assert played.stop == stop_for(
        Reason.INTERRUPTED, "the row cannot be read", next_step="look at the disk", exit_code=ExitCode.UNEXPECTED
    )
    assert (len(played.service.requests), played.counts) == (sent, Counter({Outcome.SUCCEEDED: sent} if sent else {}))
    assert played.service.in_flight == 0
