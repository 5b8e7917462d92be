"""Sealing with age: what is sealed here, the ordinary `age -d -i key.txt` program opens too."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyrage

from batchreset.adapters.sealing.recipients import Identity, Recipient
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPassword:
    """One password, opened."""

    row: int
    generation: int
    password: Secret


def sealer(recipients: Sequence[Recipient]) -> Callable[[bytes], bytes]:
    """A function that seals a text to all recipients: one age file a call."""
    keys = list(recipients)
    return lambda clear: pyrage.encrypt(clear, keys)


def open_passwords(blobs: Iterable[bytes], identities: Sequence[Identity]) -> Iterator[SealedPassword]:
    """The passwords in the ledger's age files, in the order in which they were noted.

    Raises:
        SettingsError: the key is not one that they were sealed to.
    """
    keys = list(identities)
    for blob in blobs:
        try:
            lines = pyrage.decrypt(blob, keys).decode().splitlines()
        except pyrage.DecryptError as error:
            raise SettingsError(
                f"the key does not open this run's passwords ({error})",
                next_step="give the secret key that belongs to one of the run's recipients (run.json lists their public"
                " keys)",
            ) from error
        for line in lines:
            noted = json.loads(line)
            yield SealedPassword(row=noted["row"], generation=noted["generation"], password=Secret(noted["password"]))


def new_key_pair() -> tuple[str, str]:
    """A new X25519 key pair: the secret key's file content and the public key."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    return f"# public key: {public}\n{identity}\n", public
