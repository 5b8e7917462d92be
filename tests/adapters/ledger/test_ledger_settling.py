"""What Partner Center's records say, in the ledger: all at once, kept, taken back when later ones speak against it."""

import contextlib
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_records import NOON, at, attempt, ending, intent, left_out, reading, session, standings, timed_out

from batchreset.adapters.ledger import LedgerReader, LedgerStore, RowHistory, Settling
from batchreset.core.audit import AuditRecord, Recorded
from batchreset.core.certainty import Certainty
from batchreset.core.clock import rfc3339
from batchreset.core.outcome import Outcome, Reason
from batchreset.errors import LedgerError

CUSTOMER = "c"
DOUBT = Outcome.IN_DOUBT
TO_VERSION_3 = """
ALTER TABLE attempts DROP COLUMN sender; ALTER TABLE sessions DROP COLUMN lease_ms;
PRAGMA user_version = 3;
"""
TO_VERSION_2 = f"""
{TO_VERSION_3}
DROP TABLE records; DROP TABLE settlements; DROP TABLE certainties; DROP TABLE writer;
ALTER TABLE attempts DROP COLUMN sent_correlation_id; PRAGMA user_version = 2;
"""
TO_VERSION_1 = f"""
{TO_VERSION_2}
ALTER TABLE outcomes RENAME TO newer;
CREATE TABLE outcomes (row INTEGER NOT NULL, generation INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT,
  attempts INTEGER NOT NULL, first_sent_at INTEGER NOT NULL, completed_at INTEGER NOT NULL,
  PRIMARY KEY (row, generation)) STRICT, WITHOUT ROWID;
INSERT INTO outcomes SELECT * FROM newer;
DROP TABLE newer;
PRAGMA user_version = 1;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Row 1 in doubt, row 2 cut off with an attempt, row 3 succeeded, row 4 cut off without one."""
    path = tmp_path / "ledger.sqlite"
    with session(path) as store:
        doubt = ending(1, outcome=DOUBT, reason=Reason.TIMEOUT)
        store.write_group([intent(1), timed_out(1), doubt, intent(2), timed_out(2), intent(3), attempt(3), ending(3)])
        store.write_group([intent(4)])
    return path


def settle(path: Path, settling: Settling) -> None:
    store = LedgerStore(path, seal=None)
    try:
        store.settle([settling], NOON)
    finally:
        store.close()


def new_ledger(folder: Path) -> Path:
    path = folder / "new.sqlite"
    LedgerStore(path, seal=None).close()
    return path


