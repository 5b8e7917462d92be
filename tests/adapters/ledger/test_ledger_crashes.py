"""What is left when the power goes: every row that was said to be on disk. Of whole runs: tests/crash."""

import shutil
from pathlib import Path

from ledger_records import attempt, ending, intent, reading, session, standings

GROUPS, ROWS_A_GROUP = 8, 5


def rows_of(group: int) -> range:
    return range(group * ROWS_A_GROUP + 1, (group + 1) * ROWS_A_GROUP + 1)


def write_group_with_outcomes(path: Path, group: int) -> None:
    with session(path, seal=bytes) as store:
        store.write_group([make(row) for row in rows_of(group) for make in (intent, attempt, ending)])


def image(path: Path, folder: Path, *, wal_bytes: int | None = None) -> Path:
    """A copy of ledger and write-ahead log as a disk would hold them, the log's shared index left out."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = Path(shutil.copy(path, folder))
    log = Path(f"{path}-wal").read_bytes()
    Path(f"{copy}-wal").write_bytes(log[:wal_bytes])
    return copy


def test_a_copy_taken_after_a_commit_holds_all_that_was_committed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with session(path, seal=bytes) as store:
        for group in range(GROUPS):
            store.write_group([make(row) for row in rows_of(group) for make in (intent, attempt, ending)])

            copy = image(path, tmp_path / str(group))

            assert standings(copy) == dict.fromkeys(range(1, (group + 1) * ROWS_A_GROUP + 1), "succeeded")
            with reading(copy) as reader:
                assert len(list(reader.sealed())) == group + 1


def test_wherever_the_log_is_cut_groups_are_whole_and_the_committed_ones_there(tmp_path: Path) -> None:
    """A power cut tears the write-ahead log anywhere behind what was synced."""
    path, synced = tmp_path / "ledger.sqlite", list[int]()
    log = Path(f"{path}-wal")
    with session(path, seal=bytes) as store:
        for group in range(GROUPS):
            store.write_group([make(row) for row in rows_of(group) for make in (intent, attempt, ending)])
            synced.append(log.stat().st_size)
        whole = log.stat().st_size
        cuts = [*range(0, whole, whole // 60), *synced, *(size - 1 for size in synced)]

        for number, cut in enumerate(cuts):
            copy = image(path, tmp_path / str(number), wal_bytes=cut)
            with session(copy, seal=bytes):
                found = standings(copy)
            groups, torn = divmod(len(found), ROWS_A_GROUP)
            assert not torn
            assert found == dict.fromkeys(range(1, groups * ROWS_A_GROUP + 1), "succeeded")
            assert groups == sum(size <= cut for size in synced)


def test_a_session_begun_on_a_torn_copy_goes_on_from_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with session(path) as store:
        store.write_group([intent(1)])
        kept = Path(f"{path}-wal").stat().st_size
        store.write_group([intent(2)])
        copy = image(path, tmp_path / "copy", wal_bytes=kept + 100)

    with session(copy) as store:
        store.write_group([intent(2), attempt(2), ending(2)])

    assert standings(copy) == {1: "in_doubt", 2: "succeeded"}
