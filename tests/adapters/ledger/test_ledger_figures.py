"""What a ledger's exchanges were, counted in it: by session, over time, and how long answers took."""

import contextlib
from pathlib import Path

import pytest
from ledger_records import NOON, at, attempt, ending, intent, throttled, timed_out

from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.adapters.ledger.times import milliseconds
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.traffic import Kind


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
        first, second = reader.sessions()
    assert (first.number, first.ended_at, first.exchanges, first.throttled) == (1, None, 2, 1)
    assert (second.number, second.stop_reason, second.exchanges, second.throttled) == (2, "interrupted", 2, 0)
    assert (first.first_sent_at, first.last_ended_at) == (milliseconds(at(1.1)), milliseconds(at(1.25)))


def test_bars_begin_with_their_sessions_first_exchange(path: Path) -> None:
    with contextlib.closing(LedgerReader(path)) as reader:
        sessions = reader.sessions()
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
