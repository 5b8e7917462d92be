"""Recipients: age's own X25519 keys, and SSH keys that age can use (ssh-ed25519, ssh-rsa)."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pyrage

from batchreset.adapters.sealing.key_text import text_of, unusable_kind, without_options
from batchreset.errors import SettingsError

Recipient = Any
"""`pyrage.x25519.Recipient` or `pyrage.ssh.Recipient`; pyrage ships no types."""

SETTING: Final = "[password] recipients"
_MAKE_A_KEY: Final = (
    "make a key pair with `age-keygen -o key.txt` (keep key.txt off this machine) and put the public key, age1…, into"
    " {where}; ssh-ed25519 and ssh-rsa public keys work too"
)


def resolve_recipients(values: Iterable[str], *, where: str = SETTING) -> tuple[str, ...]:
    """The public keys themselves: those given, and those in the files that are named, each checked.

    A file holds one key a line, as `authorized_keys` does too; `#` begins a comment. A run keeps the keys it was
    planned with, whatever becomes of the files.

    Args:
        values: keys and paths.
        where: they were given, for error texts.

    Raises:
        SettingsError: one is no public key, or a file cannot be read. A secret key is refused and not shown.
    """
    keys: list[str] = []
    for value in values:
        for line, place in _keys_in(value.strip(), where):
            key = without_options(line)
            _recipient(key, place=place, where=where)
            keys.append(key)
    return tuple(keys)


def parse_recipients(keys: Iterable[str]) -> tuple[Recipient, ...]:
    """The keys as pyrage wants them. Raises SettingsError."""
    return tuple(_recipient(key, place=SETTING, where=SETTING) for key in keys)


def _keys_in(value: str, where: str) -> list[tuple[str, str]]:
    if _looks_like_a_key(value):
        return [(value, where)]
    next_step = _MAKE_A_KEY.format(where=where)
    try:
        lines = text_of(Path(value).expanduser().read_bytes()).splitlines()
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"{where}: {_named(value)!r} is neither a public key (age1…, ssh-ed25519 …, ssh-rsa …)"
            f" nor a file that can be read ({_why(error)})",
            next_step=next_step,
        ) from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise SettingsError(f"{where}: {value} holds no public key", next_step=next_step)
    return [(key, value) for key in keys]


def _looks_like_a_key(value: str) -> bool:
    plain = without_options(value)
    secret = value.upper().startswith(("AGE-SECRET-KEY-", "AGE-PLUGIN-"))
    return secret or plain.startswith(("age1", "ssh-", "-----BEGIN")) or unusable_kind(plain) is not None


def _recipient(key: str, *, place: str, where: str) -> Recipient:
    if any(mark in key.upper() for mark in ("SECRET-KEY", "AGE-PLUGIN-", "PRIVATE KEY")):
        raise SettingsError(
            f"{place}: this is a secret key; passwords are sealed to public keys, and the secret one stays with those"
            " who open them",
            next_step="give the public key instead (`age-keygen -y FILE` prints it, of an SSH key"
            " `ssh-keygen -y -f FILE`), and keep the secret key off this machine",
        )
    if kind := unusable_kind(key):
        raise SettingsError(
            f"{place}: {_shortened(key)!r} is not a public key that can be used here: it is {kind}",
            next_step=_MAKE_A_KEY.format(where=where),
        )
    try:
        return pyrage.ssh.Recipient.from_str(key) if key.startswith("ssh-") else pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError as error:
        small = " (an RSA key of fewer than 2,048 bits)" if "TooSmall" in str(error) else f" ({error})"
        raise SettingsError(
            f"{place}: {_shortened(key)!r} is not a public key that age can seal to{small}",
            next_step=_MAKE_A_KEY.format(where=where),
        ) from error


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
