"""Sealing of new passwords to people's public keys (age, by pyrage)."""

from batchreset.adapters.sealing.age import SealedPassword, new_key_pair, open_passwords, sealer
from batchreset.adapters.sealing.recipients import parse_recipients, read_identities, resolve_recipients

__all__ = [
    "SealedPassword",
    "new_key_pair",
    "open_passwords",
    "parse_recipients",
    "read_identities",
    "resolve_recipients",
    "sealer",
]
