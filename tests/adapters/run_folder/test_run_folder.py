"""A run's folder is private, found by path or id, and made once."""

import json
import os
import stat
import time
from pathlib import Path

import pytest

from batchreset.adapters.run_folder import (
    RunFolder,
    all_folders,
    check_run_id,
    find_folder,
    holding,
    lost_folders,
    make_folder,
)
from batchreset.adapters.run_folder.folder import PROGRESS_MOST_BYTES
from batchreset.errors import ExitCode, RunFolderError, SettingsError


def planned(runs_dir: Path, run_id: str) -> RunFolder:
    """A folder with a whole plan, as far as finding it goes."""
    folder = make_folder(runs_dir, run_id)
    folder.write_json(folder.run_json, {"run_id": run_id})
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o277], ids=["open", "usual", "closed"])
def umask(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_folder_and_files_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = make_folder(tmp_path / "runs", "r1")
        folder.write_json(folder.summary_json, {"a": 1})
    finally:
        os.umask(before)

    assert mode(folder.path) == 0o700
    assert mode(folder.summary_json) & 0o077 == 0
    assert mode(tmp_path / "runs") & 0o077 == 0


def test_files_of_a_run_have_mode_0600(tmp_path: Path) -> None:
    folder = planned(tmp_path, "r1")
    assert mode(folder.run_json) == 0o600


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    (tmp_path / "r1").mkdir(mode=0o755)
    assert mode(make_folder(tmp_path, "r1").path) == 0o700


def test_everything_of_a_run_lies_in_its_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "2026-11-21-incident")
    names = [folder.plan, folder.run_json, folder.ledger, folder.results, folder.summary_json, folder.log, folder.lock]

    assert folder.run_id == "2026-11-21-incident"
    assert {path.parent for path in names} == {folder.path}
    assert [path.name for path in names] == [
        "plan.parquet",
        "run.json",
        "ledger.sqlite",
        "results.csv",
        "summary.json",
        "log.ndjson",
        "lock",
    ]


@pytest.mark.parametrize("run_id", ["a", "2026-11-21T09.31_x", "x" * 100, "9", "a..b"])
def test_a_plain_name_is_an_id(run_id: str) -> None:
    check_run_id(run_id)


@pytest.mark.parametrize(
    "run_id",
    [".", "..", "../x", "a/b", "/a", "-a", ".a", "_a", "a b", "a\n", "a\0", "é", "x" * 101, "a\\b", "C:", "a*"],
)
def test_what_is_no_folders_name_is_no_id(run_id: str) -> None:
    with pytest.raises(SettingsError, match="--run-id") as caught:
        check_run_id(run_id)
    assert "letters" in caught.value.next_step


def test_an_id_that_is_much_too_long_is_not_told_back() -> None:
    with pytest.raises(SettingsError, match="--run-id of 300 characters cannot be"):
        check_run_id("x" * 300)


def test_an_empty_id_is_told_apart_from_none() -> None:
    with pytest.raises(SettingsError, match="--run-id is given and empty"):
        check_run_id("")


def test_a_run_is_made_once(tmp_path: Path) -> None:
    planned(tmp_path, "r1")

    with pytest.raises(RunFolderError, match="r1 exists already") as caught:
        make_folder(tmp_path, "r1")
    assert f"batchreset apply {tmp_path / 'r1'}" in caught.value.next_step
    assert caught.value.exit_code is ExitCode.REFUSED


def test_a_planning_that_was_killed_is_taken_over(tmp_path: Path) -> None:
    """What it left, run.json comes last, is no run yet."""
    killed = make_folder(tmp_path, "r1")
    killed.plan.write_bytes(b"half a plan")

    assert make_folder(tmp_path, "r1") == killed
    assert all_folders(tmp_path) == []


@pytest.mark.parametrize(
    "runs_dir",
    [
        pytest.param("{folder}/file", id="a file"),
        pytest.param("{folder}/file/runs", id="below a file"),
        pytest.param("/proc/runs", id="a folder that is read only, for root too"),
        pytest.param("{folder}/" + "x" * 300, id="too long a name"),
    ],
)
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, runs_dir: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="cannot be made") as caught:
        make_folder(Path(runs_dir.format(folder=tmp_path)), "r1")
    assert "--runs-dir" in caught.value.next_step


