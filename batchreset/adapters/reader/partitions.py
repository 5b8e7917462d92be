"""Rows in partitions, on disk where they are many: what belongs together lies in one, and one fits in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from batchreset.adapters.reader.parts import Parts

PARTITION: Final = "partition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is in memory at once, however many rows there are.

    Attributes:
        partitions: accounts that seem to be the same meet in one of so many: of 5 million rows each has some 300,000.
        keys: of 12 bytes, so many are put aside at once.
        accounts: as text of 73 letters, so many are put aside at once.
        accounts_of_a_partition: where so many are to be sorted at once.
    """

    partitions: int = 16
    keys: int = 500_000
    accounts: int = 150_000
    accounts_of_a_partition: int = 200_000


@dataclass(slots=True, kw_only=True)
class Partitions:
    """Frames of one shape. Up to `rows_at_once` of them stay in memory, and never come to the disk if that is all.

    Attributes:
        folder: exists, and is taken away by whoever made it.
        name: of these partitions in it.
        rows_at_once: put aside together.
    """

    folder: Path
    name: str
    rows_at_once: int
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _rows_waiting: int = 0
    _aside: dict[int, Parts] = field(default_factory=dict)

    def add(self, frame: pl.DataFrame) -> None:
        """`frame` says in PARTITION where each row belongs. Raises RunFolderError."""
        for piece in frame.iter_slices(self.rows_at_once):
            if self._rows_waiting + piece.height > self.rows_at_once:
                self._put_aside()
            self._waiting.append(piece)
            self._rows_waiting += piece.height

    def numbers(self) -> list[int]:
        """Of the partitions that are not empty, in order. Raises RunFolderError."""
        waiting = {number for frame in self._waiting for number in frame[PARTITION].unique()}
        return sorted(waiting | self._aside.keys())

    def frames(self, number: int) -> Iterator[pl.DataFrame]:
        """What lies in one partition, in the order in which it was added. Raises RunFolderError."""
        if number in self._aside:
            yield from self._aside[number].frames()
        for frame in self._waiting:
            here = frame.filter(pl.col(PARTITION) == number).drop(PARTITION)
            if here.height:
                yield here

    def clear(self) -> None:
        """Take all of it away, also from the disk. Raises RunFolderError."""
        for parts in self._aside.values():
            parts.clear()
        self._aside, self._waiting, self._rows_waiting = {}, [], 0

    def _put_aside(self) -> None:
        if not self._waiting:
            return
        partitions = pl.concat(self._waiting).partition_by(PARTITION, as_dict=True, include_key=False)
        self._waiting, self._rows_waiting = [], 0
        for (number,), frame in partitions.items():
            if number not in self._aside:
                self._aside[number] = Parts(folder=self.folder, name=f"{self.name}-{number}")
            self._aside[number].add(frame)
