"""Frames of one shape, put aside on disk one after the other: what millions of rows leave behind of each batch."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from batchreset.errors import RunFolderError, cause


@dataclass(slots=True, kw_only=True)
class Parts:
    """Read again in the order in which they were added.

    Attributes:
        folder: exists, and is taken away by whoever made it.
        name: of these parts in it.
        heights: rows of each; one without rows takes no file.
    """

    folder: Path
    name: str
    heights: list[int] = field(default_factory=list)
    _empty: pl.DataFrame = field(default_factory=pl.DataFrame)

    def add(self, frame: pl.DataFrame) -> None:
        """Raises RunFolderError."""
        self._write(len(self.heights), frame)
        self.heights.append(frame.height)

    def replace(self, index: int, frame: pl.DataFrame) -> None:
        """Another frame instead of the one that was added as number `index`. Raises RunFolderError."""
        self._write(index, frame)
        self.heights[index] = frame.height

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """All, or these columns of all. Raises RunFolderError."""
        for index in range(len(self.heights)):
            yield self.frame(index, columns)

    def frame(self, index: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """One of them. Raises RunFolderError."""
        if not self.heights[index]:
            return self._empty if columns is None else self._empty.select(columns)
        try:
            return pl.read_parquet(self._path(index), columns=None if columns is None else list(columns))
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise RunFolderError(
                f"what was put aside in {self.folder} cannot be read again: {cause(error)}",
                next_step="look at the disk, then plan again; nothing was sent",
            ) from error

    def clear(self) -> None:
        """Make room on the disk; what cannot be taken away now goes with the folder."""
        for index in range(len(self.heights)):
            with contextlib.suppress(OSError):
                self._path(index).unlink(missing_ok=True)
        self.heights.clear()

    def _write(self, index: int, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            self._empty = frame.clear()
            return
        try:
            frame.write_parquet(self._path(index), compression="lz4", statistics=False)
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise RunFolderError(
                f"what was read could not be put aside in {self.folder}: {cause(error)}",
                next_step="see that the disk has room and that you may write there, then plan again; nothing was sent",
            ) from error

    def _path(self, index: int) -> Path:
        return self.folder / f"{self.name}-{index}.parquet"
