"""How a row ends, in words."""

from dataclasses import replace

import pytest

from batchreset.core.classify import Verdict
from batchreset.core.outcome import Outcome, Reason, advice
from batchreset.core.retry import RETRY_TABLE, End, History, Retry, after, decide

SKIPPED = {(Outcome.SKIPPED, reason) for reason in (Reason.PROTECTED, Reason.DUPLICATE, Reason.INVALID)}
STOPS = {
    Reason.CANARY, Reason.FAILURE_RATE, Reason.MAX_FAILURES, Reason.MAX_DURATION, Reason.UNREACHABLE, Reason.LEDGER,
    Reason.INTERRUPTED, Reason.UNAUTHORIZED, Reason.MFA_REQUIRED,
}  # fmt: skip
UNSENT = {(Outcome.NOT_ATTEMPTED, reason) for reason in STOPS | {Reason.DRY_RUN, Reason.PLANNED, Reason.PROTECTED}}
LEFT_OUT = {(Outcome.FAILED, Reason.PROTECTED), (Outcome.IN_DOUBT, Reason.PROTECTED)}
"""Sent by an earlier session; protected by now."""
CUT_OFF = {
    *((outcome, reason) for outcome in (Outcome.FAILED, Outcome.IN_DOUBT) for reason in STOPS),
    *((Outcome.IN_DOUBT, rule.reason) for rule in RETRY_TABLE.values()),
    *((Outcome.FAILED, rule.reason) for rule in RETRY_TABLE.values() if not rule.unclear),
}
"""Rows that were under way, or waited for their next turn, when the run stopped: by the stop or their last exchange."""


def endings() -> set[tuple[Outcome, Reason | None]]:
    """Every way in which the retry table can end a row; half an hour between two exchanges."""
    found: set[tuple[Outcome, Reason | None]] = set()
    seen: set[History] = set()
    left = [History()]
    while left:
        history = left.pop()
        if history in seen:
            continue
        seen.add(history)
        for verdict in Verdict:
            match decide(history, verdict, now_seconds=0.0, max_attempts=2):
                case End(outcome=outcome, reason=reason):
                    found.add((outcome, reason))
                case Retry():
                    left.append(_half_an_hour_later(after(history, verdict, now_seconds=0.0)))
                case _:
                    pass
    return found


def _half_an_hour_later(history: History) -> History:
    """With now as 0, and without the number of exchanges, which decides nothing: there are only some hundred such."""
    since = history.throttled_since_seconds
    return replace(history, exchanges=0, throttled_since_seconds=None if since is None else since - 1800.0)


ENDED = endings()
WITH_ADVICE = (ENDED - {(Outcome.SUCCEEDED, None)}) | SKIPPED | UNSENT | CUT_OFF | LEFT_OUT


def test_failed_rows_were_refused_throttled_or_never_sent() -> None:
    assert {reason for outcome, reason in ENDED if outcome is Outcome.FAILED} == {
        Reason.NOT_FOUND,
        Reason.FORBIDDEN,
        Reason.BAD_REQUEST,
        Reason.CONFLICT,
        Reason.REDIRECTED,
        Reason.THROTTLED,
        Reason.CONNECTION,
    }


def test_the_table_ends_rows_in_three_ways() -> None:
    assert {outcome for outcome, _ in ENDED} == {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.IN_DOUBT}


@pytest.mark.parametrize(("outcome", "reason"), sorted(WITH_ADVICE, key=str), ids=str)
def test_an_ending_that_leaves_something_to_do_says_what(outcome: Outcome, reason: Reason) -> None:
    said = advice(outcome, reason)

    assert said.endswith(".")
    assert said[0].isupper()
    assert "\n" not in said


@pytest.mark.parametrize("reason", [None, *(reason for reason in Reason if reason is not Reason.DOUBTED)])
def test_success_asks_for_nothing(reason: Reason | None) -> None:
    assert advice(Outcome.SUCCEEDED, reason) == ""


