"""The SHA-256 of a set of accounts: of all of them, sorted, each once, a line each; however many they are."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import polars as pl

from batchreset.adapters.reader.partitions import PARTITION, Partitions, Sizes

_HASHED_AT_ONCE: Final = 20_000
_SAMPLED_OF: Final = 64
"""One of so many tells where the partitions begin. Told by a hash: no order of the input makes a bad sample."""

_ACCOUNT: Final = "account"


def fingerprint(accounts: Callable[[], Iterator[pl.Series]], room: Path, sizes: Sizes) -> str:
    """Hex. A partition holds the accounts from one to another in their order: the partitions follow one another sorted.

    Args:
        accounts: a fresh pass over them, as text, some at a time; in any order, also more than once.
        room: for what is put aside; nothing of it is left there.
        sizes: how much is in memory at once.

    Raises:
        RunFolderError: `room` cannot be written.
    """
    beginnings = _beginnings(accounts(), sizes.accounts_of_a_partition)
    partitions = Partitions(folder=room, name="accounts", rows_at_once=sizes.accounts)
    for some in accounts():
        partition = beginnings.search_sorted(some, side="right").cast(pl.UInt32)
        partitions.add(pl.DataFrame([some.alias(_ACCOUNT), partition.alias(PARTITION)]))
    digest, end_of_line = hashlib.sha256(), b""
    for number in partitions.numbers():
        accounts_of_partition = _sorted(partitions.frames(number), sizes.accounts_of_a_partition)
        for start in range(0, accounts_of_partition.len(), _HASHED_AT_ONCE):
            some = accounts_of_partition.slice(start, _HASHED_AT_ONCE)
            digest.update(end_of_line + some.str.join("\n").item().encode())
            end_of_line = b"\n"
    partitions.clear()
    return digest.hexdigest()


def _beginnings(accounts: Iterator[pl.Series], most: int) -> pl.Series:
    """The accounts that begin all partitions but the first, so that none holds many more than `most`."""
    count, sampled = 0, set[str]()
    for some in accounts:
        count += some.len()
        sampled.update(some.filter(some.hash() % _SAMPLED_OF == 0))
    sample = pl.Series(sorted(sampled), dtype=pl.String)
    partitions = -(-count // most)
    at = [sample.len() * partition // partitions for partition in range(1, partitions)]
    return sample.gather(at).unique().sort() if sampled else sample


def _sorted(frames: Iterator[pl.DataFrame], most: int) -> pl.Series:
    """Each account once. However often one comes, not many more than `most` are in memory together."""
    found: list[pl.Series] = []
    rows = 0
    for frame in frames:
        found.append(frame[_ACCOUNT])
        rows += frame.height
        if rows > 2 * most:
            found = [pl.concat(found).unique()]
            rows = found[0].len()
    accounts = pl.concat(found).sort()
    return accounts.filter(accounts.ne_missing(accounts.shift()))
