"""NDJSON: one object a line, whatever its keys and in whatever order.

Most lines are flat objects of plain values, and of few shapes: the same keys in the same order. What a line's shape
is, a regular expression tells for a whole block at once; keys are read, and repeated ones found, once a shape. Such
lines are parsed by polars, the others (nested values, numbers that polars would write another way, unusual escapes,
and everything that is wrong) one by one.
"""

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from batchreset.adapters.reader.formats.batching import rows_of_a_batch
from batchreset.adapters.reader.formats.blocks import blocks
from batchreset.adapters.reader.formats.ndjson.json_line import parse_line
from batchreset.adapters.reader.formats.table import (
    MAX_COLUMNS,
    MAX_RECORD_BYTES,
    Chunks,
    Table,
    refuse_empty,
    refuse_long_record,
    refuse_too_many_columns,
)

_ESCAPE: Final = r'\\(?:["\\/bfnrt]|u(?:[0-9a-cA-Ce-fE-F][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))'
_PLAIN: Final = rf':\s*(?:"[^"\\]*(?:{_ESCAPE}[^"\\]*)*"|[0-9]{{1,15}}|true|false|null)'
"""A value that polars reads as it is written: no half of a surrogate pair, no fraction, no sign."""

_MEMBER: Final = r'\s*"[^"\\:]*"\s*:=\s*'
_FLAT: Final = re.compile(rf"\s*\{{(?:{_MEMBER}(?:,{_MEMBER})*|\s*)\}}\s*")
"""A shape, where each plain value has become `:=`.

A colon inside a key would be taken for the one after it; it then stands in the shape's key, where none is allowed.
"""

_KEY: Final = re.compile(r'"([^"]*)"')


def parse_ndjson(chunks: Chunks, shown: str) -> Table:
    """Headers are the keys of all lines, in the order of their first appearance; so the text is passed over twice.

    Args:
        chunks: a fresh pass over the UTF-8 text, cut anywhere.
        shown: the file's name in messages.
    """
    keys = dict[str, None]()
    empty, all_flat = True, True
    for lines in _lines(chunks(), shown):
        shaped = _shaped(lines)
        empty = empty and lines.is_empty()
        all_flat = all_flat and bool(shaped["flat"].all())
        for found in _keys(shaped, shown):
            keys.update(dict.fromkeys(found))
            if len(keys) > MAX_COLUMNS:
                refuse_too_many_columns(len(keys), shown)
    if empty:
        refuse_empty(shown)
    return Table(headers=tuple(keys), batches=_batches(_lines(chunks(), shown), tuple(keys), shown, all_flat=all_flat))


def _lines(chunks: Iterator[bytes], shown: str) -> Iterator[pl.DataFrame]:
    """Those that are not blank, some MB at a time: `line`, its number, and `text`."""
    for block in blocks(chunks, shown, quotes=False):
        lines = (
            pl.DataFrame({"text": pl.Series([block.data.decode()]).str.split("\n").explode()})
            .with_columns(line=pl.int_range(block.first_line, block.first_line + pl.len(), dtype=pl.Int64))
            .filter(pl.col("text").str.contains(r"[^ \t\r]"))
        )
        long = lines.filter(pl.col("text").str.len_bytes() > MAX_RECORD_BYTES)
        if not long.is_empty():
            refuse_long_record(long.item(0, "line"), shown)
        yield lines


def _shaped(lines: pl.DataFrame) -> pl.DataFrame:
    """The same with each line's `shape`, and whether it is `flat`."""
    shaped = lines.with_columns(shape=pl.col("text").str.replace_all(_PLAIN, ":="))
    flat = [shape for shape in shaped["shape"].unique() if _FLAT.fullmatch(shape)]
    return shaped.with_columns(flat=pl.col("shape").is_in(pl.Series(flat, dtype=pl.String).implode()))


def _keys(block: pl.DataFrame, shown: str) -> Iterator[list[str]]:
    """Of each line that may have new ones, in the order of the lines.

    Raises InputError where a key is repeated, or a line that is not flat is wrong.
    """
    shapes = block.filter("flat").unique("shape", keep="first")
    others = block.filter(~pl.col("flat"))
    for line, text, shape, flat in pl.concat([shapes, others]).sort("line").select(_ALL).iter_rows():
        keys: list[str] = _KEY.findall(shape)
        # A flat line is taken apart too where its shape repeats a key: that says which, and refuses it.
        yield keys if flat and len(set(keys)) == len(keys) else list(parse_line(text, line, shown))


_ALL: Final = ("line", "text", "shape", "flat")


def _batches(
    every: Iterator[pl.DataFrame], keys: tuple[str, ...], shown: str, *, all_flat: bool
) -> Iterator[pl.DataFrame]:
    """`all_flat`: they were when their keys were read; their shapes need not be looked at again."""
    for lines in every if keys else ():
        marked = lines.with_columns(flat=pl.lit(value=True)) if all_flat else _shaped(lines)
        for some in marked.iter_slices(rows_of_a_batch(len(keys))):
            yield _frame(some, keys, shown)


def _frame(lines: pl.DataFrame, keys: tuple[str, ...], shown: str) -> pl.DataFrame:
    flat = lines.filter("flat")
    decoded = _decoded(flat, keys)
    if decoded is None:
        return _taken_apart(lines, keys, shown)
    if flat.height == lines.height:
        return decoded
    others = lines.filter(~pl.col("flat"))
    numbered = [
        decoded.with_columns(line=flat["line"]),
        _taken_apart(others, keys, shown).with_columns(line=others["line"]),
    ]
    return pl.concat(numbered).sort("line").drop("line")


def _decoded(flat: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame | None:
    """None where polars finds a line wrong; which one, and whether it is, has to be looked up."""
    try:
        frame = flat["text"].str.json_decode(pl.Struct(dict.fromkeys(keys, pl.String))).struct.unnest()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    frame.columns = _names(keys)
    return frame


def _taken_apart(lines: pl.DataFrame, keys: tuple[str, ...], shown: str) -> pl.DataFrame:
    records = [parse_line(text, line, shown) for line, text in lines.select("line", "text").iter_rows()]
    return pl.DataFrame(
        [
            pl.Series(name, [r.get(key) for r in records], pl.String)
            for name, key in zip(_names(keys), keys, strict=True)
        ]
    )


def _names(keys: tuple[str, ...]) -> list[str]:
    return [str(position) for position in range(len(keys))]