@pytest.mark.parametrize("outcome", Outcome)
def test_without_a_reason_nothing_is_said(outcome: Outcome) -> None:
    assert advice(outcome, None) == ""


@pytest.mark.parametrize("reason", Reason)
def test_a_row_in_doubt_has_one_advice_whatever_the_reason(reason: Reason) -> None:
    said = advice(Outcome.IN_DOUBT, reason)

    assert said.startswith("The password may have been changed; ")
    assert "possible" in said


@pytest.mark.parametrize(
    ("outcome", "reason", "words"),
    [
        pytest.param(Outcome.SKIPPED, Reason.PROTECTED, "protected list", id="protected"),
        pytest.param(Outcome.SKIPPED, Reason.DUPLICATE, "earlier in the input", id="duplicate"),
        pytest.param(Outcome.SKIPPED, Reason.INVALID, "Correct this row", id="invalid"),
        pytest.param(Outcome.FAILED, Reason.NOT_FOUND, "still exists", id="not-found"),
        pytest.param(Outcome.FAILED, Reason.FORBIDDEN, "(GDAP) with this customer: User", id="forbidden"),
        pytest.param(Outcome.FAILED, Reason.BAD_REQUEST, "error code", id="bad-request"),
        pytest.param(Outcome.FAILED, Reason.CONFLICT, "conflict", id="conflict"),
        pytest.param(Outcome.FAILED, Reason.REDIRECTED, "base_url", id="redirected"),
        pytest.param(Outcome.FAILED, Reason.THROTTLED, "--retry-failed", id="throttled"),
        pytest.param(Outcome.FAILED, Reason.CONNECTION, "Nothing was sent", id="connection"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.PROTECTED, "could not be told", id="protected-unknown"),
        pytest.param(Outcome.IN_DOUBT, Reason.PROTECTED, "sets no new one", id="protected-in-doubt"),
        pytest.param(Outcome.IN_DOUBT, Reason.TIMEOUT, "apply` to set a new one.", id="in-doubt"),
        pytest.param(Outcome.FAILED, Reason.RECONCILED, "--retry-failed", id="reconciled"),
        pytest.param(Outcome.SUCCEEDED, Reason.DOUBTED, "look at the user, or reset it again", id="doubted"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.UNAUTHORIZED, "Sign in again", id="unauthorized"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.MFA_REQUIRED, "multi-factor", id="mfa"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.UNREACHABLE, "to the service, or to the cluster", id="unreachable"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.LEDGER, "disk", id="ledger"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.CANARY, "first rows", id="canary"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.FAILURE_RATE, "so many rows", id="failure-rate"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.MAX_FAILURES, "failures", id="max-failures"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.MAX_DURATION, "when there is time", id="max-duration"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.INTERRUPTED, "Continue with", id="interrupted"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.DRY_RUN, "carries the plan out", id="dry-run"),
        pytest.param(Outcome.NOT_ATTEMPTED, Reason.PLANNED, "Nothing was sent yet", id="planned"),
    ],
)
def test_the_advice_fits_the_reason(outcome: Outcome, reason: Reason, words: str) -> None:
    assert words in advice(outcome, reason)


def test_advice_on_a_failure_is_not_given_to_a_row_that_did_not_fail() -> None:
    assert advice(Outcome.NOT_ATTEMPTED, Reason.THROTTLED) == ""


def test_the_words_of_the_results_file_are_these() -> None:
    assert [outcome.value for outcome in Outcome] == ["succeeded", "failed", "in_doubt", "skipped", "not_attempted"]
    assert {reason.value for reason in Reason} == {reason.name.lower() for reason in Reason}
    assert {reason.value for reason in Reason} >= {
        "protected", "duplicate", "invalid", "not_found", "forbidden", "bad_request", "conflict", "throttled",
        "server_error", "timeout", "connection", "unauthorized", "mfa_required", "canary", "failure_rate",
        "interrupted", "dry_run",
    }  # fmt: skip
