"""Key files as people have them: other line ends and encodings, several keys, options, kinds that are no use."""

import base64
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sealing_keys import AGE, EVERY_KIND, KeyPair, age_key, ecdsa_key, ed25519_key, locked_key, rsa_key

from batchreset.adapters.sealing import (
    opening,
    parse_recipients,
    public_name,
    read_identities,
    resolve_recipients,
    sealer,
)
from batchreset.errors import SettingsError

ED25519 = ed25519_key()
PLUGIN = "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyvumptt"
PLUGIN_IDENTITY = "AGE-PLUGIN-YUBIKEY-1GKNGQVZYQ2CANARY"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key"


@pytest.mark.parametrize("pair", EVERY_KIND)
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
        pytest.param(lambda text: text.encode("utf-8-sig"), id="with a byte order mark"),
        pytest.param(lambda text: f"# mine\n\n{text}\n\n".encode(), id="with lines around it"),
    ],
)
def test_a_key_is_read_however_its_file_was_written(pair: KeyPair, written: Callable[[str], bytes], path: Path) -> None:
    public = path.with_suffix(".pub")
    path.write_bytes(written(pair.secret + "\n"))
    public.write_bytes(written(pair.public + "\n"))

    (key,) = read_identities(path)
    blob = sealer(parse_recipients(resolve_recipients([str(public)])))(b"clear")
    assert pyrage.decrypt(blob, [key.identity]) == b"clear"


def test_a_file_may_hold_keys_of_several_kinds(path: Path) -> None:
    pairs = [AGE, ED25519, rsa_key(), age_key()]
    path.write_text("\n".join(pair.secret for pair in pairs))

    keys = read_identities(path)

    assert len(keys) == len(pairs)
    for pair in pairs:
        assert opening(sealer(parse_recipients([pair.public]))(b"clear"), keys).name == public_name(pair.public)


@pytest.mark.parametrize("pair", EVERY_KIND)
def test_a_secret_key_is_named_by_its_public_half_and_never_shown(pair: KeyPair, path: Path) -> None:
    path.write_text(pair.secret)
    (key,) = read_identities(path)

    assert key.name == public_name(pair.public)
    assert key.name == pair.public or key.name.startswith(f"{pair.public.split()[0]} SHA256:")
    assert max(pair.secret.split(), key=len)[16:40] not in repr(key)


def test_the_comment_of_a_public_key_stays_with_its_name() -> None:
    assert public_name(f"{ED25519.public} helpdesk of Contoso") == f"{public_name(ED25519.public)} helpdesk of Contoso"


def test_a_comment_is_no_command_to_a_terminal() -> None:
    assert public_name(f"{ED25519.public} a\x1b[2Jb\x07\u202ec") == f"{public_name(ED25519.public)} a[2Jbc"


@pytest.mark.parametrize("text", ["ssh-ed25519", "ssh-ed25519 A", "age1x", ""])
def test_what_is_no_key_is_named_as_it_is(text: str) -> None:
    assert public_name(text) == text


@pytest.mark.parametrize(
    "options",
    ["no-pty ", 'from="10.0.0.0/8",no-pty ', 'command="echo \\"ssh-rsa AAAA\\" x",restrict\t', "restrict   "],
)
@pytest.mark.parametrize("in_file", [True, False], ids=["in a file", "given"])
@pytest.mark.parametrize("pair", EVERY_KIND[1:])
def test_the_options_of_authorized_keys_are_left_out(pair: KeyPair, options: str, path: Path, *, in_file: bool) -> None:
    line = f"{options}{pair.public} someone@example.org"
    path.write_text(f"# keys\n{line}\n")

    assert resolve_recipients([str(path) if in_file else line]) == (f"{pair.public} someone@example.org",)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        pytest.param(PLUGIN, "an age plugin's key (yubikey)", id="plugin"),
        pytest.param("age1pq1" + "q" * 60, "an age plugin's key (pq)", id="post-quantum"),
        pytest.param(ecdsa_key(), "an SSH key of the kind ecdsa-sha2-nistp256", id="ecdsa"),
        pytest.param(
            "sk-ssh-ed25519@openssh.com AAAAGnNr", "an SSH key of the kind sk-ssh-ed25519@openssh.com", id="sk"
        ),
    ],
)
@pytest.mark.parametrize("in_file", [True, False], ids=["in a file", "given"])
def test_a_public_key_of_a_kind_that_is_no_use_is_refused_with_the_kind(
    key: str, kind: str, path: Path, *, in_file: bool
) -> None:
    path.write_text(key)
    with pytest.raises(SettingsError) as caught:
        resolve_recipients([str(path) if in_file else key], where="--recipient")

    assert caught.value.what.endswith(f"is not a public key that can be used here: it is {kind}")
    assert "into --recipient" in caught.value.next_step


