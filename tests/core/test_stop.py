"""Why a run ended early, and what it exits with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.stop import CONTINUE, STOPPED_BY_SAFETY, Stop, exit_code_of, stop_for
from batchreset.errors import ExitCode


@pytest.mark.parametrize(
    ("reason", "exit_code"),
    [
        (Reason.CANARY, 4),
        (Reason.FAILURE_RATE, 4),
        (Reason.MAX_FAILURES, 4),
        (Reason.MAX_DURATION, 4),
        (Reason.UNAUTHORIZED, 5),
        (Reason.MFA_REQUIRED, 5),
        (Reason.UNREACHABLE, 2),
        (Reason.PROTECTED, 2),
        (Reason.LEDGER, 1),
        (Reason.INTERRUPTED, 130),
    ],
    ids=str,
)
def test_a_stop_has_its_reasons_exit_code(reason: Reason, exit_code: int) -> None:
    assert stop_for(reason, "what") == Stop(
        reason=reason, what="what", next_step=CONTINUE, exit_code=ExitCode(exit_code)
    )
    assert (reason in STOPPED_BY_SAFETY) == (exit_code == 4)


def test_a_stop_may_be_told_its_exit_code_and_next_step() -> None:
    stop = stop_for(Reason.INTERRUPTED, "SIGTERM", next_step="wait", exit_code=ExitCode.TERMINATED)

    assert (stop.exit_code, stop.next_step) == (143, "wait")


def test_the_usual_next_step_is_to_apply_again() -> None:
    assert CONTINUE == "continue the run with `batchreset apply`"


@pytest.mark.parametrize(
    ("outcomes", "reason", "rows_left", "exit_code"),
    [
        pytest.param({}, None, 0, 0, id="nothing-to-do"),
        pytest.param({Outcome.SUCCEEDED: 3, Outcome.SKIPPED: 1}, None, 0, 0, id="all-reset"),
        pytest.param({Outcome.SUCCEEDED: 3, Outcome.FAILED: 1}, None, 0, 3, id="one-failed"),
        pytest.param({Outcome.IN_DOUBT: 1}, None, 0, 3, id="one-in-doubt"),
        pytest.param({Outcome.FAILED: 0, Outcome.IN_DOUBT: 0}, None, 0, 0, id="none-failed"),
        pytest.param({Outcome.NOT_ATTEMPTED: 5}, None, 5, 0, id="dry-run"),
        pytest.param({Outcome.FAILED: 2}, Reason.CANARY, 1, 4, id="canary"),
        pytest.param({Outcome.SUCCEEDED: 2}, Reason.UNAUTHORIZED, 1, 5, id="sign-in"),
        pytest.param({Outcome.FAILED: 1}, Reason.INTERRUPTED, 1, 130, id="interrupted"),
        pytest.param({Outcome.SUCCEEDED: 2}, Reason.INTERRUPTED, 0, 0, id="a-signal-too-late-all-reset"),
        pytest.param({Outcome.IN_DOUBT: 2}, Reason.INTERRUPTED, 0, 3, id="a-signal-too-late-some-in-doubt"),
    ],
)
def test_what_a_run_exits_with(
    outcomes: dict[Outcome, int], reason: Reason | None, rows_left: int, exit_code: int
) -> None:
    stop = stop_for(reason, "what") if reason else None

    assert exit_code_of(outcomes, stop, rows_left=rows_left) == exit_code


@given(outcomes=st.dictionaries(st.sampled_from(Outcome), st.integers(0, 5)))
def test_zero_means_that_no_row_failed_or_is_in_doubt(outcomes: dict[Outcome, int]) -> None:
    bad = outcomes.get(Outcome.FAILED, 0) + outcomes.get(Outcome.IN_DOUBT, 0)

    assert (exit_code_of(outcomes, None, rows_left=0) is ExitCode.OK) == (bad == 0)
