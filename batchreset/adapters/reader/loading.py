"""From a path or standard input to a table of text, some rows at a time."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from batchreset.adapters.reader import headers
from batchreset.adapters.reader.decoding import text_chunks
from batchreset.adapters.reader.formats.delimited import parse_delimited
from batchreset.adapters.reader.formats.ndjson import parse_ndjson
from batchreset.adapters.reader.formats.parquet import parse_parquet
from batchreset.adapters.reader.formats.table import Table
from batchreset.adapters.reader.kinds import FIRST_BYTES, Kind, kind_of_file, kind_of_stream
from batchreset.adapters.reader.opening import STDIN, name_shown, opened, sha256_of
from batchreset.errors import InputError

LIST_MOST_ROWS: Final = 1_000_000
"""Of a list of protected accounts."""

_BYTES_BESIDE_ROWS: Final = 64 << 20
_BYTES_PER_ROW: Final = 4_096
"""A row of many long columns has a fourth of this. More for every row that is allowed is not what was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table as it is being read, nothing checked.

    Attributes:
        headers: unique.
        batches: read once; columns of String under the headers, in file order; blank cells null, blank rows left out.
            Reading them may raise InputError.
        source: the path as it was given; `-` for standard input.
        sha256: of the file's bytes, hex.
    """

    headers: tuple[str, ...]
    batches: Iterator[pl.DataFrame]
    source: str
    sha256: str

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return name_shown(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTable:
    """A small table, all of it in memory; else as `RawTable`."""

    frame: pl.DataFrame
    source: str
    sha256: str

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return name_shown(self.source)


@contextlib.contextmanager
def reading(path: str, *, max_rows: int, stdin: BinaryIO | None = None, room: Path | None = None) -> Iterator[RawTable]:
    """Read the table at `path`, of the kind its ending says; `-` is what `stdin` holds, told by its first bytes.

    Args:
        path: `-` for standard input.
        max_rows: a file far too large for so many is refused before all of it is read; rows are not counted here.
        stdin: bytes.
        room: an existing folder for a copy of what cannot be read twice; None: the system's own.

    Raises:
        InputError: it cannot be read, is no table, or has no rows; also while its batches are read.
    """
    shown = name_shown(path)
    with opened(path, stdin=stdin, most_bytes=_most_bytes(max_rows), room=room) as file:
        sha256 = sha256_of(file, shown, most_bytes=_most_bytes(max_rows))
        table = _parsed(path, file, max_rows)
        names = headers.unique(table.headers, shown)
        yield RawTable(headers=tuple(names), batches=_tidied(table.batches, names, shown), source=path, sha256=sha256)


def load(path: str, *, stdin: BinaryIO | None = None) -> WholeTable:
    """Read a small table, such as a list of protected accounts. Raises InputError."""
    with reading(path, max_rows=LIST_MOST_ROWS, stdin=stdin) as raw:
        schema = dict.fromkeys(raw.headers, pl.String())
        frame = pl.concat([pl.DataFrame(schema=schema), *raw.batches])
        return WholeTable(frame=frame, source=raw.source, sha256=raw.sha256)


def input_sha256(path: str, *, max_rows: int, stdin: BinaryIO | None = None) -> str:
    """Of the bytes at `path`, hex. Raises InputError."""
    with opened(path, stdin=stdin, most_bytes=_most_bytes(max_rows), room=None) as file:
        return sha256_of(file, name_shown(path), most_bytes=_most_bytes(max_rows))


def _most_bytes(max_rows: int) -> int:
    return _BYTES_BESIDE_ROWS + max_rows * _BYTES_PER_ROW


def _parsed(path: str, file: BinaryIO, max_rows: int) -> Table:
    shown = name_shown(path)
    file.seek(0)
    head = file.read(FIRST_BYTES)
    file.seek(0)

    def chunks() -> Iterator[bytes]:
        return text_chunks(file, shown, most_bytes=_most_bytes(max_rows))

    match kind_of_stream(head, chunks) if path == STDIN else kind_of_file(path, head):
        case Kind.DELIMITED:
            return parse_delimited(chunks, shown)
        case Kind.NDJSON:
            return parse_ndjson(chunks, shown)
        case Kind.PARQUET:
            return parse_parquet(file, shown, max_rows=max_rows)
        case Kind.EXCEL:
            from batchreset.adapters.reader.formats.excel import parse_excel  # noqa: PLC0415  seldom needed

            return parse_excel(file, shown, max_rows=max_rows)


def _tidied(batches: Iterator[pl.DataFrame], names: Sequence[str], shown: str) -> Iterator[pl.DataFrame]:
    is_empty = True
    for batch in batches:
        batch.columns = list(names)
        frame = batch.select(pl.all().replace("", None)).filter(pl.any_horizontal(pl.all().str.contains(r"\S")))
        is_empty = is_empty and frame.is_empty()
        yield frame
    if is_empty:
        raise InputError(
            f"{shown} has headers but no rows",
            next_step="look at how the file is made; a line for each user is needed below the headers",
        )
