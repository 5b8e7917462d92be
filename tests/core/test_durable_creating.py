"""Files that come into being whole, where nothing was."""

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batchreset.durable import _move_where_nothing_is, creating

WAYS = pytest.mark.parametrize("nameless", [True, False], ids=["without a name", "with a temporary name"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "passwords.csv"


@WAYS
def test_when_the_block_ends_well_the_file_is_there_alone_and_private(path: Path, *, nameless: bool) -> None:
    with creating(path, nameless=nameless) as file:
        file.write(b"whole")
        assert not path.exists()

    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_nlink == 1
    assert list(path.parent.iterdir()) == [path]


@WAYS
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_when_the_block_raises_nothing_is_there(path: Path, error: type[BaseException], *, nameless: bool) -> None:
    def half() -> None:
        with creating(path, nameless=nameless) as file:
            file.write(b"half")
            file.flush()
            raise error

    with pytest.raises(error):
        half()
    assert list(path.parent.iterdir()) == []


@WAYS
@pytest.mark.parametrize(
    "put",
    [
        pytest.param(lambda path: path.write_text("old"), id="a file"),
        pytest.param(lambda path: path.mkdir(), id="a folder"),
        pytest.param(lambda path: path.symlink_to("nowhere"), id="a link to nowhere"),
    ],
)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nothing_is_written_over_what_is_there(
    path: Path, put: Callable[[Path], None], when: str, *, nameless: bool
) -> None:
    def write() -> None:
        with creating(path, nameless=nameless) as file:
            file.write(b"new")
            put(path)

    if when == "before":
        put(path)
    with pytest.raises(FileExistsError):
        write()

    assert list(path.parent.iterdir()) == [path]
    assert path.is_dir() or path.is_symlink() or path.read_text() == "old"


def test_killed_while_it_is_written_nothing_is_left(path: Path) -> None:
    script = (
        "import os, sys, pathlib, signal; from batchreset.durable import creating\n"
        "with creating(pathlib.Path(sys.argv[1])) as file:\n"
        "  file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, path], check=False)

    assert killed.returncode == -9
    assert list(path.parent.iterdir()) == []


def test_a_disk_without_second_names_takes_it_too(tmp_path: Path) -> None:
    def no_links(_target: Path, _path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    temporary, path = tmp_path / ".new.tmp", tmp_path / "new"
    temporary.write_text("whole")
    _move_where_nothing_is(temporary, path, link=no_links)
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]

    temporary.write_text("other")
    with pytest.raises(FileExistsError):
        _move_where_nothing_is(temporary, path, link=no_links)
    assert path.read_text() == "whole"
