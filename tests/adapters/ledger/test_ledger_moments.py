"""A ledger is whole or not there, what is read of it is of one moment, and a read-only disk does not hide it."""

import sqlite3
import threading
from pathlib import Path

from ledger_records import NOON, attempt, ending, intent

from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.core.outcome import Outcome, Reason


def test_whoever_sees_a_ledger_being_made_sees_a_whole_one(tmp_path: Path) -> None:
    """A process killed in between would leave what is seen here."""
    paths = [tmp_path / f"{number}.sqlite" for number in range(20)]
    seen: list[int] = []

    def look() -> None:
        for path in paths:
            while not path.exists():
                pass
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            seen.append(connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sessions'").fetchone()[0])
            connection.close()

    looking = threading.Thread(target=look)
    looking.start()
    for path in paths:
        LedgerStore(path, seal=bytes).close()
    looking.join()
    assert seen == [1] * len(paths)


def test_a_snapshot_is_of_one_moment(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    store = LedgerStore(path, seal=bytes)
    store.begin_session(NOON)
    store.write_group([intent(1)])
    reader = LedgerReader(path)
    with reader.snapshot():
        before = reader.totals()
        store.write_group([attempt(1), ending(1)])
        assert reader.totals() == before == {}
        assert len(list(reader.sealed())) == 1
    assert reader.totals() == {(Outcome.SUCCEEDED, None): 1}
    reader.close()
    store.close()


def test_a_ledger_at_rest_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A folder in the place of SQLite's shared memory is as good as a read-only disk, also for root."""
    path = tmp_path / "ledger.sqlite"
    store = LedgerStore(path, seal=bytes)
    store.begin_session(NOON)
    store.write_group([intent(1), attempt(1), ending(1)])
    store.close()
    (tmp_path / "ledger.sqlite-shm").mkdir()
    reader = LedgerReader(path)
    assert reader.results_between(1, 1, unfinished=Reason.INTERRUPTED)[0][:2] == (1, "succeeded")
    reader.close()