def test_an_rsa_key_that_is_too_short_is_refused_as_such() -> None:
    numbers = rsa.RSAPublicNumbers(65537, (1 << 1023) + 7).public_key()

    with pytest.raises(SettingsError, match=r"an RSA key of fewer than 2,048 bits"):
        resolve_recipients([numbers.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()])


PKCS8 = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
# A key that `age -p -a` sealed; kept, as scrypt takes seconds on purpose.
ARMORED = b"""\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCAvYVdOS2R4NGFRTlVaNDJY
T3FXcGRRIDE5Cm5XVHkvcXowOVJBVnZyQUJubDdrVDltZUpYTnAwbUJGLzdwb0pS
K0VLdzgKLS0tIHBLaHBIemxNdW82K2VlTDZaVWpoWkRFcE5yZkQ2NGtZREhpbGtx
a3RNaUEKAiJEPKjUzq9wV1msRyVMa1o/OHL+hAbCVRBbnbdxvu/1j6758S6gFatl
5y0Ufh6YEpZbNPkm8rKF/i/M9V9WDym7CLdawz4OOddMvMP345dhhbY0Y9i0IXNg
VaxpoT5W9S4B/ZJ8Hqwy1A==
-----END AGE ENCRYPTED FILE-----
"""
SEALED = base64.b64decode(b"".join(ARMORED.splitlines()[1:-1]))
OLD_LOCK = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nCANARY==\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("content", "what", "do"),
    [
        pytest.param(locked_key().secret.encode(), "locked with a passphrase", "ssh-keygen -p -N ''", id="ssh, locked"),
        pytest.param(OLD_LOCK, "locked with a passphrase", "ssh-keygen -p", id="ssh, locked the old way"),
        pytest.param(SEALED, "is itself sealed (age -p", "`age -d ", id="age -p"),
        pytest.param(ARMORED, "is itself sealed (age -p", "--identity /dev/stdin", id="age -p -a"),
        pytest.param(PLUGIN_IDENTITY.encode(), "an age plugin's", "another of the run's recipients", id="plugin"),
        pytest.param(PKCS8, "is written as PRIVATE KEY", "ssh-keygen -p -f", id="PKCS 8"),
        pytest.param(ED25519.public.encode(), "but a public one", "--identity", id="public ssh key"),
        pytest.param(AGE.public.encode(), "but a public one", "--identity", id="public age key"),
        pytest.param(ED25519.secret.encode()[:-30], "cut short", "--identity", id="cut short"),
        pytest.param(b"AGE-SECRET-KEY-PQ-1CANARYCANARY", "cannot be used", "--identity", id="post-quantum"),
    ],
)
def test_a_secret_key_that_cannot_be_used_is_refused_with_what_to_do(
    content: bytes, what: str, do: str, path: Path
) -> None:
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_identities(path)

    assert what in caught.value.what
    assert do in caught.value.next_step
    assert "CANARY" not in "\n".join(caught.value.lines())
    assert AGE.secret[20:40] not in "\n".join(caught.value.lines())


def test_no_more_of_a_file_is_read_than_keys_can_be() -> None:
    with pytest.raises(SettingsError, match="holds no secret key"):
        read_identities(Path("/dev/zero"))
