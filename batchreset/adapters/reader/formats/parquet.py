"""Parquet: whatever a column's type is, its values as text."""

import io
from typing import BinaryIO, Final

import polars as pl

from batchreset.adapters.reader.formats.table import Table, refuse_empty
from batchreset.core.columns import INPUT_REQUIRED, fold
from batchreset.errors import InputError

_UUID_BYTES: Final = 16
_GUID_GROUPS: Final = ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))
_FOLDED_IDS: Final = frozenset(fold(name) for name in INPUT_REQUIRED)


def parse_parquet(file: BinaryIO, shown: str) -> Table:
    """Ids may be UUIDs of 16 raw bytes; nested columns become JSON."""
    file.seek(0)
    data = file.read()
    if not data:
        refuse_empty(shown)
    try:
        typed = pl.read_parquet(io.BytesIO(data))
        frame = typed.select(_text(column) for column in typed.iter_columns())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise InputError(
            f"{shown} is not a Parquet file that can be read; it may be cut short or of another kind.",
            details=tuple(str(error).splitlines()[:1]),
            next_step="Make the file again, or save it as CSV (UTF-8).",
        ) from error
    return Table(headers=tuple(typed.columns), batches=iter([frame]))


def _text(column: pl.Series) -> pl.Expr | pl.Series:
    expression = pl.col(column.name)
    match column.dtype:
        case pl.Binary:
            return _text_of_bytes(column)
        case pl.Duration:
            return expression.dt.to_string("iso")
        case dtype if dtype.is_nested():
            boxed = pl.struct(expression.alias("v")).struct.json_encode()
            return (
                pl.when(expression.is_not_null())
                .then(boxed.str.strip_prefix('{"v":').str.strip_suffix("}"))
                .alias(column.name)
            )
        case _:
            return expression.cast(pl.String)


def _text_of_bytes(column: pl.Series) -> pl.Series:
    """UTF-8 if all of it is, else hex; values of 16 bytes are UUIDs where the column holds ids or is no text."""
    hexadecimal = column.bin.encode("hex")
    try:
        text = column.cast(pl.String)
    except pl.exceptions.ComputeError:
        text = hexadecimal
    else:
        if fold(column.name) not in _FOLDED_IDS:
            return text
    groups = [hexadecimal.str.slice(start, length) for start, length in _GUID_GROUPS]
    guid = pl.select(pl.concat_str(groups, separator="-")).to_series()
    return guid.zip_with((column.bin.size() == _UUID_BYTES).fill_null(value=False), text).alias(column.name)
