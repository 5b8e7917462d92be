"""CSV as people have it: any of three separators, CRLF, quotes, blank lines, Excel's `sep=` line.

The lines are checked before they are parsed, because the parser fills a row that is too short with nulls, and what
it says of stray quotes does not name the line.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

import polars as pl

from batchreset.adapters.reader.formats.batching import rows_of_a_batch
from batchreset.adapters.reader.formats.blocks import Block, blocks
from batchreset.adapters.reader.formats.table import (
    MAX_COLUMNS,
    MAX_RECORD_BYTES,
    Chunks,
    Table,
    refuse_empty,
    refuse_long_record,
    refuse_too_many_columns,
)
from batchreset.core.columns import INPUT_KNOWN, fold
from batchreset.errors import InputError

SEPARATORS: Final = ",;\t"
MAX_LINES_SHOWN: Final = 5

_NEVER_IN_TEXT: Final = "\0"
_BLANKS: Final = b" \t\r\n\f\v"
_SEPARATOR_LINE: Final = re.compile(rb'"?sep=([,;\t])"?\r?\n', re.IGNORECASE)
"""Excel writes it and obeys it, and shows it to nobody."""
_QUOTED: Final = '"[^"]*"'


def parse_delimited(chunks: Chunks, shown: str) -> Table:
    """The separator is found from the header line. Blank lines give rows of nulls."""
    whole_lines = blocks(chunks(), shown, quotes=True)
    first = next((block for block in map(_without_blank_lines, whole_lines) if block.has_text), None)
    if first is None:
        refuse_empty(shown)
    told = _SEPARATOR_LINE.match(first.data)
    if told:
        first = _without_blank_lines(_from(first, told.end()))
    end = _end_of_header(first.data)
    header = first.data[:end].decode()
    shape = _shape(header, told[1].decode() if told else "", first.first_line, shown)
    _ragged(Block(first_line=first.first_line, data=first.data[:end]), shape)
    names = _parsed(first.data[:end], shape).row(0)
    return Table(
        headers=tuple(cell or "" for cell in names),
        batches=_batches(_from(first, end), whole_lines, shape),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    separator: str
    fields: int
    shown: str


def _from(block: Block, start: int) -> Block:
    return Block(first_line=block.first_line + block.data.count(b"\n", 0, start), data=block.data[start:])


def _without_blank_lines(block: Block) -> Block:
    """Without those at its beginning. No regular expression: it would remember millions of them."""
    blank = len(block.data) - len(block.data.lstrip(_BLANKS))
    return _from(block, block.data.rfind(b"\n", 0, blank) + 1)


def _end_of_header(data: bytes) -> int:
    """Of a block's first record, which may hold line breaks in its quotes."""
    end, quotes = 0, 0
    while end < len(data):
        start, end = end, (data.find(b"\n", end) + 1) or len(data)
        quotes += data.count(b'"', start, end)
        if quotes % 2 == 0:
            break
    return end


def _shape(header: str, separator: str, line: int, shown: str) -> _Shape:
    if len(header) > MAX_RECORD_BYTES:
        refuse_long_record(line, shown)
    unquoted = re.sub(_QUOTED, lambda quoted: re.sub(f"[{SEPARATORS}]", " ", quoted.group()), header)

    def columns_found(candidate: str) -> tuple[int, int]:
        folded = [fold(cell.strip(' "')) for cell in unquoted.split(candidate)[:MAX_COLUMNS]]
        return sum(fold(name) in folded for name in INPUT_KNOWN), unquoted.count(candidate)

    separator = separator or max(SEPARATORS, key=columns_found)
    fields = unquoted.count(separator) + 1
    if fields > MAX_COLUMNS:
        refuse_too_many_columns(fields, shown)
    return _Shape(separator=separator, fields=fields, shown=shown)