def tables(path: Path) -> dict[str, list[tuple[str, str, int]]]:
    """Each table's columns in their order (name, type, whether something must be in it), and the ledger's version."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        columns = 'SELECT name, type, "notnull" FROM pragma_table_info(?)'
        found = {name: connection.execute(columns, (name,)).fetchall() for name in names}
        return found | {"version": connection.execute("PRAGMA user_version").fetchall()}


def record(name: str, status: Recorded = Recorded.SUCCEEDED, *, said: bool = True) -> AuditRecord:
    moment = at(0.5) if said else None
    return AuditRecord(customer_tenant_id=CUSTOMER, user_id="u", correlation_id=name, status=status, at=moment, by="x")


def histories(path: Path) -> dict[int, RowHistory]:
    with reading(path) as reader:
        return {one.row.row: one for one in reader.histories([(row, CUSTOMER, "u") for row in range(1, 9)])}


def certainties(path: Path) -> dict[int, dict[int, Certainty | None]]:
    with reading(path) as reader:
        return {row: dict(by_generation) for row, by_generation in reader.certainties().items()}


def test_a_history_has_what_answers_led_to_and_what_was_cut_off(path: Path) -> None:
    found = histories(path)
    assert {row: (one.row.outcome, one.outcome, one.settled) for row, one in found.items()} == {
        1: (DOUBT, DOUBT, False),
        2: (None, None, False),
        3: (Outcome.SUCCEEDED, Outcome.SUCCEEDED, False),
        4: (None, None, False),
    }
    assert {row: one.row.generations[0].cut_off for row, one in found.items()} == {1: False, 2: True, 3: False, 4: True}
    (sent,) = found[1].row.generations[0].attempts
    assert (sent.correlation_id, sent.unclear, sent.succeeded) == ("correlation-1-1", True, False)
    assert (sent.sent_at, sent.ended_at) == (at(1.1), at(1.15))


def test_a_request_is_known_by_the_id_that_was_sent_whatever_came_back(path: Path) -> None:
    with session(path) as store:
        for number, sent in enumerate(("SENT", "correlation-5-2"), 1):
            store.write_group([replace(attempt(5, number), sent_correlation_id=sent)])
        store.write_group([intent(5)])
    (password,) = histories(path)[5].row.generations
    assert [one.correlation_id for one in password.attempts] == ["sent", "correlation-5-2"]


def test_what_is_settled_is_the_rows_outcome_with_the_times_of_its_requests(path: Path) -> None:
    settle(path, Settling(settled={1: Outcome.FAILED, 2: Outcome.SUCCEEDED}))
    assert standings(path) == {1: "failed", 2: "succeeded", 3: "succeeded", 4: "in_doubt"}
    with reading(path) as reader:
        lines = {values[0]: values for values in reader.results_between(1, 2, unfinished=Reason.INTERRUPTED)}
        assert reader.totals() == {
            (Outcome.FAILED, Reason.RECONCILED): 1,
            (Outcome.SUCCEEDED, Reason.RECONCILED): 1,
            (Outcome.SUCCEEDED, None): 1,
        }
        assert reader.known().keys() == {1, 4}
    assert lines[1][2] == lines[2][2] == "reconciled"
    assert lines[1][8:] == (1, "2026-11-21T12:00:01.100Z", "2026-11-21T12:00:01.500Z")
    assert lines[2][8:] == (1, "2026-11-21T12:00:02.100Z", "2026-11-21T12:00:02.150Z")
    # Where a killed process left it is still known: what answers had led to is what the next comparison begins with.
    found = histories(path)
    assert (found[1].row.outcome, found[1].outcome, found[1].settled) == (DOUBT, Outcome.FAILED, True)
    assert (found[2].row.outcome, found[2].settled) == (None, True)
    assert not found[1].row.generations[0].cut_off
    assert found[2].row.generations[0].cut_off


def test_a_row_of_which_no_request_was_noted_can_be_settled(path: Path) -> None:
    """By an id that was made of what was noted before: with the moment of that."""
    (password,) = histories(path)[4].row.generations
    assert len(password.unnoted_ids) > 1
    assert histories(path)[1].row.generations[0].unnoted_ids == frozenset()
    settle(path, Settling(settled={4: Outcome.SUCCEEDED}))
    assert standings(path)[4] == "succeeded"
    with reading(path) as reader:
        (line,) = reader.results_between(4, 4, unfinished=Reason.INTERRUPTED)
    assert line[8:] == (0, *[rfc3339(password.noted_at)] * 2)


def test_a_row_that_succeeded_and_of_which_a_password_is_only_possible_is_doubted(path: Path) -> None:
    """Until a later password is noted, or a later comparison knows better."""
    possible = {1: Certainty.POSSIBLE}
    settle(path, Settling(certainties={3: possible, 1: possible}))
    with reading(path) as reader:
        assert reader.totals()[Outcome.SUCCEEDED, Reason.DOUBTED] == 1
        assert [line[:3] for line in reader.results_between(1, 3, unfinished=Reason.INTERRUPTED)] == [
            (1, "in_doubt", "timeout"), (2, "in_doubt", "timeout"), (3, "succeeded", "doubted"),
        ]  # fmt: skip
        endings, _ = reader.endings_between(1, 3, unfinished=Reason.INTERRUPTED)
        assert endings[-1] == (3, "succeeded", "doubted", 1)
    settle(path, Settling(certainties={3: {1: Certainty.IN_FORCE}}))
    with reading(path) as reader:
        assert reader.totals()[Outcome.SUCCEEDED, None] == 1


def test_what_was_settled_before_keeps_what_answers_had_led_to_and_can_be_taken_back(path: Path) -> None:
    for outcome in (Outcome.SUCCEEDED, DOUBT):
        settle(path, Settling(settled={1: outcome, 2: outcome}))
        assert histories(path)[1].row.outcome is DOUBT
    settle(path, Settling(unsettled=[1, 2]))
    with reading(path) as reader:
        assert list(reader.settled()) == [(DOUBT, Reason.TIMEOUT, [1]), (Outcome.SUCCEEDED, None, [3])]
    assert not histories(path)[1].settled
    assert histories(path)[2].outcome is None


def test_records_are_kept_each_once_and_certainties_are_those_of_the_last_comparison(path: Path) -> None:
    some = [(1, record("a")), (1, record("a")), (1, record("b", Recorded.OPEN, said=False))]
    settle(path, Settling(records=some, certainties={1: {1: Certainty.POSSIBLE}, 3: {1: None}}))
    assert certainties(path) == {1: {1: Certainty.POSSIBLE}, 3: {1: None}}
    settle(path, Settling(records=some, certainties={3: {1: Certainty.POSSIBLE}}))
    assert {*histories(path)[1].records} == {record("a"), record("b", Recorded.OPEN, said=False)}
    assert len(histories(path)[1].records) == 2
    assert certainties(path) == {3: {1: Certainty.POSSIBLE}}


def test_a_later_password_ends_what_was_settled_and_the_earlier_one_stays_possible(path: Path) -> None:
    """Although every answer had ruled it out."""
    with session(path) as store:
        refused = attempt(5, verdict="forbidden", http_status=403)
        store.write_group([intent(5), refused, ending(5, outcome=Outcome.FAILED, reason=Reason.FORBIDDEN)])
    settle(path, Settling(settled={5: DOUBT}, certainties={5: {1: Certainty.POSSIBLE}}))
    with session(path) as store:
        store.write_group([intent(5, 2), attempt(5, 2, generation=2, verdict="forbidden", http_status=403)])
    assert standings(path)[5] == "in_doubt"
    assert 5 not in certainties(path)
    with reading(path) as reader:
        assert (5, 1) in reader.unclear()
        assert reader.known()[5].unclear


@pytest.mark.parametrize(
    ("script", "version"), [(TO_VERSION_3, 3), (TO_VERSION_2, 2), (TO_VERSION_1, 1)], ids=["3", "2", "1"]
)
def test_a_ledger_of_an_earlier_version_is_read_as_it_is_and_written_as_one_of_this(
    path: Path, script: str, version: int, tmp_path: Path
) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    connection.close()
    before = path.read_bytes()
    assert standings(path) == {1: "in_doubt", 2: "in_doubt", 3: "succeeded", 4: "in_doubt"}
    assert certainties(path) == {}
    assert histories(path)[1].records == ()
    with reading(path) as reader:
        assert {one.sender for one in reader.exchanged()} == {""}
        assert not reader.others_sent()
    assert path.read_bytes() == before

    settle(path, Settling(settled={1: Outcome.SUCCEEDED}))
    assert standings(path) == {1: "succeeded", 2: "in_doubt", 3: "succeeded", 4: "in_doubt"}
    with session(path) as store:
        store.write_group([left_out(6)])
    assert standings(path)[6] == "skipped"
    assert tables(path) == tables(new_ledger(tmp_path))
    assert version < 4


def test_wherever_the_log_is_cut_all_of_a_comparison_is_there_or_nothing(path: Path, tmp_path: Path) -> None:
    store = LedgerStore(path, seal=None)
    everything = Settling(
        records=[(1, record("a"))],
        settled={1: Outcome.SUCCEEDED, 2: Outcome.SUCCEEDED},
        certainties={3: {1: Certainty.POSSIBLE}},
    )
    store.settle([everything], NOON)
    log = Path(f"{path}-wal").read_bytes()
    found = set()
    for cut in (*range(0, len(log), len(log) // 12), len(log)):
        copy = Path(shutil.copy(path, tmp_path / f"{cut}.sqlite"))
        Path(f"{copy}-wal").write_bytes(log[:cut])
        standing = standings(copy)
        found.add((standing[1], standing[2], len(certainties(copy)), len(histories(copy)[1].records)))
    store.close()
    assert found == {("in_doubt", "in_doubt", 0, 0), ("succeeded", "succeeded", 1, 1)}


def test_what_cannot_be_written_leaves_the_ledger_as_it_was(path: Path) -> None:
    """Half of a surrogate pair is refused by the driver itself."""
    before = standings(path)
    broken = AuditRecord(
        customer_tenant_id=CUSTOMER, user_id="u", correlation_id="\ud800", status=Recorded.OPEN, at=None
    )
    with pytest.raises(LedgerError, match="could not be written"):
        settle(path, Settling(settled={1: Outcome.SUCCEEDED}, records=[(1, broken)]))
    assert standings(path) == before


def test_a_ledger_that_was_taken_away_meanwhile_takes_nothing(path: Path, tmp_path: Path) -> None:
    store = LedgerStore(path, seal=None)
    shutil.move(path, tmp_path / "elsewhere.sqlite")
    try:
        with pytest.raises(LedgerError):
            store.settle([Settling(settled={1: Outcome.SUCCEEDED})], NOON)
    finally:
        store.close()
    with pytest.raises(LedgerError):
        LedgerReader(path)
