"""One process carries a run out; what a dead one left is no lock."""

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import lock_holder
import pytest

from batchreset.adapters.run_folder import RunFolder, holding, holding_accounts, is_held, make_folder
from batchreset.errors import ExitCode, RunFolderError, RunHeldError


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return make_folder(tmp_path, "r1")


def another(folder: RunFolder) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, lock_holder.__file__, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def held_by_another(folder: RunFolder) -> Iterator["subprocess.Popen[str]"]:
    with another(folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def note(folder: RunFolder, content: object) -> None:
    (folder.path / "lock.holder").write_text(json.dumps(content))


def test_a_second_process_is_refused_and_told_who_holds_the_run(folder: RunFolder) -> None:
    with holding(folder):
        with another(folder) as second:
            said, _ = second.communicate()
        assert is_held(folder)

    assert said.split(" ", 1)[0] == "RunHeldError"
    assert f"r1 (pid {os.getpid()} on {socket.gethostname()})" in said
    assert second.returncode == ExitCode.RUN_HELD


def test_a_run_that_another_process_holds_is_refused_here(folder: RunFolder) -> None:
    with held_by_another(folder) as first:
        with pytest.raises(RunHeldError, match=f"pid {first.pid} on") as caught, holding(folder):
            pass
        assert is_held(folder)

    assert caught.value.exit_code is ExitCode.RUN_HELD
    assert f"batchreset status {folder.path}" in caught.value.next_step


def test_being_refused_takes_nothing_from_the_holder(folder: RunFolder) -> None:
    """Its lock and its note are as they were: a third one is refused too, with the same words."""
    with held_by_another(folder):
        texts = []
        for _ in range(2):
            with pytest.raises(RunHeldError) as caught, holding(folder):
                pass
            texts.append(caught.value.what)
    assert texts[0] == texts[1]


def test_a_killed_holders_lock_is_free(folder: RunFolder) -> None:
    with held_by_another(folder) as first:
        first.kill()
        first.wait()
        assert (folder.path / "lock.holder").exists()
        assert not is_held(folder)

        with holding(folder):
            assert json.loads((folder.path / "lock.holder").read_text())["pid"] == os.getpid()


def test_a_run_can_be_held_again_when_it_is_let_go(folder: RunFolder) -> None:
    for _ in range(3):
        with holding(folder):
            assert is_held(folder)
        assert not is_held(folder)
        assert not (folder.path / "lock.holder").exists()


def test_a_run_is_let_go_whatever_ends_the_block(folder: RunFolder) -> None:
    with pytest.raises(ZeroDivisionError), holding(folder):
        raise ZeroDivisionError
    assert not is_held(folder)
    with another(folder) as next_one:
        said, _ = next_one.communicate()
    assert said == "held\n"


def test_looking_whether_a_run_is_held_turns_nobody_away(folder: RunFolder) -> None:
    """To look is to take the lock for a moment; whoever wants it waits that long."""
    with holding(folder):
        pass
    enough = threading.Event()

    def look() -> None:
        while not enough.is_set():
            is_held(folder)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(20):
            with holding(folder):
                pass
    finally:
        enough.set()
        looking.join()


def test_lock_and_note_are_private(folder: RunFolder) -> None:
    before = os.umask(0)
    try:
        with holding(folder):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"lock": 0o600, "lock.holder": 0o600}


@pytest.mark.parametrize("file", ["lock", "lock.holder"])
def test_a_run_whose_lock_cannot_be_written_is_refused(folder: RunFolder, file: str) -> None:
    (folder.path / file).mkdir()
    with pytest.raises(RunFolderError, match=f"{file} could not be written"), holding(folder):
        pass
    (folder.path / file).rmdir()
    with holding(folder):
        assert is_held(folder)


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError), holding(RunFolder(Path("/proc/none/r1"))):
        pass


@pytest.mark.parametrize("host", [socket.gethostname(), "another.example.org"], ids=["this host", "another"])
def test_a_note_without_its_lock_holds_nothing(folder: RunFolder, host: str) -> None:
    """A folder that was copied, moved or left by a killed process has one."""
    note(folder, {"pid": os.getpid(), "host": host})
    assert not is_held(folder)


def test_what_a_killed_process_left_unfinished_is_cleared_away(folder: RunFolder) -> None:
    for left in (".results.csv.0a1b2c3d.tmp", ".ledger.sqlite.0a1b2c3d.tmp-wal"):
        (folder.path / left).touch()
    with holding(folder):
        assert sorted(path.name for path in folder.path.iterdir()) == ["lock", "lock.holder"]


def test_a_set_of_accounts_is_held_by_one_run_at_a_time(tmp_path: Path) -> None:
    with holding_accounts(tmp_path, "a" * 64):
        with pytest.raises(RunHeldError, match="same accounts"), holding_accounts(tmp_path, "a" * 64):
            pass
        with holding_accounts(tmp_path, "b" * 64):
            pass
    with holding_accounts(tmp_path, "a" * 64):
        pass


@pytest.mark.parametrize(
    "content", ["x", [], {}, {"pid": "x", "host": "y"}, {"pid": None, "host": "y"}, {"pid": 1}, None]
)
def test_a_note_that_is_none_is_no_holder(folder: RunFolder, content: object) -> None:
    note(folder, content)
    assert not is_held(folder)


def test_a_run_that_nobody_ever_held_is_not_held(folder: RunFolder) -> None:
    assert not is_held(folder)
    assert list(folder.path.iterdir()) == []
