"""A whole hand-over sealed to further keys, as it is written."""

import errno
import io
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from sealing_keys import EVERY_KIND, KeyPair, age_key

from batchreset.adapters.sealing import parse_recipients, read_identities, seal_into
from batchreset.errors import LedgerError

PIECES = [b"a" * 70_000, b"", b"bc", b"d" * 100_000]


@pytest.mark.parametrize("armored", [True, False], ids=["armored", "binary"])
@pytest.mark.parametrize("pair", EVERY_KIND)
def test_all_pieces_are_one_age_file(pair: KeyPair, tmp_path: Path, *, armored: bool) -> None:
    path = tmp_path / "key"
    path.write_text(pair.secret)
    file = io.BytesIO()
    seal_into(file, PIECES, parse_recipients([pair.public]), armored=armored)

    sealed = file.getvalue()
    assert sealed.startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n" if armored else b"age-encryption.org/v1\n")
    assert b"a" * 20 not in sealed
    assert pyrage.decrypt(sealed, [key.identity for key in read_identities(path)]) == b"".join(PIECES)


class Full(io.BytesIO):
    """A disk that is full."""

    def write(self, _content: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_what_the_file_raises_is_raised() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        seal_into(Full(), PIECES, parse_recipients([age_key().public]), armored=False)
    assert caught.value.errno == errno.ENOSPC


def test_what_its_pieces_raise_is_raised_as_it_is() -> None:
    """They are made while they are sealed: a ledger that cannot be read any more says so itself."""

    def failing() -> Iterator[bytes]:
        yield b"the first"
        raise LedgerError("damaged", next_step="restore it")

    with pytest.raises(LedgerError, match="damaged"):
        seal_into(io.BytesIO(), failing(), parse_recipients([age_key().public]), armored=False)
