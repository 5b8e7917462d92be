"""What needs a person comes first, and the headline says what came of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting import meanings
from batchreset.core.reporting.headline import headline
from batchreset.core.reporting.rows import Counted, Ending, attempt_bins, groups_for_a_person
from batchreset.errors import ExitCode


def counted(endings: dict[Ending, int]) -> Counted:
    return Counted(endings=endings, attempts={}, customers=(), customer_count=0, others=None, shown={})


def test_the_doubtful_come_before_the_failed_and_of_equals_the_most_first() -> None:
    groups = groups_for_a_person(
        counted(
            {
                (Outcome.SUCCEEDED, None): 900,
                (Outcome.SUCCEEDED, Reason.RECONCILED): 3,
                (Outcome.SUCCEEDED, Reason.DOUBTED): 2,
                (Outcome.NOT_ATTEMPTED, Reason.CANARY): 80,
                (Outcome.FAILED, Reason.FORBIDDEN): 2,
                (Outcome.FAILED, Reason.NOT_FOUND): 7,
                (Outcome.IN_DOUBT, Reason.TIMEOUT): 1,
                (Outcome.SKIPPED, Reason.PROTECTED): 3,
            }
        )
    )
    assert [(group.outcome, group.reason, group.rows) for group in groups] == [
        (Outcome.IN_DOUBT, Reason.TIMEOUT, 1),
        (Outcome.SUCCEEDED, Reason.DOUBTED, 2),
        (Outcome.FAILED, Reason.NOT_FOUND, 7),
        (Outcome.FAILED, Reason.FORBIDDEN, 2),
        (Outcome.NOT_ATTEMPTED, Reason.CANARY, 80),
    ]
    assert all(group.advice for group in groups)


@pytest.mark.parametrize("reason", [Reason.PLANNED, Reason.DRY_RUN])
def test_rows_that_nobody_has_begun_with_are_no_trouble(reason: Reason) -> None:
    assert groups_for_a_person(counted({(Outcome.NOT_ATTEMPTED, reason): 5})) == ()


@given(st.dictionaries(st.integers(0, 500), st.integers(1, 1000), max_size=40))
def test_every_row_is_in_one_bin_of_attempts(attempts: dict[int, int]) -> None:
    bins = attempt_bins(attempts)
    assert sum(one.rows for one in bins) == sum(attempts.values())
    assert all(one.rows for one in bins)


@pytest.mark.parametrize(
    ("state", "endings", "to_reset", "sentence"),
    [
        ("finished", {Outcome.SUCCEEDED: 240}, 240, "All 240 accounts were reset."),
        ("finished", {Outcome.SUCCEEDED: 1}, 1, "The one account was reset."),
        (
            "finished",
            {Outcome.SUCCEEDED: 1_234, Outcome.FAILED: 2, Outcome.IN_DOUBT: 1},
            1_237,
            "1,234 of 1,237 accounts were reset; 1 is in doubt and 2 failed.",
        ),
        ("finished", {Outcome.FAILED: 1}, 1, "0 of 1 accounts were reset; 1 failed."),
        ("finished", {Outcome.SKIPPED: 3}, 0, "No account was reset: all were left out."),
        (
            "stopped",
            {Outcome.SUCCEEDED: 1, Outcome.FAILED: 9, Outcome.NOT_ATTEMPTED: 90},
            100,
            "Stopped before its end: 1 of 100 accounts was reset; 9 failed and 90 were not attempted.",
        ),
        (
            "interrupted",
            {Outcome.SUCCEEDED: 2, Outcome.IN_DOUBT: 2, Outcome.NOT_ATTEMPTED: 1},
            5,
            "Broken off in the middle: 2 of 5 accounts were reset; 2 are in doubt and 1 was not attempted.",
        ),
        (
            "running",
            {Outcome.SUCCEEDED: 50, Outcome.NOT_ATTEMPTED: 50},
            100,
            "Still going on: 50 of 100 accounts were reset; 4 are under way and 46 to go.",
        ),
        ("planned", {Outcome.NOT_ATTEMPTED: 1}, 1, "Planned and not begun: 1 account to be reset."),
        ("dry_run", {Outcome.NOT_ATTEMPTED: 5}, 5, "Dry run, nothing was sent: 5 accounts would be reset."),
    ],
)
def test_one_sentence_says_what_came_of_it(
    state: str, endings: dict[Outcome, int], to_reset: int, sentence: str
) -> None:
    rows = counted({(outcome, None): number for outcome, number in endings.items()})
    under_way = 4 if state == "running" else 0
    assert headline(state, rows, to_reset=to_reset, under_way=under_way) == sentence


def test_a_password_that_records_speak_against_is_not_passed_over() -> None:
    rows = counted({(Outcome.SUCCEEDED, None): 3, (Outcome.SUCCEEDED, Reason.DOUBTED): 1})
    told = "All 4 accounts were reset; 1 of their passwords was perhaps replaced since."
    assert headline("finished", rows, to_reset=4) == told
    rows = counted({(Outcome.SUCCEEDED, Reason.DOUBTED): 2, (Outcome.FAILED, Reason.FORBIDDEN): 1})
    told = "2 of 3 accounts were reset; 1 failed; 2 of their passwords were perhaps replaced since."
    assert headline("finished", rows, to_reset=3) == told


def test_every_outcome_and_exit_code_has_a_meaning() -> None:
    assert set(meanings.OUTCOMES) == set(Outcome)
    assert set(meanings.EXIT_CODES) == set(ExitCode)
