"""Keys from the real `ssh-keygen` and `age-keygen`, files from and for the real `age`."""

import contextlib
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest

from batchreset.adapters.sealing import (
    parse_recipients,
    public_name,
    read_identities,
    resolve_recipients,
    seal_into,
    sealer,
)
from batchreset.errors import SettingsError

pytestmark = pytest.mark.programs

SSH = {
    "ed25519": ("-t", "ed25519"),
    "rsa": ("-t", "rsa", "-b", "2048"),
    "rsa in PEM": ("-t", "rsa", "-b", "2048", "-m", "PEM"),
}
KINDS = [*SSH, "age"]


def run(*command: str | Path, given: bytes = b"") -> bytes:
    return subprocess.run(list(map(str, command)), input=given, capture_output=True, check=True, timeout=60).stdout


def ssh_key(folder: Path, *options: str, passphrase: str = "", name: str = "id") -> Path:
    run("ssh-keygen", "-q", *options, "-C", "helpdesk of Contoso", "-N", passphrase, "-f", folder / name)
    return folder / name


def key_pair(folder: Path, kind: str) -> tuple[Path, Path]:
    """The files of the secret and the public key."""
    if kind == "age":
        run("age-keygen", "-o", folder / "id")
        (folder / "id.pub").write_bytes(run("age-keygen", "-y", folder / "id"))
        return folder / "id", folder / "id.pub"
    secret = ssh_key(folder, *SSH[kind])
    return secret, secret.with_suffix(".pub")


def opened(sealed: bytes, key: Path) -> bytes:
    clear: bytes = pyrage.decrypt(sealed, [one.identity for one in read_identities(key)])
    return clear


@pytest.mark.parametrize("kind", KINDS)
def test_age_opens_what_is_sealed_here_and_the_other_way_round(kind: str, tmp_path: Path) -> None:
    secret, public = key_pair(tmp_path, kind)
    recipients = parse_recipients(resolve_recipients([str(public)]))
    (tmp_path / "binary").write_bytes(sealer(recipients)(b"clear"))
    with (tmp_path / "armored").open("wb") as file:
        seal_into(file, [b"cl", b"ear"], recipients, armored=True)

    assert [run("age", "-d", "-i", secret, tmp_path / name) for name in ("binary", "armored")] == [b"clear"] * 2
    for armor in ((), ("-a",)):
        assert opened(run("age", "-R", public, *armor, given=b"clear"), secret) == b"clear"


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_went_through_windows_open_too(kind: str, tmp_path: Path) -> None:
    secret, public = key_pair(tmp_path, kind)
    for path in (secret, public):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert opened(sealer(parse_recipients(resolve_recipients([str(public)])))(b"clear"), secret) == b"clear"


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_ssh_keys_are_named_as_ssh_keygen_names_them(kind: str, tmp_path: Path) -> None:
    secret, public = key_pair(tmp_path, kind)
    (key,) = read_identities(secret)
    _, fingerprint, *comment, _ = run("ssh-keygen", "-lf", public).decode().split()

    assert key.name.split() == [public.read_text().split()[0], fingerprint]
    assert public_name(public.read_text().strip()).split() == [*key.name.split(), *comment]


def test_lines_of_authorized_keys_with_options_and_several_keys_in_one_file(tmp_path: Path) -> None:
    secrets = [ssh_key(tmp_path, *SSH[kind], name=kind.replace(" ", "-")) for kind in ("ed25519", "rsa")]
    lines = [secret.with_suffix(".pub").read_text() for secret in secrets]
    keys = tmp_path / "authorized_keys"
    keys.write_text(f'# the desk\nfrom="10.0.0.0/8",command="echo \\"ssh-rsa x\\"" {lines[0]}\nrestrict {lines[1]}')
    both = tmp_path / "both"
    both.write_text("".join(secret.read_text() for secret in secrets))

    recipients = resolve_recipients([str(keys)])
    assert recipients == tuple(line.strip() for line in lines)
    assert len(read_identities(both)) == 2
    for recipient in recipients:
        assert opened(sealer(parse_recipients([recipient]))(b"clear"), both) == b"clear"


@pytest.mark.parametrize("options", [*SSH.values(), ("-t", "rsa", "-m", "PKCS8")], ids=[*SSH, "PKCS 8"])
def test_a_locked_key_is_refused_and_the_advice_opens_it(options: tuple[str, ...], tmp_path: Path) -> None:
    locked = ssh_key(tmp_path, *options, passphrase="correct horse")
    public = locked.with_suffix(".pub").read_text().strip()
    with pytest.raises(SettingsError, match=r"locked with a passphrase|is written as ENCRYPTED PRIVATE KEY") as caught:
        read_identities(locked)

    assert re.search(r"`cp KEY COPY; ssh-keygen -p .*-f COPY`", caught.value.next_step)
    run("ssh-keygen", "-p", "-P", "correct horse", "-N", "", "-f", locked)
    assert opened(sealer(parse_recipients([public]))(b"clear"), locked) == b"clear"


def at_a_terminal(command: str, answer: Callable[[bytes], bytes | None]) -> int:
    """Run it in a shell at a terminal; `answer` sees all that was said so far and may type. Its exit code."""
    terminal, its_end = pty.openpty()
    words = ["setsid", "--ctty", "sh", "-c", command]
    with subprocess.Popen(words, stdin=its_end, stdout=its_end, stderr=its_end) as process:
        os.close(its_end)
        said = b""
        # EIO is how a terminal says that nobody has its other end open any more.
        with os.fdopen(terminal, "r+b", buffering=0) as screen, contextlib.suppress(OSError):
            while True:
                said += screen.read(1024)
                if typed := answer(said):
                    screen.write(typed)
    return process.returncode


def test_an_age_key_behind_a_passphrase_is_refused_and_the_advice_opens_it(tmp_path: Path) -> None:
    secret, public = key_pair(tmp_path, "age")
    sealed, again = tmp_path / "id.age", tmp_path / "opened"
    asked: list[bytes] = []

    def type_it(said: bytes) -> bytes | None:
        questions = re.findall(rb"passphrase[^\n:]*: ", said)
        if len(questions) > len(asked):
            asked.append(questions[-1])
            return b"correct horse battery\n"
        return None

    assert at_a_terminal(f"age -p -o {sealed} {secret}", type_it) == 0
    with pytest.raises(SettingsError, match="is itself sealed") as caught:
        read_identities(sealed)
    assert f"`age -d {sealed} | batchreset handover RUN --identity /dev/stdin`" in caught.value.next_step

    asked.clear()
    assert at_a_terminal(f"age -d {sealed} | cat /dev/stdin > {again}", type_it) == 0
    recipients = parse_recipients(resolve_recipients([str(public)]))
    assert opened(sealer(recipients)(b"clear"), again) == b"clear"
