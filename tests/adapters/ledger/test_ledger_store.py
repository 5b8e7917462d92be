"""What is in the ledger: committed groups, whole, readable by others; a file that is no ledger is refused."""

import contextlib
import resource
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_records import NOON, at, attempt, ending, intent, reading, session, standings, throttled

from batchreset import __version__
from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Record
from batchreset.core.senders import Descent
from batchreset.errors import ExitCode, LedgerError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def disk_full() -> Iterator[None]:
    """Files of this process cannot grow beyond 64 KB while the test runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_ledger_is_private_with_all_that_lies_beside_it(path: Path) -> None:
    with session(path) as store:
        store.write_group([intent(1)])

        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert modes == {"ledger.sqlite": 0o600, "ledger.sqlite-wal": 0o600, "ledger.sqlite-shm": 0o600}


def test_every_commit_is_synced_to_the_disk(path: Path) -> None:
    """FULL is 2: with NORMAL a power cut takes committed rows, and no test that kills a process can see it."""
    with session(path) as store:
        pragma = store._connection.execute
        assert pragma("PRAGMA synchronous").fetchone() == (2,)
        assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_group_is_readable_by_others_as_soon_as_it_is_written(path: Path) -> None:
    with session(path) as store, reading(path) as other:
        for row in range(1, 20):
            store.write_group([intent(row)])
            assert (row, 1) in other.unclear()
            store.write_group([attempt(row), ending(row)])
            assert any(row in rows for _, _, rows in other.settled())


def test_a_row_reads_as_it_was_written(path: Path) -> None:
    refused = attempt(7, 3, verdict="forbidden", http_status=403, error_code="2032", error_description="access denied")
    with session(path) as store:
        store.write_group([intent(7), throttled(7, 1), throttled(7, 2)])
        store.write_group([refused, ending(7, outcome=Outcome.FAILED, reason=Reason.FORBIDDEN, attempts=3)])

    with reading(path) as reader:
        assert reader.results_between(1, 9, unfinished=Reason.INTERRUPTED) == [
            (
                7,
                "failed",
                "forbidden",
                403,
                "2032",
                "access denied",
                "correlation-7-3",
                "request-7-1",
                3,
                "2026-11-21T12:00:07.100Z",
                "2026-11-21T12:00:07.500Z",
            )
        ]
        assert reader.results_between(8, 9, unfinished=Reason.INTERRUPTED) == []
        assert reader.totals() == {(Outcome.FAILED, Reason.FORBIDDEN): 1}
        assert reader.verdicts() == {"throttled": 2, "forbidden": 1}
        known = reader.known()[7]
        assert (known.generations, known.exchanges, known.unclear) == (1, 3, False)
        assert known.first_sent_at == at(7.1)


def test_an_attempt_without_an_answer_has_no_empty_texts(path: Path) -> None:
    with session(path) as store:
        store.write_group([intent(1), attempt(1, verdict="timeout", unclear=True, http_status=None)])

    with reading(path) as reader:
        (values,) = reader.results_between(1, 1, unfinished=Reason.INTERRUPTED)
    assert values[:8] == (1, "in_doubt", "timeout", None, None, None, "correlation-1-1", "request-1-1")


@pytest.mark.parametrize(
    "twice",
    [
        pytest.param(intent(1), id="intent"),
        pytest.param(attempt(1), id="attempt"),
        pytest.param(ending(1), id="ending"),
        pytest.param(ending(9), id="the last of many"),
    ],
)
def test_a_group_is_all_or_nothing(path: Path, twice: Record) -> None:
    """A record that breaks a key, whatever stands before it, leaves nothing of its group behind."""
    with session(path, seal=bytes) as store:
        store.write_group([intent(1), attempt(1), ending(1), intent(9), attempt(9), ending(9)])

        with pytest.raises(LedgerError, match="could not be written: UNIQUE constraint failed") as caught:
            store.write_group([intent(2), attempt(2), ending(2), twice])

        assert caught.value.exit_code is ExitCode.UNEXPECTED
        with reading(path) as reader:
            assert list(reader.settled()) == [(Outcome.SUCCEEDED, None, [1, 9])]
            assert reader.unclear() == set()
            assert len(list(reader.sealed())) == 1
        store.write_group([intent(2), attempt(2), ending(2)])
    assert standings(path) == {1: "succeeded", 2: "succeeded", 9: "succeeded"}


def test_sessions_of_a_copied_ledger_are_told_from_its_own(path: Path) -> None:
    def begun(ledger: Path, seconds: int) -> Descent:
        with contextlib.closing(LedgerStore(ledger, seal=None)) as store:
            store.begin_session(NOON + timedelta(seconds=seconds))
            return store.descent()

    first = begun(path, 0)
    copy = path.with_name("copy.sqlite")
    shutil.copy(path, copy)
    own, copied = begun(path, 1), begun(copy, 2)
    assert (first.session, first.before) == (1, ())
    assert (own.session, own.before) == (copied.session, copied.before) == (2, (first.mark,))
    assert own.mark != copied.mark
    assert begun(copy, 3).before == (copied.mark, first.mark)


def test_a_text_that_is_no_unicode_loses_nothing_of_the_group(path: Path) -> None:
    """JSON can spell half a surrogate pair, which is no text that a database takes."""
    with session(path) as store:
        store.write_group([intent(1)])
        with pytest.raises(LedgerError, match="could not be written"):
            store.write_group([attempt(1, error_description="\ud800"), ending(1)])
        store.write_group([attempt(1), ending(1)])

    assert standings(path) == {1: "succeeded"}


def fill(store: LedgerStore) -> Iterator[int]:
    """Rows with their outcomes until one cannot be written; those that could."""
    for row in range(1, 1000):
        store.write_group([intent(row), attempt(row), ending(row, outcome=Outcome.FAILED)])
        yield row


def test_what_the_disk_has_no_room_for_is_refused_whole(path: Path, disk_full: None) -> None:
    written: list[int] = []
    with session(path, seal=bytes) as store:
        with pytest.raises(LedgerError, match="could not be written") as caught:
            written.extend(fill(store))
        assert "room" in caught.value.next_step

    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with session(path, seal=bytes) as store:
        store.write_group([intent(1000)])

    found = standings(path)
    assert found.pop(1000) == "in_doubt"
    assert found
    assert list(found) == list(range(1, len(found) + 1))
    assert set(found.values()) == {"failed"}


def test_a_session_that_there_is_no_room_for_is_refused(path: Path, disk_full: None) -> None:
    with session(path) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        with pytest.raises(LedgerError, match="could not be written"):
            store.end_session(NOON, stop_reason=None, exit_code=130)
        with pytest.raises(LedgerError, match="could not be written"):
            store.begin_session(NOON)


def test_a_ledger_that_there_is_no_room_for_is_refused_and_nothing_left_of_it(path: Path, disk_full: None) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    with pytest.raises(LedgerError, match="could not be opened"):
        LedgerStore(path, seal=None)
    assert list(path.parent.iterdir()) == []


def test_a_ledger_of_another_version_is_refused_and_left_alone(path: Path) -> None:
    LedgerStore(path, seal=None).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 5")
    connection.close()

    for opening in (lambda: LedgerStore(path, seal=None), lambda: LedgerReader(path)):
        with pytest.raises(LedgerError, match=r"not written by this version .*\(ledger version 5, not 4\)") as caught:
            opening()
        assert f"use batchreset {__version__}, which last wrote it" in caught.value.next_step

    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (5,)
    connection.execute("UPDATE writer SET version = '9.1\x1b[2J'")
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError) as caught:
        LedgerReader(path)
    assert caught.value.next_step.endswith("use the version that last wrote it")


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    content = b"row,customer-tenant-id\n" * 400
    path.write_bytes(content)

    with pytest.raises(LedgerError, match="could not be opened: it is damaged: file is not a database"):
        LedgerStore(path, seal=None)
    with pytest.raises(LedgerError, match="could not be read: it is damaged: file is not a database") as caught:
        LedgerReader(path)
    assert "restore the run's folder" in caught.value.next_step

    assert path.read_bytes() == content


def test_a_database_without_tables_is_no_ledger(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    for opening in (lambda: LedgerStore(path, seal=None), lambda: LedgerReader(path)):
        with pytest.raises(LedgerError, match="is a database, but no ledger"):
            opening()


def test_an_empty_ledger_is_told_as_such_and_the_log_beside_it_is_left_alone(path: Path) -> None:
    """SQLite would remove the log, which may hold the only passwords there are."""
    path.touch()
    log = path.with_name(path.name + "-wal")
    log.write_bytes(b"committed")
    for opening in (lambda: LedgerStore(path, seal=None), lambda: LedgerReader(path)):
        with pytest.raises(LedgerError, match=r"ledger\.sqlite is empty") as caught:
            opening()
        assert "restore the run's folder" in caught.value.next_step
    assert log.read_bytes() == b"committed"


def test_reading_makes_no_ledger(path: Path) -> None:
    with pytest.raises(LedgerError, match="unable to open"):
        LedgerReader(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("{folder}/none/ledger.sqlite", id="no such folder"),
        pytest.param("{folder}", id="a folder"),
        pytest.param("/proc/ledger.sqlite", id="a folder that is read only, for root too"),
    ],
)
def test_a_ledger_that_cannot_be_made_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(LedgerError, match="could not be opened"):
        LedgerStore(Path(wrong.format(folder=tmp_path)), seal=None)


def test_a_ledger_at_rest_is_readable_where_nothing_can_be_written_beside_it(path: Path) -> None:
    """A dangling link of that name keeps SQLite from its shared memory, as a read-only disk does."""
    with session(path) as store:
        store.write_group([intent(1)])
    path.with_name("ledger.sqlite-shm").symlink_to("nowhere")

    assert standings(path) == {1: "in_doubt"}


def test_a_ledger_in_use_is_not_read_half(tmp_path: Path, path: Path) -> None:
    """Without the shared memory its log cannot be read, and what is in the log is the newest."""
    with session(path) as store:
        store.write_group([intent(1)])
        copy = tmp_path / "copy" / "ledger.sqlite"
        copy.parent.mkdir()
        for file in (path, path.with_name("ledger.sqlite-wal")):
            (copy.parent / file.name).write_bytes(file.read_bytes())
    copy.with_name("ledger.sqlite-shm").symlink_to("nowhere")

    with pytest.raises(LedgerError, match="could not be read"):
        LedgerReader(copy)


def test_a_snapshot_is_of_one_moment(path: Path) -> None:
    with session(path) as store, reading(path) as reader:
        store.write_group([intent(1)])
        with reader.snapshot():
            before = reader.unclear()
            store.write_group([intent(2), attempt(1), ending(1)])
            assert reader.unclear() == before == {(1, 1)}
            assert list(reader.settled()) == []
        assert reader.unclear() == {(2, 1)}
        assert list(reader.settled()) == [(Outcome.SUCCEEDED, None, [1])]


@pytest.mark.parametrize("name", ["ledger.sqlite", "ledger.sqlite-wal"])
@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "another in its place"])
def test_what_is_written_to_a_file_that_has_lost_its_name_is_not_said_to_be_there(
    path: Path, name: str, *, replaced: bool
) -> None:
    with session(path) as store:
        store.write_group([intent(1)])
        lost = path.with_name(name)
        lost.rename(path.with_name("elsewhere"))
        if replaced:
            lost.touch()

        with pytest.raises(LedgerError, match=r"ledger\.sqlite is not there any more"):
            store.write_group([intent(2)])
        with pytest.raises(LedgerError, match=r"ledger\.sqlite is not there any more"):
            store.end_session(at(60), stop_reason=None, exit_code=0)


def test_a_path_with_the_marks_of_a_uri_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory#c%20d.sqlite"
    with session(path) as store:
        store.write_group([intent(1)])
    assert standings(path) == {1: "in_doubt"}


def test_a_ledger_damaged_in_its_middle_is_refused_in_plain_words(path: Path) -> None:
    with session(path) as store:
        store.write_group([intent(row) for row in range(1, 2000)])
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    path.write_bytes(damaged)

    with pytest.raises(LedgerError, match=r"could not be read: .*malformed") as caught, reading(path) as reader:
        reader.known()
    assert caught.value.__cause__ is not None


def test_the_last_session_is_known_with_how_it_ended(path: Path) -> None:
    with session(path) as store:
        store.end_session(at(60), stop_reason="canary", exit_code=4)
        with reading(path) as reader:
            ended = reader.last_session()
            store.begin_session(at(120))
            under_way = reader.last_session()

    assert ended is not None
    assert (ended.ended_at, ended.stop_reason, ended.exit_code) == (at(60), Reason.CANARY, 4)
    assert under_way is not None
    assert (under_way.ended_at, under_way.stop_reason, under_way.exit_code) == (None, None, None)


def test_before_the_first_session_there_is_none(path: Path) -> None:
    LedgerStore(path, seal=None).close()
    with reading(path) as reader:
        assert reader.last_session() is None