def test_a_run_is_found_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = planned(tmp_path / "elsewhere", "r1")
    monkeypatch.chdir(tmp_path)

    for spelled in (str(folder.path), "elsewhere/r1", "elsewhere/r1/", "./elsewhere/../elsewhere/r1"):
        assert find_folder(spelled, tmp_path / "runs") == folder


def test_a_run_is_found_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = planned(tmp_path / "runs", "r1")
    planned(tmp_path / "runs", "r2")
    monkeypatch.chdir(tmp_path)

    assert find_folder("r1", tmp_path / "runs") == folder
    assert find_folder("r1", Path("runs")) == folder


def test_a_run_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    for number in range(7):
        planned(tmp_path, f"run-{number}")

    with pytest.raises(RunFolderError) as caught:
        find_folder("run-9", tmp_path)
    assert "runs there: run-2, run-3, run-4, run-5, run-6" in caught.value.what


@pytest.mark.parametrize("run", ["", ".", "none", "a\0b", "x" * 300, "/proc/1/root/x", "half"])
def test_what_is_no_run_is_refused_in_plain_words(run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "runs", "half")

    with pytest.raises(RunFolderError, match="there is no run"):
        find_folder(run, tmp_path / "runs")


@pytest.mark.parametrize("run", ["begun", "runs/begun"])
def test_a_folder_whose_planning_was_not_finished_is_told_from_none(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with holding(make_folder(tmp_path / "runs", "begun")):
        pass
    with pytest.raises(RunFolderError, match=r"begun has no run\.json: its planning was not finished"):
        find_folder(run, tmp_path / "runs")


def test_runs_are_listed_oldest_first_and_only_whole_ones(tmp_path: Path) -> None:
    folders = [planned(tmp_path, name) for name in ("c", "a", "b")]
    for age, folder in enumerate(folders):
        os.utime(folder.run_json, (time.time(), 1_000_000 + age))
    make_folder(tmp_path, "half")
    (tmp_path / "file").touch()

    assert all_folders(tmp_path) == folders
    assert all_folders(tmp_path / "none") == []
    with pytest.raises(RunFolderError, match="cannot be listed"):
        all_folders(tmp_path / "file")


def test_a_json_file_reads_as_it_was_written(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "r1")
    content = {"name": "Zoë", "rows": 3, "none": None, "list": [1]}

    assert folder.read_summary() is None
    folder.write_json(folder.run_json, content)
    folder.write_json(folder.summary_json, content)

    assert folder.read_run() == folder.read_summary() == content
    assert "Zoë" in folder.run_json.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'"text"', b"[1]", b"null"])
def test_a_json_file_that_is_no_runs_is_refused(content: bytes, tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "r1")
    folder.run_json.write_bytes(content)
    folder.summary_json.write_bytes(content)

    for read in (folder.read_run, folder.read_summary):
        with pytest.raises(RunFolderError, match=r"json (is damaged|is not a run's file)"):
            read()


def test_a_json_file_that_cannot_be_written_is_refused_and_the_earlier_one_stays(tmp_path: Path) -> None:
    folder = planned(tmp_path, "r1")

    with pytest.raises(RunFolderError, match="could not be written") as caught:
        folder.write_json(folder.path / "none" / "summary.json", {})

    assert "room" in caught.value.next_step
    assert json.loads(folder.run_json.read_text()) == {"run_id": "r1"}


def test_folders_that_have_lost_their_run_json_are_found_apart(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        RunFolder(tmp_path / name).ledger.write_bytes(b"x")
    (tmp_path / "nothing").mkdir()
    whole = planned(tmp_path, "whole")

    assert [folder.run_id for folder in lost_folders(tmp_path)] == ["a", "b"]
    assert all_folders(tmp_path) == [whole]
    assert lost_folders(tmp_path / "not there") == []


def test_what_is_left_for_others_is_whole_private_and_read_in_one_piece_or_not_at_all(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "r1")
    assert folder.read_progress() is None
    for number in (1, 2):
        folder.leave_progress({"number": number})
    assert folder.read_progress() == b'{"number": 2}\n'
    assert folder.progress_json.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.path.iterdir()] == ["progress.json"]
    folder.leave_progress({"text": "x" * PROGRESS_MOST_BYTES})
    assert folder.read_progress() is None
