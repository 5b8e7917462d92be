"""Recipients and identities: age's own X25519 keys, and SSH keys that age can use (ssh-ed25519, ssh-rsa)."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyrage

from batchreset.errors import SettingsError

Recipient = Any
"""`pyrage.x25519.Recipient` or `pyrage.ssh.Recipient`; pyrage ships no types."""
Identity = Any
"""`pyrage.x25519.Identity` or `pyrage.ssh.Identity`."""

_MAKE_A_KEY = (
    "make a key pair with `age-keygen -o key.txt` (keep key.txt off this machine) and put the public key, age1…, into"
    " [password] recipients; ssh-ed25519 and ssh-rsa public keys work too"
)


def resolve_recipients(values: Iterable[str]) -> tuple[str, ...]:
    """The public keys themselves: those given, and those in the files that are named, each checked.

    A file holds one key a line; `#` begins a comment. A run keeps the keys it was planned with, whatever becomes of
    the files.

    Raises:
        SettingsError: one is no public key, or a file cannot be read. A secret key is refused and not shown.
    """
    keys: list[str] = []
    for value in values:
        for key, where in _keys_in(value.strip()):
            _recipient(key, where=where)
            keys.append(key)
    return tuple(keys)


def parse_recipients(keys: Iterable[str]) -> tuple[Recipient, ...]:
    """The keys as pyrage wants them. Raises SettingsError."""
    return tuple(_recipient(key, where="[password] recipients") for key in keys)


def _keys_in(value: str) -> list[tuple[str, str]]:
    if _looks_like_a_key(value):
        return [(value, "[password] recipients")]
    try:
        lines = Path(value).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"[password] recipients: {_named(value)!r} is neither a public key (age1…, ssh-ed25519 …, ssh-rsa …)"
            f" nor a file that can be read ({_why(error)})",
            next_step=_MAKE_A_KEY,
        ) from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise SettingsError(f"[password] recipients: {value} holds no public key", next_step=_MAKE_A_KEY)
    return [(key, value) for key in keys]


def _looks_like_a_key(value: str) -> bool:
    return value.startswith(("age1", "ssh-", "-----BEGIN")) or value.upper().startswith("AGE-SECRET-KEY-")


def _recipient(key: str, *, where: str) -> Recipient:
    if "SECRET-KEY" in key.upper() or "PRIVATE KEY" in key.upper():
        raise SettingsError(
            f"{where}: this is a secret key; passwords are sealed to public keys, and the secret one stays with those"
            " who open them",
            next_step="give the public key instead (`age-keygen -y key.txt` prints it), and keep the secret key off"
            " this machine",
        )
    try:
        return pyrage.ssh.Recipient.from_str(key) if key.startswith("ssh-") else pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        raise SettingsError(
            f"{where}: {_shortened(key)!r} is not a public key that age can seal to ({error})", next_step=_MAKE_A_KEY
        ) from error


def read_identities(path: Path) -> tuple[Identity, ...]:
    """The secret keys in a file: age's (`AGE-SECRET-KEY-1…` lines), or one SSH private key.

    Raises:
        SettingsError: the file cannot be read, or holds no usable key; no part of it is shown.
    """
    next_step = "give the file of a secret key with --identity: age's own (age-keygen), or an unencrypted SSH key"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the key {path} cannot be read ({_why(error)})", next_step=next_step) from error
    try:
        if b"-----BEGIN" in content:
            return (pyrage.ssh.Identity.from_buffer(content),)
        lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
        found = tuple(
            pyrage.x25519.Identity.from_str(line) for line in lines if line.upper().startswith("AGE-SECRET-KEY-")
        )
    except pyrage.IdentityError as error:
        raise SettingsError(f"the key {path} cannot be used ({error})", next_step=next_step) from error
    if not found:
        raise SettingsError(f"{path} holds no secret key", next_step=next_step)
    return found


def _named(value: str) -> str:
    """A path as it is; what may be a key that was pasted, not whole."""
    return value if os.sep in value else _shortened(value)


def _shortened(text: str, most: int = 24) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _why(error: Exception) -> str:
    match error:
        case OSError():
            return error.strerror or str(error)
        case UnicodeError():
            return "it is not text"
        case _:
            return "it is not a path"
