"""Key pairs of every kind, made by the tools that people make theirs with."""

import base64
import functools
import struct
import textwrap
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from batchreset.adapters.sealing import new_key_pair


@dataclass(frozen=True)
class KeyPair:
    """The secret key's file content, and the public key's line."""

    secret: str
    public: str


def age_key() -> KeyPair:
    content, public = new_key_pair()
    return KeyPair(content.splitlines()[1], public)


def _ssh(private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> KeyPair:
    return KeyPair(
        private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
        private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
    )


@functools.cache
def ed25519_key() -> KeyPair:
    return _ssh(ed25519.Ed25519PrivateKey.generate())


@functools.cache
def rsa_key() -> KeyPair:
    return _ssh(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@functools.cache
def locked_key() -> KeyPair:
    """An SSH key behind a passphrase (OpenSSH: PROTOCOL.key); what is locked in it, nobody can open."""

    def string(content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + content

    public = ed25519_key().public
    lock = string(b"aes256-ctr") + string(b"bcrypt") + string(string(b"salt" * 4) + struct.pack(">I", 16))
    keys = struct.pack(">I", 1) + string(base64.b64decode(public.split()[1])) + string(b"locked" * 24)
    text = base64.b64encode(b"openssh-key-v1\0" + lock + keys).decode()
    lines = ["-----BEGIN OPENSSH PRIVATE KEY-----", *textwrap.wrap(text, 70), "-----END OPENSSH PRIVATE KEY-----", ""]
    return KeyPair("\n".join(lines), public)


@functools.cache
def ecdsa_key() -> str:
    """The public key."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


AGE = age_key()
EVERY_KIND = [
    pytest.param(AGE, id="age"),
    pytest.param(ed25519_key(), id="ssh-ed25519"),
    pytest.param(rsa_key(), id="ssh-rsa"),
]
