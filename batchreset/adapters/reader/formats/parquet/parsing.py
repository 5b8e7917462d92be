"""Parquet: whatever a column's type is, its values as text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, NoReturn

import polars as pl

from batchreset.adapters.reader.formats.batching import MAX_BATCH_BYTES, bounded, rows_of_a_batch
from batchreset.adapters.reader.formats.parquet.footer import Footer, read_footer, refuse_unreadable
from batchreset.adapters.reader.formats.parquet.nested_text import as_json, leaves, weight
from batchreset.adapters.reader.formats.parquet.pages import refuse_lying_pages
from batchreset.adapters.reader.formats.table import MAX_RECORD_BYTES, Table
from batchreset.adapters.reader.problems import printable
from batchreset.core.columns import INPUT_REQUIRED, fold
from batchreset.errors import InputError

_MAX_ROW_GROUP_BYTES: Final = 1 << 30
"""It is decoded as a whole, in a few times the space."""

_MAX_NESTED_VALUES: Final = 20_000_000
"""Of one column in one row group; ten fill a few hundred MB."""

MAX_CELL_WEIGHT: Final = 32 << 20
"""As `weight` tells it, which is more than a cell of MAX_RECORD_BYTES takes as text."""

_SPARE_ROWS: Final = 1000
_UUID_BYTES: Final = 16
_GUID_GROUPS: Final = ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))
_FOLDED_IDS: Final = frozenset(fold(name) for name in INPUT_REQUIRED)


def parse_parquet(file: BinaryIO, shown: str, *, max_rows: int) -> Table:
    """Ids may be UUIDs of 16 raw bytes; nested columns become JSON.

    Args:
        file: seekable; read until the batches are.
        shown: its name in messages.
        max_rows: refused at once are files of more than twice as many: blank rows are not counted, and not yet known.
    """
    footer = read_footer(file, shown)
    _refuse_too_large(footer, shown, max_rows)
    refuse_lying_pages(file, footer, shown)
    with _translated(shown):
        file.seek(0)
        lazy = pl.scan_parquet(file)
        schema = lazy.collect_schema()
        texts = {name for name, dtype in schema.items() if dtype == pl.Binary and _is_text(lazy.select(name), footer)}
    _refuse_nested_categories(schema, shown)
    return Table(headers=tuple(schema), batches=bounded(_frames(lazy, footer, texts, shown), shown))


def _refuse_too_large(footer: Footer, shown: str, max_rows: int) -> None:
    if footer.rows > 2 * max_rows + _SPARE_ROWS:
        raise InputError(
            f"{shown} has {footer.rows:,} rows; max_rows under [input] allows {max_rows:,}",
            next_step="raise max_rows if so many users really are to be reset; if not, look for the right input",
        )
    for group in footer.row_groups:
        if (
            group.uncompressed_bytes > _MAX_ROW_GROUP_BYTES
            or group.nested_values > _MAX_NESTED_VALUES
            or group.largest_column_bytes > (group.rows + 1) * MAX_RECORD_BYTES
        ):
            raise InputError(
                f"{shown} has {group.rows:,} rows in one row group that take {group.uncompressed_bytes:,} bytes and"
                f" hold up to {group.nested_values:,} nested values in a column; that is more than is read at once",
                next_step="write the file again in smaller row groups, or leave out the columns that nobody needs",
            )


def _refuse_nested_categories(schema: pl.Schema, shown: str) -> None:
    """Polars writes each of them out as it reads them, and so has no bound."""
    for name, dtype in schema.items():
        if dtype.is_nested() and any(isinstance(leaf, pl.Categorical | pl.Enum) for leaf in leaves(dtype)):
            raise InputError(
                f"{shown} holds dictionary values inside lists or structures, in column {printable(name)}",
                next_step="write them as plain text, or leave out that column",
            )


@contextmanager
def _translated(shown: str) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        refuse_unreadable(shown, printable(next(iter(str(error).splitlines()), type(error).__name__)))


def _is_text(column: pl.LazyFrame, footer: Footer) -> bool:
    """Whether all bytes of it are UTF-8: half of it read one way and half the other would be a riddle."""
    try:
        for _ in _slices(column.cast(pl.String), footer.rows, rows_of_a_batch(1)):
            pass
    except pl.exceptions.ComputeError:
        return False
    return True


def _slices(lazy: pl.LazyFrame, rows: int, at_once: int) -> Iterator[pl.DataFrame]:
    """So many rows of it at once. Read as a stream, polars would decode some row groups ahead, each as a whole."""
    for start in range(0, rows, at_once):
        yield lazy.slice(start, at_once).collect()


def _frames(lazy: pl.LazyFrame, footer: Footer, texts: set[str], shown: str) -> Iterator[pl.DataFrame]:
    width = len(lazy.collect_schema())
    if not width:
        return
    row = 1
    with _translated(shown):
        for typed in _slices(lazy, footer.rows, rows_of_a_batch(width)):
            for piece in _light(typed, row, shown):
                frame = pl.DataFrame([_text(column, texts) for column in piece.iter_columns()])
                _refuse_long(frame, row, shown)
                row += piece.height
                yield frame
    if row != footer.rows + 1:
        refuse_unreadable(shown, "it holds another number of rows than it says")


def _light(typed: pl.DataFrame, row: int, shown: str) -> Iterator[pl.DataFrame]:
    """`typed` in pieces whose columns are not too large when they are text."""
    heaviest = max(typed.iter_columns(), key=weight)
    if weight(heaviest) <= MAX_BATCH_BYTES or (typed.height == 1 and weight(heaviest) <= MAX_CELL_WEIGHT):
        yield typed
    elif typed.height == 1:
        _refuse_cell(heaviest.name, row, shown)
    else:
        half = typed.height // 2
        yield from _light(typed.head(half), row, shown)
        yield from _light(typed.tail(-half), row + half, shown)


def _refuse_long(frame: pl.DataFrame, row: int, shown: str) -> None:
    for column in frame.iter_columns():
        lengths = column.str.len_bytes()
        longest = lengths.arg_max()
        if longest is not None and (lengths[longest] or 0) > MAX_RECORD_BYTES:
            _refuse_cell(column.name, row + longest, shown)


def _refuse_cell(column: str, row: int, shown: str) -> NoReturn:
    raise InputError(
        f"{shown}, row {row}: the cell in column {printable(column)} is longer than {MAX_RECORD_BYTES >> 20} MiB",
        next_step="shorten it, or leave out that column",
    )


def _text(column: pl.Series, texts: set[str]) -> pl.Series:
    match column.dtype:
        case pl.String:
            return column
        case pl.Binary:
            return _text_of_bytes(column, is_text=column.name in texts)
        case pl.BaseExtension():
            return _text(column.ext.storage(), texts)
        case pl.Duration:
            return column.dt.to_string("iso")
        case dtype if dtype.is_nested():
            return as_json(column)
        case _:
            return column.cast(pl.String)


def _text_of_bytes(column: pl.Series, *, is_text: bool) -> pl.Series:
    """As it is, or as hex; values of 16 bytes are UUIDs where the column holds ids or is no text."""
    if is_text and fold(column.name) not in _FOLDED_IDS:
        return column.cast(pl.String)
    hexadecimal = column.bin.encode("hex")
    groups = [hexadecimal.str.slice(start, length) for start, length in _GUID_GROUPS]
    guid = pl.select(pl.concat_str(groups, separator="-")).to_series()
    return guid.zip_with(
        (column.bin.size() == _UUID_BYTES).fill_null(value=False), column.cast(pl.String) if is_text else hexadecimal
    ).alias(column.name)
