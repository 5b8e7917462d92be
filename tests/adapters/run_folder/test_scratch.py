"""What is in hand while a run is planned lies in a private folder that nobody has to clean up."""

import stat
from pathlib import Path

import filelock
import pytest

from batchreset.adapters.run_folder import all_folders, scratch
from batchreset.errors import RunFolderError


def test_it_is_empty_private_no_run_and_gone_afterwards(tmp_path: Path) -> None:
    runs = tmp_path / "deep" / "runs"

    with scratch(runs) as room:
        assert list(room.iterdir()) == []
        assert stat.S_IMODE(room.stat().st_mode) == stat.S_IMODE(runs.stat().st_mode) == 0o700
        (room / "rows-0.parquet").write_bytes(b"x")
        assert all_folders(runs) == []

    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_runs_that_was_there_or_has_come_to_hold_something_stays(tmp_path: Path) -> None:
    there, used = tmp_path / "there", tmp_path / "used"
    there.mkdir()
    with scratch(there):
        pass
    with scratch(used):
        (used / "r").mkdir()

    assert [path.name for path in there.iterdir()] == []
    assert [path.name for path in used.iterdir()] == ["r"]


def test_it_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), scratch(tmp_path / "runs"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_cleared_away_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".planning-dead"
    dead.mkdir()
    (dead / "rows-0.parquet").write_bytes(b"x")
    (tmp_path / ".planning-dead.lock").touch()
    living = tmp_path / ".planning-living"
    living.mkdir()

    with filelock.FileLock(tmp_path / ".planning-living.lock"), scratch(tmp_path):
        assert not dead.exists()
        assert not (tmp_path / ".planning-dead.lock").exists()
        assert living.exists()


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    with scratch(tmp_path) as first, scratch(tmp_path) as second:
        assert first != second
        assert first.is_dir()


def test_where_nothing_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RunFolderError, match="cannot be made") as caught, scratch(tmp_path / "file" / "runs"):
        pass
    assert "--runs-dir" in caught.value.next_step