def _batches(first: Block, rest: Iterator[Block], shape: _Shape) -> Iterator[pl.DataFrame]:
    for block in itertools.chain([first], rest):
        if block.has_text:
            ragged = _ragged(block, shape)
            if not ragged.is_empty():
                _refuse_ragged(itertools.chain([ragged], (_ragged(later, shape) for later in rest)), shape)
            yield from _parsed(block.data, shape).iter_slices(rows_of_a_batch(shape.fields))


def _parsed(data: bytes, shape: _Shape) -> pl.DataFrame:
    # With a header line of our own: else the first line decides how many columns there are, and it may be blank.
    names = [f"column_{index}" for index in range(shape.fields)]
    header = shape.separator.join(names).encode() + b"\n"
    return pl.read_csv(header + data, schema=dict.fromkeys(names, pl.String), separator=shape.separator)


def _ragged(block: Block, shape: _Shape) -> pl.DataFrame:
    """The records that do not have as many `fields` as the header, each with the `line` where it begins.

    Raises InputError for a record that is too long, or whose quotation marks are not where they belong.
    """
    records = _records(block)
    too_long = records.filter(pl.col("text").str.len_bytes() > MAX_RECORD_BYTES)
    if not too_long.is_empty():
        refuse_long_record(too_long.item(0, "line"), shape.shown)
    unquoted = pl.col("text")
    if b'"' in block.data:
        _refuse_stray_quotes(records, shape)
        unquoted = unquoted.str.replace_all(_QUOTED, "")
    fields = unquoted.str.count_matches(shape.separator, literal=True) + 1
    return (
        records.with_columns(fields=fields)
        .filter(pl.col("fields") != shape.fields)
        .filter(pl.col("text").str.contains(r"\S"))
        .select("line", "fields")
    )


def _records(block: Block) -> pl.DataFrame:
    """`line` where each record begins, and its `text`; a record whose quotes hold line breaks spans several lines."""
    lines = pl.read_csv(
        block.data, has_header=False, schema={"text": pl.String}, separator=_NEVER_IN_TEXT, quote_char=None
    ).select(
        pl.int_range(block.first_line, block.first_line + pl.len(), dtype=pl.UInt64).alias("line"),
        pl.col("text").fill_null(""),
    )
    if b'"' not in block.data:
        return lines
    quotes = pl.col("text").str.count_matches('"', literal=True)
    lines = lines.with_columns(continues=(quotes.cum_sum() - quotes) % 2 == 1)
    if not lines["continues"].any():
        return lines.select("line", "text")
    return (
        lines.group_by((~pl.col("continues")).cum_sum().alias("record"), maintain_order=True)
        .agg(pl.col("line").first(), pl.col("text").str.join("\n"))
        .select("line", "text")
    )


def _refuse_stray_quotes(records: pl.DataFrame, shape: _Shape) -> None:
    field = f'(?:"(?:[^"]|"")*"|[^"{shape.separator}]*)'
    well_formed = rf"\A{field}(?:{shape.separator}{field})*\z"
    stray = records.filter(pl.col("text").str.contains('"', literal=True) & ~pl.col("text").str.contains(well_formed))
    if not stray.is_empty():
        raise InputError(
            f"{shape.shown}, line {stray.item(0, 'line')}: a quotation mark is not closed,"
            " or stands inside a field that is not quoted",
            next_step='quote the whole field and double the marks inside it: "24"" screen"',
        )


def _refuse_ragged(found: Iterable[pl.DataFrame], shape: _Shape) -> NoReturn:
    shown: list[tuple[int, int]] = []
    count = 0
    for ragged in found:
        shown += ragged.head(MAX_LINES_SHOWN - len(shown)).rows()
        count += ragged.height
    more = count - len(shown)
    raise InputError(
        f"{shape.shown} is ragged: the header line has {shape.fields} fields, {count:,} other"
        f" {'line has' if count == 1 else 'lines have'} more or fewer",
        details=(
            *(f"line {line}: {fields} fields" for line, fields in shown),
            *((f"... and {more:,} more",) if more else ()),
        ),
        next_step="give every line as many fields as the header; a field that holds the separator needs quotes",
    )
