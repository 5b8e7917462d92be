"""What a ledger's exchanges were, counted in it: by session, over time, and how long answers took."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from ledger_records import NOON, at, attempt, ending, intent, throttled, timed_out

from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.adapters.ledger.times import milliseconds
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.senders import verdicts_of
from batchreset.core.reporting.traffic import Kind
from batchreset.errors import LedgerError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two sessions; the first was killed while row 3 was under way, which the second one has taken up."""
    path = tmp_path / "ledger.sqlite"
    store = LedgerStore(path, seal=None)
    with contextlib.closing(store):
        store.begin_session(NOON)
        store.write_group([intent(1, password=None), intent(3, password=None), throttled(1), attempt(1, 2)])
        store.write_group([ending(1, attempts=2)])
        store.begin_session(at(100))
        store.write_group([intent(3, 2, password=None), timed_out(3, generation=2)])
        store.write_group([intent(25, password=None), attempt(25, 1, verdict="not_found", http_status=404)])
        store.write_group([ending(25, outcome=Outcome.FAILED, reason=Reason.NOT_FOUND)])
        store.end_session(at(200), stop_reason="interrupted", exit_code=130)
    return path


def test_each_session_has_the_exchanges_of_its_own_intents(path: Path) -> None:
    with contextlib.closing(LedgerReader(path)) as reader:
        first, second = reader.sessions(reader.exchanged())
    assert (first.number, first.ended_at, first.exchanges, first.throttled) == (1, None, 2, 1)
    assert (second.number, second.stop_reason, second.exchanges, second.throttled) == (2, "interrupted", 2, 0)
    assert (first.first_sent_at, first.last_ended_at) == (milliseconds(at(1.1)), milliseconds(at(1.25)))


def test_bars_begin_with_their_sessions_first_exchange(path: Path) -> None:
    with contextlib.closing(LedgerReader(path)) as reader:
        sessions = reader.sessions(reader.exchanged())
        everyones = reader.bars(sessions, width_seconds=10)
        some = reader.bars(sessions, width_seconds=10, rows=[25, 99])
    assert everyones == {
        (1, 0, Kind.THROTTLED): 1,
        (1, 0, Kind.DONE): 1,
        (2, 0, Kind.UNCLEAR): 1,
        (2, 2, Kind.REFUSED): 1,
    }
    assert some == {(2, 2, Kind.REFUSED): 1}


def test_only_exchanges_with_an_answer_have_a_time(path: Path) -> None:
    with contextlib.closing(LedgerReader(path)) as reader:
        assert reader.answer_times() == {(Kind.THROTTLED, 50): 1, (Kind.DONE, 50): 1, (Kind.REFUSED, 50): 1}


def test_rows_that_are_counted_end_as_those_that_are_shown(path: Path) -> None:
    with contextlib.closing(LedgerReader(path)) as reader:
        settled, under_way = reader.endings_between(1, 30, unfinished=Reason.INTERRUPTED)
        full = reader.results_between(1, 30, unfinished=Reason.INTERRUPTED)
    assert sorted(settled + under_way) == [(*values[:3], values[8]) for values in full]
    assert [row for row, *_ in under_way] == [3]


def test_who_sent_what_is_counted_by_session_sender_and_verdict(path: Path) -> None:
    """A group may hold attempts of this process and of others."""
    store = LedgerStore(path, seal=None)
    with contextlib.closing(store):
        store.begin_session(at(300), lease_seconds=12)
        store.write_group([intent(row, password=None) for row in range(41, 45)])
        lost = attempt(43, verdict="sender_lost", unclear=True, http_status=None, sender="w2")
        store.write_group([attempt(41, sender="w1"), attempt(42, sender="w2"), lost, attempt(44)])
    with contextlib.closing(LedgerReader(path)) as reader:
        third = {(one.sender, one.verdict): one for one in reader.exchanged() if one.session == 3}
        assert reader.others_sent()
        assert reader.verdicts() == verdicts_of(reader.exchanged())
    assert {key: (one.exchanges, one.answered) for key, one in third.items()} == {
        ("", "succeeded"): (1, 1), ("w1", "succeeded"): (1, 1),
        ("w2", "succeeded"): (1, 1), ("w2", "sender_lost"): (1, 0),
    }  # fmt: skip
    one = third["w2", "sender_lost"]
    assert (one.first_sent_at, one.last_ended_at) == (milliseconds(at(43.1)), milliseconds(at(43.15)))


def test_a_lease_is_waited_for_where_its_session_was_killed_and_nobody_has_waited_since(tmp_path: Path) -> None:
    store = LedgerStore(tmp_path / "ledger.sqlite", seal=None)

    def begins(*, lease_seconds: float, notes: int = 0, ends: bool = False) -> None:
        store.begin_session(NOON, lease_seconds=lease_seconds)
        if notes:
            store.write_group([intent(notes, password=None)])
        if ends:
            store.end_session(NOON, stop_reason=None, exit_code=0)

    with contextlib.closing(store):
        assert store.unended_lease_seconds() == 0
        begins(lease_seconds=30, notes=1, ends=True)
        assert store.unended_lease_seconds() == 0, "it came to its end"
        begins(lease_seconds=12.0005, notes=2)
        assert store.unended_lease_seconds() == 12.001
        begins(lease_seconds=0)
        assert store.unended_lease_seconds() == 12.001, "the one in between was killed as it waited"
        begins(lease_seconds=5, ends=True)
        assert store.unended_lease_seconds() == 12.001, "or was stopped then"
        begins(lease_seconds=0, notes=3)
        assert store.unended_lease_seconds() == 0, "whoever notes an intent has waited"
        begins(lease_seconds=5, notes=4)
        assert store.unended_lease_seconds() == 5


def test_a_ledger_whose_leases_cannot_be_read_ends_the_run_and_is_not_taken_for_one_without(path: Path) -> None:
    store = LedgerStore(path, seal=None)
    with contextlib.closing(store), contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE sessions RENAME TO elsewhere")
        with pytest.raises(LedgerError, match="could not be read: no such table"):
            store.unended_lease_seconds()
