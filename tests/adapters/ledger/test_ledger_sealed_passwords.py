"""A new password is on disk only sealed, and whoever holds the key opens all of them."""

import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from ledger_records import attempt, ending, intent, reading, session

from batchreset.adapters.sealing import new_key_pair, open_passwords, parse_recipients, read_identities, sealer


def open_by_pyrage(blob: bytes, key: Path) -> bytes:
    identity = next(line for line in key.read_text().splitlines() if line.startswith("AGE-SECRET-KEY-"))
    opened: bytes = pyrage.decrypt(blob, [pyrage.x25519.Identity.from_str(identity)])
    return opened


def open_by_age(blob: bytes, key: Path) -> bytes:
    return subprocess.run(["age", "-d", "-i", key], input=blob, capture_output=True, check=True).stdout


OPENERS = [open_by_pyrage, pytest.param(open_by_age, marks=pytest.mark.programs)]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    secret, _ = new_key_pair()
    path = tmp_path / "key.txt"
    path.write_text(secret)
    return path


def public(key: Path) -> str:
    return key.read_text().splitlines()[0].removeprefix("# public key: ")


@pytest.mark.parametrize("opened_by", OPENERS)
def test_every_blob_opens_by_itself_with_the_ordinary_tool(
    tmp_path: Path, key: Path, opened_by: Callable[[bytes, Path], bytes]
) -> None:
    """As somebody would who has the folder, the key, and none of this program."""
    path = tmp_path / "ledger.sqlite"
    with session(path, seal=sealer(parse_recipients([public(key)]))) as store:
        store.write_group([intent(1, password="one"), intent(2, password='tw"o\\')])
        store.write_group([attempt(1), ending(1)])
        store.write_group([intent(1, 2, password="three")])

    with reading(path) as reader:
        clear = [opened_by(blob, key).decode() for blob in reader.sealed()]
    assert clear == [
        (
            '{"row": 1, "generation": 1, "request_id": "request-1-1", "password": "one"}\n'
            '{"row": 2, "generation": 1, "request_id": "request-2-1", "password": "tw\\"o\\\\"}\n'
        ),
        '{"row": 1, "generation": 2, "request_id": "request-1-2", "password": "three"}\n',
    ]


def test_passwords_are_opened_as_they_were_noted(tmp_path: Path, key: Path) -> None:
    path, words = tmp_path / "ledger.sqlite", ['"', "\\", "a b", "é\u2028x", "=1+1", "\x85"]
    with session(path, seal=sealer(parse_recipients([public(key)]))) as store:
        store.write_group([intent(row, password=word) for row, word in enumerate(words, start=1)])

    with reading(path) as reader:
        opened = list(open_passwords(reader.sealed(), read_identities(key)))
    assert [(one.row, one.generation) for one in opened] == [(row, 1) for row in range(1, len(words) + 1)]
    assert [one.password.open() for one in opened] == words


def test_no_password_is_in_clear_in_any_file(tmp_path: Path, key: Path) -> None:
    """Neither whole nor in pieces of eight characters, in the ledger, its log, or the index beside it."""
    canary = secrets.token_hex(40)
    pieces = {canary[start : start + 8].encode() for start in range(len(canary) - 7)}
    folder = tmp_path / "run"
    folder.mkdir()
    path = folder / "ledger.sqlite"
    with session(path, seal=sealer(parse_recipients([public(key)]))) as store:
        store.write_group([intent(row, password=canary) for row in range(1, 40)])
        store.write_group([make(row) for row in range(1, 40) for make in (attempt, ending)])
        written = {file.name: file.read_bytes() for file in folder.iterdir()}
    written["closed"] = path.read_bytes()

    assert written.keys() == {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "closed"}
    assert not [name for name, content in written.items() for piece in pieces if piece in content]


def test_a_password_that_nobody_is_to_know_is_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with session(path) as store:
        store.write_group([intent(1, password="canary-of-the-mine")])

    assert b"canary" not in path.read_bytes()
    with reading(path) as reader:
        assert list(reader.sealed()) == []


def test_a_group_without_passwords_seals_nothing(tmp_path: Path, key: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with session(path, seal=sealer(parse_recipients([public(key)]))) as store:
        store.write_group([intent(1, password=None), intent(2, password=None)])
        store.write_group([intent(3, password=None), intent(4, password="four")])

    with reading(path) as reader:
        assert [(one.row, one.password.open()) for one in open_passwords(reader.sealed(), read_identities(key))] == [
            (4, "four")
        ]
