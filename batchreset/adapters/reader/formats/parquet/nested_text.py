"""Columns of lists and structures, as JSON."""

import json
from collections.abc import Iterator
from typing import Final

import polars as pl
from polars.datatypes import DataTypeClass

_BYTES_OF_A_LEAF: Final = 24
"""Of a number or date, about; texts are measured."""

_INTEGERS: Final = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_WRITTEN_BY_POLARS: Final = frozenset({pl.String, pl.Boolean, pl.Date, pl.Float32, pl.Float64, *_INTEGERS})


def weight(column: pl.Series) -> int:
    """About how many bytes its text will have: a few bytes of a file may say one text a million times."""
    match column.dtype:
        case pl.List() | pl.Array():
            return _BYTES_OF_A_LEAF * column.len() + weight(column.explode())
        case pl.Map():
            return weight(column.map.entries())
        case pl.BaseExtension():
            return weight(column.ext.storage())
        case pl.Struct():
            fields = column.struct.unnest()
            return sum(weight(field) + field.len() * len(field.name) for field in fields.iter_columns())
        case pl.String:
            lengths = column.str.len_bytes()
        case pl.Binary:
            lengths = column.bin.size() * 2
        case pl.Categorical() | pl.Enum():
            lengths = column.cat.len_bytes()
        case _:
            return _BYTES_OF_A_LEAF * column.len()
    return _BYTES_OF_A_LEAF * column.len() + int(lengths.cast(pl.UInt64).sum())


def as_json(column: pl.Series) -> pl.Series:
    """Polars writes what it can write; raw bytes, as hex, and other rare things are written one by one."""
    if not all(leaf in _WRITTEN_BY_POLARS for leaf in leaves(column.dtype)):
        texts = [None if value is None else _json(value) for value in column.to_list()]
        return pl.Series(column.name, texts, pl.String)
    boxed = pl.struct(column.alias("v")).struct.json_encode()
    text = pl.when(column.is_not_null()).then(boxed.str.strip_prefix('{"v":').str.strip_suffix("}"))
    return pl.select(text.alias(column.name)).to_series()


def leaves(dtype: pl.DataType | DataTypeClass) -> Iterator[pl.DataType | DataTypeClass]:
    """The types at the ends of a nested one."""
    match dtype:
        case pl.List() | pl.Array():
            yield from leaves(dtype.inner)
        case pl.Struct():
            for field in dtype.fields:
                yield from leaves(field.dtype)
        case pl.Map():
            yield from leaves(dtype.key)
            yield from leaves(dtype.value)
        case _:
            yield dtype


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_word)


def _word(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
