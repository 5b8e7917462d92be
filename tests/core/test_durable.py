"""Files that are whole or not there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchreset.durable import PRIVATE_FOLDER_MODE, replacing, sync_folder, write_again, write_text


class Killed(BaseException):
    """Ends a block as an interrupt does."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "summary.json"


def test_when_the_block_ends_well_the_file_is_there_alone(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("new", encoding="utf-8")

    assert path.read_text(encoding="utf-8") == "new"
    assert list(path.parent.iterdir()) == [path]


def test_until_the_block_ends_the_old_file_is_there(path: Path) -> None:
    path.write_text("old", encoding="utf-8")
    with replacing(path) as temporary:
        temporary.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"

    assert path.read_text(encoding="utf-8") == "new"


def test_the_temporary_file_stands_beside_it_hidden(path: Path) -> None:
    """In the same folder, so that the rename is one step on one file system."""
    with replacing(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".summary.json.")
        assert temporary.name.endswith(".tmp")


def _write_half(path: Path, error: type[BaseException]) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise error


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, Killed])
@pytest.mark.parametrize("old", [None, "old"], ids=["no-file-before", "a-file-before"])
def test_when_the_block_raises_all_is_as_it_was(path: Path, old: str | None, error: type[BaseException]) -> None:
    if old is not None:
        path.write_text(old, encoding="utf-8")
    with pytest.raises(error):
        _write_half(path, error)

    assert [(file.name, file.read_text(encoding="utf-8")) for file in path.parent.iterdir()] == (
        [] if old is None else [("summary.json", old)]
    )


def test_when_it_cannot_be_renamed_the_temporary_file_is_gone(path: Path) -> None:
    with pytest.raises(IsADirectoryError), replacing(path):
        path.mkdir()

    assert list(path.parent.iterdir()) == [path]


def _same_thing(path: Path) -> tuple[int, ...]:
    """What does not change when somebody else uses it meanwhile, as everybody does /dev/null."""
    state = path.stat()
    return state.st_mode, state.st_dev, state.st_ino, state.st_rdev


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: Path(path).symlink_to("/dev/null")])
@pytest.mark.parametrize("linked", [False, True], ids=["itself", "by a link"])
def test_what_is_no_plain_file_is_not_replaced(path: Path, make: Callable[[Path], None], *, linked: bool) -> None:
    """A pipe, a folder, a device: a file in its place would break whoever uses it."""
    make(path)
    before = _same_thing(path)
    named = path.with_name("link") if linked else path
    if linked:
        named.symlink_to(path.name)
    with pytest.raises(OSError, match=r"no plain file|Is a directory"), replacing(named):
        pass
    assert _same_thing(path) == before
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, named.name}


@pytest.mark.parametrize("old", [None, "old"], ids=["leading nowhere", "to a file"])
def test_of_a_link_the_file_it_leads_to_is_replaced(path: Path, old: str | None) -> None:
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / "target"
    if old is not None:
        target.write_text(old, encoding="utf-8")
    path.symlink_to(target)
    write_text(path, "new")
    assert path.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
    assert [entry.name for entry in elsewhere.iterdir()] == ["target"]


def test_when_the_block_takes_the_temporary_file_away_it_is_told(path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(path) as temporary:
        temporary.unlink()

    assert list(path.parent.iterdir()) == []


def test_the_blocks_own_error_is_the_one_that_is_told(path: Path) -> None:
    def take_away() -> None:
        with replacing(path) as temporary:
            temporary.unlink()
            raise KeyError

    with pytest.raises(KeyError):
        take_away()

    assert list(path.parent.iterdir()) == []


def test_folders_are_the_owners_alone() -> None:
    assert PRIVATE_FOLDER_MODE == 0o700


@pytest.mark.parametrize("old_mode", [None, 0o644, 0o666], ids=["no-file-before", "0644-before", "0666-before"])
def test_only_the_owner_may_read_it_from_the_first_byte_on(path: Path, old_mode: int | None) -> None:
    if old_mode is not None:
        path.touch()
        path.chmod(old_mode)
    before = os.umask(0)
    try:
        with replacing(path) as temporary:
            assert temporary.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600


def test_two_at_once_do_not_meet(path: Path) -> None:
    with replacing(path) as first:
        first.write_text("first", encoding="utf-8")
        with replacing(path) as second:
            second.write_text("second", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "second"

    assert path.read_text(encoding="utf-8") == "first"


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "none" / "file"):
        pytest.fail("the block was entered")


def test_a_folder_that_is_not_there_cannot_be_synced(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")


def test_syncing_leaves_no_descriptor_open(tmp_path: Path) -> None:
    """The lowest free number is the same before and after."""
    before = os.dup(0)
    os.close(before)

    sync_folder(tmp_path)
    write_text(tmp_path / "file", "text")
    after = os.dup(0)
    os.close(after)

    assert after == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=50))
def test_a_text_is_written_whole_in_utf_8(path: Path, text: str) -> None:
    write_text(path, text)

    assert path.read_bytes() == text.encode()


def test_a_name_that_is_no_unicode_is_written_escaped(path: Path) -> None:
    write_text(path, "caf\udce9.csv")

    assert path.read_bytes() == rb"caf\udce9.csv"


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_what_is_written_again_is_as_it_was_and_the_same_file(path: Path, size: int) -> None:
    content = os.urandom(size)
    path.write_bytes(content)
    before = path.stat().st_ino

    write_again(path)

    assert path.read_bytes() == content
    assert path.stat().st_ino == before
