"""What is known of a row whose session did not come to give it an outcome."""

from pathlib import Path

import pytest
from ledger_records import (
    NOON,
    attempt,
    ending,
    intent,
    left_out,
    reading,
    session,
    standings,
    throttled,
    timed_out,
)

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def killed(path: Path, *records: Record) -> None:
    """A session that wrote these and then was no more."""
    with session(path) as store:
        store.write_group(records)


def ended(path: Path, *records: Record) -> None:
    """A session that wrote these and ended in order."""
    with session(path) as store:
        store.write_group(records)
        store.end_session(NOON, stop_reason="interrupted", exit_code=130)


def unclear(path: Path) -> set[tuple[int, int]]:
    with reading(path) as reader:
        return reader.unclear()


REFUSED = ending(1, outcome=Outcome.FAILED, reason=Reason.FORBIDDEN)
WEAK = attempt(1, verdict="weak_password", http_status=400, error_code="3000")


def test_a_killed_session_leaves_its_open_rows_in_doubt(path: Path) -> None:
    killed(path, intent(1), intent(2), throttled(2), intent(3), attempt(3), ending(3))

    assert standings(path) == {1: "in_doubt", 2: "in_doubt", 3: "succeeded"}
    assert unclear(path) == {(1, 1), (2, 1)}
    with reading(path) as reader:
        assert reader.unfinished(Reason.INTERRUPTED) == {(Outcome.IN_DOUBT, Reason.INTERRUPTED): 2}
        assert [reader.known()[row].unclear for row in (1, 2)] == [True, True]


def test_a_session_that_ended_in_order_leaves_no_doubt_of_its_own(path: Path) -> None:
    """Noted and never sent is not attempted; answered with nothing but refusals is surely not changed."""
    ended(path, intent(1), intent(2), throttled(2, 1), throttled(2, 2), intent(3), timed_out(3), throttled(3, 2))

    assert standings(path) == {1: "not_attempted", 2: "failed", 3: "in_doubt"}
    assert unclear(path) == {(3, 1)}
    with reading(path) as reader:
        assert reader.unfinished(Reason.CANARY) == {
            (Outcome.FAILED, Reason.THROTTLED): 1,
            (Outcome.IN_DOUBT, Reason.CANARY): 1,
        }
        assert reader.results_between(1, 1, unfinished=Reason.MAX_DURATION) == [
            (1, "not_attempted", "max_duration", None, None, None, None, None, 0, None, None)
        ]


def test_a_password_that_was_refused_as_weak_is_not_in_doubt(path: Path) -> None:
    """The session went on to another one, so that it had the answer about the first."""
    killed(path, intent(1), WEAK, intent(1, 2))

    assert unclear(path) == {(1, 2)}
    assert standings(path) == {1: "in_doubt"}


def test_a_later_session_does_not_settle_what_a_killed_one_left_open(path: Path) -> None:
    killed(path, intent(1))
    ended(path, intent(1, 2), throttled(1, generation=2))

    assert unclear(path) == {(1, 1)}
    assert standings(path) == {1: "in_doubt"}


def test_a_row_taken_up_again_is_open_from_its_new_intent_on(path: Path) -> None:
    ended(path, intent(1), attempt(1, http_status=403, verdict="forbidden"), REFUSED)
    assert standings(path) == {1: "failed"}

    killed(path, intent(1, 2))

    assert standings(path) == {1: "in_doubt"}
    with reading(path) as reader:
        assert list(reader.settled()) == []
        assert reader.totals() == {}
        assert reader.unclear() == {(1, 2)}


def test_a_row_that_succeeds_at_last_is_settled_whatever_was_before(path: Path) -> None:
    killed(path, intent(1), timed_out(1))
    ended(path, intent(1, 2), attempt(1, 2, generation=2), ending(1, 2, attempts=2))

    assert standings(path) == {1: "succeeded"}
    assert unclear(path) == {(1, 1)}
    with reading(path) as reader:
        assert reader.known() == {}
        assert reader.unfinished(Reason.INTERRUPTED) == {}


def test_a_row_that_is_left_out_after_a_kill_keeps_its_doubt(path: Path) -> None:
    """Its account is protected by now; whether its password was changed is as unknown as before."""
    killed(path, intent(1))
    ended(path, left_out(1, 1, outcome=Outcome.IN_DOUBT))

    assert standings(path) == {1: "in_doubt"}
    assert unclear(path) == {(1, 1)}
    with reading(path) as reader:
        assert list(reader.settled()) == [(Outcome.IN_DOUBT, Reason.PROTECTED, [1])]
        assert reader.unfinished(Reason.INTERRUPTED) == {}


def test_a_row_that_was_left_out_before_it_was_noted_was_never_sent_and_counts_as_ended(path: Path) -> None:
    ended(path, left_out(1), intent(2), attempt(2), ending(2))

    assert standings(path) == {1: "skipped", 2: "succeeded"}
    with reading(path) as reader:
        first = reader.results_between(1, 2, unfinished=Reason.INTERRUPTED)[0]
        assert first == (1, "skipped", "protected", None, None, None, None, None, 0, None, None)
        assert reader.totals() == {(Outcome.SKIPPED, Reason.PROTECTED): 1, (Outcome.SUCCEEDED, None): 1}
        assert reader.generations() == {2: 1}
        assert reader.known() == {}
        assert reader.last_completed_at() == ending(2).completed_at
