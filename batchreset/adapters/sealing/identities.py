"""Secret keys, as `age-keygen` and `ssh-keygen` write them."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyrage

from batchreset.adapters.sealing.key_text import openssh_parts, ssh_name, text_of
from batchreset.errors import SettingsError

Identity = Any
"""`pyrage.x25519.Identity` or `pyrage.ssh.Identity`."""

_MOST_BYTES: Final = 1 << 20
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\n.*?-----END \1-----", re.DOTALL)
_SEALED_BY_AGE: Final = ("age-encryption.org/v1", "-----BEGIN AGE ENCRYPTED FILE-----")
_NEXT_STEP: Final = "give the file of a secret key with --identity: age's own (age-keygen), or an unencrypted SSH key"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """One secret key. `name` is its public half, as logs may tell it."""

    identity: Identity = field(repr=False)
    name: str


def read_identities(path: Path) -> tuple[SecretKey, ...]:
    """The secret keys in a file: age's (`AGE-SECRET-KEY-1…` lines) and SSH's, as many as there are.

    Raises:
        SettingsError: the file cannot be read, or holds no usable key; no part of it is shown.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except OSError as error:
        raise SettingsError(
            f"the key {path} cannot be read ({error.strerror or error})", next_step=_NEXT_STEP
        ) from error
    try:
        text = text_of(content).replace("\r\n", "\n")
    except UnicodeError:
        text = content.decode("utf-8", "replace")
    if text.startswith(_SEALED_BY_AGE):
        raise SettingsError(
            f"the key {path} is itself sealed (age -p, or to another key), and only age opens it",
            next_step="let age open it for this one command:"
            f" `age -d {shlex.quote(str(path))} | batchreset handover RUN --identity /dev/stdin`",
        )
    found = (*_of_age(text, path), *_of_ssh(text, path))
    if not found:
        raise _no_key(text, path)
    return found


def _of_age(text: str, path: Path) -> tuple[SecretKey, ...]:
    lines = [line.strip() for line in text.splitlines()]
    try:
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line.upper().startswith("AGE-SECRET-KEY-")]
    except pyrage.IdentityError as error:
        raise _unusable(path, str(error)) from error
    return tuple(SecretKey(identity=key, name=str(key.to_public())) for key in keys)


def _of_ssh(text: str, path: Path) -> tuple[SecretKey, ...]:
    blocks = [found[0] + "\n" for found in _BLOCK.finditer(text)]
    if not blocks and "-----BEGIN" in text and "PRIVATE KEY" in text:
        raise _unusable(path, "it is cut short")
    return tuple(_ssh_key(block, path) for block in blocks)


def _ssh_key(block: str, path: Path) -> SecretKey:
    kind = block.partition("BEGIN ")[2].partition("-----")[0]
    if kind not in {"OPENSSH PRIVATE KEY", "RSA PRIVATE KEY"}:
        raise SettingsError(
            f"the key {path} is written as {kind}, which age does not read",
            next_step="write a copy as OpenSSH does and give that: `cp KEY COPY; ssh-keygen -p -f COPY`, an empty"
            " passphrase; remove the copy afterwards",
        )
    cipher, public = openssh_parts(block) or ("none", b"")
    if cipher != "none" or "ENCRYPTED" in block:
        raise SettingsError(
            f"the key {path} is locked with a passphrase, and batchreset does not ask for passphrases",
            next_step="make an unlocked copy for this one time: `cp KEY COPY; ssh-keygen -p -N '' -f COPY` (it asks for"
            " the old passphrase), give COPY, and remove it afterwards",
        )
    try:
        identity = pyrage.ssh.Identity.from_buffer(block.encode())
    except pyrage.IdentityError as error:
        raise _unusable(path, str(error)) from error
    name = ssh_name(public[4 : 4 + public[3]].decode("ascii", "replace"), public) if public else "an RSA key in PEM"
    return SecretKey(identity=identity, name=name)


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(f"the key {path} cannot be used ({why})", next_step=_NEXT_STEP)


def _no_key(text: str, path: Path) -> SettingsError:
    if "AGE-PLUGIN-" in text.upper():
        return SettingsError(
            f"the key {path} is an age plugin's (a hardware key, for instance), which batchreset cannot use",
            next_step="open with another of the run's recipients; what age itself can open with the plugin, it opens:"
            " the ledger's sealed passwords are ordinary age files",
        )
    if re.search(r"^\s*(age1|ssh-|ecdsa-)", text, re.MULTILINE):
        return SettingsError(
            f"{path} holds no secret key, but a public one: passwords are sealed with it, not opened",
            next_step=_NEXT_STEP,
        )
    return SettingsError(f"{path} holds no secret key", next_step=_NEXT_STEP)
