"""A sign-in is kept whole or not at all, for its owner only, one process at a time."""

import json
import stat
from pathlib import Path

import filelock
import pytest
from msal_extensions.persistence import BasePersistence, PersistenceNotFound

from batchreset.adapters.signin.store import Kept, SignInStore, open_store
from batchreset.errors import SignInError

STATE = json.dumps({"RefreshToken": {"k": {"secret": "canary-refresh"}}})
KEPT = Kept(state=STATE, given_sha256="ab", kept_at="2026-11-25T19:00:00.000Z")


class Keyring(BasePersistence):  # type: ignore[misc]  # msal-extensions ships no types
    """A platform's keyring, in memory."""

    is_encrypted = True

    def __init__(self, *, broken: Exception | None = None) -> None:
        self.content: str | None = None
        self.broken = broken

    def save(self, content: str) -> None:
        if self.broken is not None:
            raise self.broken
        self.content = content

    def load(self) -> str:
        if self.broken is not None:
            raise self.broken
        if self.content is None:
            raise PersistenceNotFound(location="keyring")
        return self.content

    def time_last_modified(self) -> float:
        return 0.0

    def get_location(self) -> str:
        return "keyring"


def store(folder: Path, **whose: str) -> SignInStore:
    names = {"authority": "https://login.example", "tenant_id": "t", "client_id": "c"}
    return open_store(**{**names, **whose}, cache_dir=str(folder / "sign-in"))


def only_file(folder: Path) -> Path:
    (path,) = (folder / "sign-in").glob("*.json")
    return path


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    assert store(tmp_path).load() == Kept()
    with store(tmp_path).held():
        store(tmp_path).save(KEPT)
    assert store(tmp_path).load() == KEPT


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    with store(tmp_path).held():
        store(tmp_path).save(KEPT)
    assert stat.S_IMODE(only_file(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "sign-in").stat().st_mode) == 0o700


def test_each_application_tenant_and_authority_has_its_own(tmp_path: Path) -> None:
    with store(tmp_path).held():
        store(tmp_path).save(KEPT)
    for whose in ({"authority": "https://other.example"}, {"tenant_id": "u"}, {"client_id": "d"}):
        assert store(tmp_path, **whose).load() == Kept()


def test_two_processes_do_not_hold_one_sign_in(tmp_path: Path) -> None:
    with store(tmp_path).held():
        (lock,) = (tmp_path / "sign-in").glob("*.lock")
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(lock, timeout=0).acquire()
    filelock.FileLock(lock, timeout=0).acquire()


def test_a_killed_process_leaves_nothing_half_written_behind(tmp_path: Path) -> None:
    """Killed between writing and renaming: the next one that keeps or removes a sign-in sweeps it away."""
    kept = store(tmp_path)
    for act in (lambda: kept.save(KEPT), kept.remove):
        with kept.held():
            kept.save(KEPT)
            left = only_file(tmp_path).with_name(f".{only_file(tmp_path).name}.0badcafe.tmp")
            left.write_text(STATE[:20])
            act()
        assert not left.exists()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"format": 99, "msal": {}}', '{"format": 1}', '{"format": 1, "msal": 7}', "\0", "[" * 100_000],
    ids=["empty", "torn", "list", "newer", "parts missing", "other type", "control", "deep"],
)
def test_what_is_no_sign_in_is_told_and_left_alone(tmp_path: Path, content: str) -> None:
    with store(tmp_path).held():
        store(tmp_path).save(KEPT)
    only_file(tmp_path).write_text(content)
    with pytest.raises(SignInError, match="not a sign-in") as caught:
        store(tmp_path).load()
    assert "auth logout" in caught.value.next_step
    assert only_file(tmp_path).read_text() == content


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "sign-in").write_text("a file")
    with pytest.raises(SignInError, match="cannot be kept in") as caught, store(tmp_path).held():
        pass
    assert "cache_dir" in caught.value.next_step


def test_it_is_removed_and_said_whether_there_was_one(tmp_path: Path) -> None:
    with store(tmp_path).held():
        store(tmp_path).save(KEPT)
    assert store(tmp_path).remove() is True
    assert store(tmp_path).remove() is False
    assert list((tmp_path / "sign-in").glob("*.json")) == []


def test_what_cannot_be_read_is_removed_all_the_same(tmp_path: Path) -> None:
    with store(tmp_path).held():
        store(tmp_path).save(KEPT)
    only_file(tmp_path).write_text("{")
    assert store(tmp_path).remove() is True
    assert store(tmp_path).load() == Kept()


def keyring_store(folder: Path, keyring: Keyring) -> SignInStore:
    return open_store(authority="a", tenant_id="t", client_id="c", cache_dir=str(folder), persistence=keyring)


def test_a_keyring_holds_it_and_no_file_does(tmp_path: Path) -> None:
    kept = keyring_store(tmp_path, Keyring())
    with kept.held():
        kept.save(KEPT)
    assert kept.encrypted
    assert kept.load() == KEPT
    assert not any("canary" in path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_a_removed_keyring_entry_holds_no_token(tmp_path: Path) -> None:
    """msal-extensions cannot delete an entry, so it is emptied."""
    keyring = Keyring()
    kept = keyring_store(tmp_path, keyring)
    with kept.held():
        kept.save(KEPT)
    assert kept.remove() is True
    assert "canary" not in (keyring.content or "")
    assert kept.remove() is False


def test_a_keyring_that_fails_is_told_without_its_own_text(tmp_path: Path) -> None:
    kept = keyring_store(tmp_path, Keyring(broken=RuntimeError("canary-refresh")))
    with pytest.raises(SignInError, match="RuntimeError") as caught:
        kept.load()
    assert "canary" not in str(caught.value)
    with pytest.raises(OSError, match="RuntimeError") as failed:
        kept.save(KEPT)
    assert "canary" not in str(failed.value)


def test_no_refresh_token_is_shown() -> None:
    assert "canary" not in repr(KEPT)


def test_a_machine_without_a_keyring_does_not_take_its_sign_for_a_sign_in(tmp_path: Path) -> None:
    """Signed in on a desktop, run by cron: nobody has signed in there, which is not the same as a torn file."""
    (tmp_path / "sign-in").mkdir()
    path = Path(store(tmp_path).place)
    path.with_suffix(".keyring").touch()
    assert store(tmp_path).load() == Kept()


def test_a_folder_of_nobody_is_told_when_it_cannot_be_used() -> None:
    kept = open_store(authority="a", tenant_id="t", client_id="c", cache_dir="/dev/null/~nobody-here")
    with pytest.raises(SignInError, match="cannot be kept"), kept.held():
        pass
    assert open_store(authority="a", tenant_id="t", client_id="c", cache_dir="~nobody-here/x").load() == Kept()
