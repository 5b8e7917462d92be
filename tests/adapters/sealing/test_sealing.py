"""What is sealed opens with any recipient's key, and with no other."""

import json
from pathlib import Path

import pytest
from sealing_keys import AGE, EVERY_KIND, KeyPair, age_key, ed25519_key, locked_key, rsa_key

from batchreset.adapters.sealing import new_key_pair, open_passwords, parse_recipients, read_identities, sealer
from batchreset.errors import ExitCode, SettingsError


def noted(row: int, password: str, generation: int = 1) -> bytes:
    line = {"row": row, "generation": generation, "request_id": "r", "password": password}
    return json.dumps(line).encode() + b"\n"


def key_file(folder: Path, pair: KeyPair, name: str = "key") -> Path:
    path = folder / name
    path.write_text(pair.secret)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("pair", EVERY_KIND)
def test_what_is_sealed_to_a_key_opens_with_it(pair: KeyPair, tmp_path: Path) -> None:
    seal = sealer(parse_recipients([pair.public]))
    blobs = [seal(noted(1, "one") + noted(2, "two")), seal(noted(1, "three", 2))]

    opened = list(open_passwords(blobs, read_identities(key_file(tmp_path, pair))))

    assert [(one.row, one.generation, one.password.open()) for one in opened] == [
        (1, 1, "one"),
        (2, 1, "two"),
        (1, 2, "three"),
    ]
    assert "one" not in repr(opened)


@pytest.mark.parametrize("pair", EVERY_KIND)
def test_what_is_sealed_is_an_ordinary_age_file(pair: KeyPair) -> None:
    """By the format's first line; the age program itself is asked in test_sealing_programs."""
    blob = sealer(parse_recipients([pair.public]))(b"clear text")

    assert blob.startswith(b"age-encryption.org/v1\n")
    assert b"clear text" not in blob


def test_each_of_several_recipients_opens_it_alone(tmp_path: Path) -> None:
    pairs = [age_key(), age_key(), ed25519_key(), rsa_key()]
    blob = sealer(parse_recipients([pair.public for pair in pairs]))(noted(1, "shared"))

    for pair in pairs:
        (opened,) = open_passwords([blob], read_identities(key_file(tmp_path, pair)))
        assert opened.password.open() == "shared"


def test_one_fitting_key_among_several_is_enough(tmp_path: Path) -> None:
    blob = sealer(parse_recipients([AGE.public]))(noted(1, "found"))
    keys = [key for pair in (age_key(), AGE, ed25519_key()) for key in read_identities(key_file(tmp_path, pair))]

    (opened,) = open_passwords([blob], keys)
    assert opened.password.open() == "found"


def test_a_file_may_hold_several_secret_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# mine\n{age_key().secret}\n\n  {AGE.secret}  \n# end\n")
    blob = sealer(parse_recipients([AGE.public]))(noted(1, "found"))

    (opened,) = open_passwords([blob], read_identities(path))
    assert opened.password.open() == "found"


@pytest.mark.parametrize("pair", EVERY_KIND)
def test_a_wrong_key_is_refused_clearly(pair: KeyPair, tmp_path: Path) -> None:
    blob = sealer(parse_recipients([pair.public]))(noted(1, "canary"))

    with pytest.raises(SettingsError, match="the key does not open this run's passwords") as caught:
        list(open_passwords([blob], read_identities(key_file(tmp_path, age_key()))))

    assert caught.value.exit_code is ExitCode.REFUSED
    assert "secret key" in caught.value.next_step
    assert "canary" not in "\n".join(caught.value.lines())


def test_a_key_behind_a_passphrase_is_refused_clearly(tmp_path: Path) -> None:
    key = locked_key()
    blob = sealer(parse_recipients([key.public]))(noted(1, "canary"))

    with pytest.raises(SettingsError) as caught:
        list(open_passwords([blob], read_identities(key_file(tmp_path, key))))

    assert "key" in caught.value.what


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda blob: blob[:-5], id="cut short"),
        pytest.param(lambda blob: blob[:-5] + bytes([blob[-5] ^ 1]) + blob[-4:], id="one bit"),
        pytest.param(lambda blob: blob + blob, id="two files run together"),
        pytest.param(lambda blob: b"", id="nothing"),
    ],
)
def test_a_damaged_blob_is_refused(damage: object, tmp_path: Path) -> None:
    assert callable(damage)
    blob = damage(sealer(parse_recipients([AGE.public]))(noted(1, "one")))
    with pytest.raises(SettingsError, match="does not open"):
        list(open_passwords([blob], read_identities(key_file(tmp_path, AGE))))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param("", "holds no secret key", id="empty"),
        pytest.param(AGE.public, "holds no secret key", id="the public key"),
        pytest.param("AGE-SECRET-KEY-1QQQQCANARY", "cannot be used", id="half a key"),
        pytest.param("-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n", "cannot be used", id="half an ssh key"),
    ],
)
def test_a_file_without_a_usable_secret_key_is_refused_and_not_shown(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(content)

    with pytest.raises(SettingsError, match=why) as caught:
        read_identities(path)

    assert str(path) in caught.value.what
    assert "--identity" in caught.value.next_step
    assert "CANARY" not in "\n".join(caught.value.lines())


def test_a_key_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_identities(tmp_path / "none")


def test_a_binary_file_holds_no_secret_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(SettingsError, match="holds no secret key"):
        read_identities(path)


def test_a_new_key_pair_is_a_key_file_and_the_key_that_it_opens(tmp_path: Path) -> None:
    content, public = new_key_pair()
    path = tmp_path / "key.txt"
    path.write_text(content)
    blob = sealer(parse_recipients([public]))(noted(1, "mine"))

    (opened,) = open_passwords([blob], read_identities(path))

    assert opened.password.open() == "mine"
    assert content.startswith(f"# public key: {public}\n")
    assert new_key_pair()[1] != public
