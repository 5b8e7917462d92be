"""Passwords are sealed to public keys of every documented kind; whatever is none is refused, secrets unseen."""

from pathlib import Path

import pytest
from sealing_keys import AGE, EVERY_KIND, KeyPair, age_key, ecdsa_key, ed25519_key, locked_key

from batchreset.adapters.sealing import parse_recipients, resolve_recipients
from batchreset.errors import ExitCode, SettingsError


@pytest.mark.parametrize("pair", EVERY_KIND)
def test_a_public_key_is_taken_as_it_is(pair: KeyPair) -> None:
    assert resolve_recipients([f" {pair.public}\n"]) == (pair.public,)


@pytest.mark.parametrize("pair", EVERY_KIND)
def test_a_public_key_may_stand_in_a_file(pair: KeyPair, tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"# the service desk's\n\n   {pair.public}  \n", encoding="utf-8")

    assert resolve_recipients([str(path)]) == (pair.public,)


def test_ssh_keys_may_carry_a_comment() -> None:
    key = f"{ed25519_key().public} someone@example.org, her laptop"
    assert resolve_recipients([key]) == (key,)
    assert len(parse_recipients([key])) == 1


def test_keys_keep_their_order_whether_given_or_in_files(tmp_path: Path) -> None:
    one, two, three, four = (age_key().public for _ in range(4))
    path = tmp_path / "keys"
    path.write_bytes(f"{two}\r\n#{one}\r\n  # {one}\r\n{three}\r\n".encode())

    assert resolve_recipients([one, str(path), four]) == (one, two, three, four)


def test_a_file_may_be_named_from_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "keys").write_text(AGE.public)

    assert resolve_recipients(["~/keys"]) == (AGE.public,)


@pytest.mark.parametrize("in_file", [pytest.param(False, id="given"), pytest.param(True, id="in a file")])
@pytest.mark.parametrize(
    "pair",
    [*EVERY_KIND, pytest.param(locked_key(), id="behind a passphrase")],
)
def test_a_secret_key_is_refused_and_not_shown(pair: KeyPair, tmp_path: Path, *, in_file: bool) -> None:
    value = pair.secret
    if in_file:
        path = tmp_path / "key"
        path.write_text(pair.secret)
        value = str(path)

    with pytest.raises(SettingsError, match="this is a secret key") as caught:
        resolve_recipients([value])

    shown = "\n".join([*caught.value.lines(), str(caught.value.__cause__)])
    longest = max(pair.secret.split(), key=len)
    assert longest[16:40] not in shown
    assert "age-keygen -y" in caught.value.next_step


@pytest.mark.parametrize(
    "spelled",
    [AGE.secret.lower(), f"key: {AGE.secret}", f"  {AGE.secret}"],
    ids=["lower case", "after a word", "indented"],
)
def test_a_secret_key_is_known_however_it_is_spelled_in_a_file(spelled: str, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{age_key().public}\n{spelled}\n")

    with pytest.raises(SettingsError, match="this is a secret key") as caught:
        resolve_recipients([str(path)])
    assert AGE.secret[20:40].lower() not in "\n".join(caught.value.lines()).lower()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", "holds no public key", id="empty"),
        pytest.param(b"# nobody\n\n   \n", "holds no public key", id="comments only"),
        pytest.param(b"\xfe\x80\x00\x01", "it is not text", id="binary"),
        pytest.param(b"hello", "'hello' is not a public key", id="another text"),
        pytest.param(AGE.public[:-1].encode(), "is not a public key", id="a character less"),
        pytest.param(b"ssh-ed25519 AAAA", "is not a public key", id="half an ssh key"),
        pytest.param(ecdsa_key().encode(), "is not a public key", id="a kind of key that age does not know"),
    ],
)
def test_a_file_without_usable_keys_is_refused(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=why) as caught:
        resolve_recipients([AGE.public, str(path)])
    assert caught.value.exit_code is ExitCode.REFUSED


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param("keys.txt", id="no such file"),
        pytest.param("/", id="a folder"),
        pytest.param("~nobody-of-that-name/keys", id="no such home"),
        pytest.param("a\0b", id="no path at all"),
        pytest.param("age1qqqq", id="half a key"),
        pytest.param("ssh-dss AAAAB3NzaC1kc3MAAACB", id="a kind of key that age does not know"),
        pytest.param(ecdsa_key(), id="another such"),
    ],
)
def test_what_is_neither_key_nor_file_is_refused_with_what_would_be(value: str) -> None:
    with pytest.raises(SettingsError, match=r"\[password\] recipients: ") as caught:
        resolve_recipients([value])
    assert "age-keygen" in caught.value.next_step


def test_keys_of_a_run_are_checked_again_when_they_are_used() -> None:
    with pytest.raises(SettingsError, match="is not a public key"):
        parse_recipients([AGE.public, "age1" + "q" * 58])
