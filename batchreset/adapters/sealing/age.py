"""Sealing with age: what is sealed here, the ordinary `age -d -i key.txt` program opens too."""

import json
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyrage

from batchreset.adapters.sealing.identities import SecretKey
from batchreset.adapters.sealing.recipients import Recipient
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


def seal_into(file: BinaryIO, clear: Iterable[bytes], recipients: Sequence[Recipient], *, armored: bool) -> None:
    """One age file from all the pieces, written as it is made. Raises OSError, as the file does, or as `clear`."""
    sink, source = _Sink(file), _Pieces(clear)
    try:
        pyrage.encrypt_io(source, sink, list(recipients), armored=armored)
    except pyrage.EncryptError:
        if sink.failure is None and source.failure is None:
            raise
    for failure in (source.failure, sink.failure):
        if failure is not None:
            raise failure


def open_passwords(
    blobs: Iterable[bytes], keys: Sequence[SecretKey], *, rows: Container[int] | None = None
) -> Iterator[SealedPassword]:
    """The passwords in the ledger's age files, in the order in which they were noted.

    Args:
        blobs: the age files.
        keys: one that fits is enough.
        rows: only theirs; None: all.

    Raises:
        SettingsError: the key is not one that they were sealed to.
    """
    identities = [key.identity for key in keys]
    for blob in blobs:
        # All lines at once: a file holds up to a thousand, and is opened again for each part of a large run.
        for noted in json.loads(b"[%s]" % b",".join(_opened(blob, identities).splitlines())):
            if rows is None or noted["row"] in rows:
                yield SealedPassword(
                    row=noted["row"], generation=noted["generation"], password=Secret(noted["password"])
                )


def opening(blob: bytes, keys: Sequence[SecretKey]) -> SecretKey:
    """The first of the keys that opens it. Raises SettingsError: none does."""
    for key in keys:
        try:
            pyrage.decrypt(blob, [key.identity])
        except pyrage.DecryptError:
            continue
        return key
    _opened(blob, [key.identity for key in keys])
    raise AssertionError("what no key opens, all together opened")


def _opened(blob: bytes, identities: list[object]) -> bytes:
    try:
        clear: bytes = pyrage.decrypt(blob, identities)
    except pyrage.DecryptError as error:
        raise SettingsError(
            f"the key does not open this run's passwords ({error})",
            next_step="give the secret key that belongs to one of the run's recipients (run.json lists their public"
            " keys)",
        ) from error
    return clear


def new_key_pair() -> tuple[str, str]:
    """A new X25519 key pair: the secret key's file content and the public key."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    return f"# public key: {public}\n{identity}\n", public


class _Pieces:
    """Pieces as a file that is read to its end, and what they raised."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._rest = iter(pieces)
        self._left = b""
        self.failure: Exception | None = None

    def read(self, most: int = -1) -> bytes:
        while not self._left:
            try:
                self._left = next(self._rest)
            except StopIteration:
                return b""
            except Exception as error:
                self.failure = error
                raise
        most = len(self._left) if most < 0 else most
        part, self._left = self._left[:most], self._left[most:]
        return part


class _Sink:
    """A file, and what it raised: pyrage tells errors by their text only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.failure = error
            raise
