"""How keys are written: in files of several encodings, behind options, and of kinds that are no use here."""

import base64
import codecs
import contextlib
import hashlib
import re
from typing import Final

_BY_MARK: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OPTIONS: Final = re.compile(r'(?:[^\s"]|"(?:\\.|[^"\\])*")+\s+(?=ssh-(?:ed25519|rsa)\s)')
"""What may stand before the key in a line of OpenSSH's authorized_keys; see its manual, sshd(8)."""
_PLUGIN: Final = re.compile(r"age1([a-z0-9+._-]{1,20})1[a-z0-9]{6,}")
_FOREIGN_SSH: Final = re.compile(r"((?:sk-)?(?:ecdsa-sha2|ssh)-[a-z0-9@.-]+)\s", re.IGNORECASE)
_SSH_MAGIC: Final = b"openssh-key-v1\0"


def text_of(content: bytes) -> str:
    """A key file's text; Windows' editors and shells write byte order marks and UTF-16. Raises UnicodeError."""
    encoding = next((name for mark, name in _BY_MARK if content.startswith(mark)), "utf-8")
    return content.decode(encoding)


def without_options(line: str) -> str:
    """A line of authorized_keys from its key on; another text as it is."""
    found = None if line.startswith("ssh-") else _OPTIONS.match(line)
    return line[found.end() :] if found else line


def unusable_kind(key: str) -> str | None:
    """What kind of public key it is, where that kind can never be sealed to here."""
    if plugin := _PLUGIN.match(key):
        return f"an age plugin's key ({plugin[1]})"
    ssh = _FOREIGN_SSH.match(key)
    if ssh and ssh[1].lower() not in {"ssh-ed25519", "ssh-rsa"}:
        return f"an SSH key of the kind {ssh[1]}"
    return None


def public_name(key: str) -> str:
    """A public key as logs and messages name it: age's own whole, SSH's as `ssh-keygen -l` does.

    What is no key is named as it is. Its comment is anybody's text, and may be read on a terminal.
    """
    parts = key.split(maxsplit=2)
    if len(parts) > 1 and parts[0].startswith("ssh-"):
        with contextlib.suppress(ValueError):
            key = " ".join((ssh_name(parts[0], base64.b64decode(parts[1])), *parts[2:]))
    return "".join(character for character in key if character.isprintable())


def ssh_name(kind: str, blob: bytes) -> str:
    """`ssh-ed25519 SHA256:…`."""
    return f"{kind} SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def openssh_parts(block: str) -> tuple[str, bytes] | None:
    """The cipher's name ("none": not locked) and the public key of an OpenSSH private key; None where it is no such.

    Both stand in it in clear (OpenSSH: PROTOCOL.key).
    """
    try:
        content = base64.b64decode("".join(line for line in block.splitlines() if "-----" not in line))
    except ValueError:
        return None
    if not content.startswith(_SSH_MAGIC):
        return None
    cipher, rest = _string(content[len(_SSH_MAGIC) :])
    for _ in ("kdf", "its options"):
        _, rest = _string(rest)
    public, _ = _string(rest[4:])
    return cipher.decode("ascii", "replace"), public


def _string(content: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(content[:4], "big")
    return content[4 : 4 + length], content[4 + length :]
