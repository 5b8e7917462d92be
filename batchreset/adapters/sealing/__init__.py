"""Sealing of new passwords to people's public keys (age, by pyrage)."""

from batchreset.adapters.sealing.age import (
    SealedPassword,
    new_key_pair,
    open_passwords,
    opening,
    seal_into,
    sealer,
)
from batchreset.adapters.sealing.identities import SecretKey, read_identities
from batchreset.adapters.sealing.key_text import public_name
from batchreset.adapters.sealing.recipients import Recipient, parse_recipients, resolve_recipients

__all__ = [
    "Recipient",
    "SealedPassword",
    "SecretKey",
    "new_key_pair",
    "open_passwords",
    "opening",
    "parse_recipients",
    "public_name",
    "read_identities",
    "resolve_recipients",
    "seal_into",
    "sealer",
]
