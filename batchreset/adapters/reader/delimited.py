"""CSV as people have it: any of three separators, UTF-8 or UTF-16, CRLF, quotes, blank lines.

The lines are checked before they are parsed, because the parser fills a row that is too short with nulls, and what
it says of stray quotes does not name the line.
"""

import codecs
import re
from typing import Final

import polars as pl

from batchreset.adapters.reader.table import Table, refuse_empty
from batchreset.core.columns import INPUT_KNOWN, fold
from batchreset.errors import InputError

SEPARATORS: Final = ",;\t"
MAX_LINES_SHOWN: Final = 5

_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NEVER_IN_TEXT: Final = "\0"
_LEADING_BLANK_LINES: Final = re.compile(r"\s*\n")
_QUOTED: Final = '"[^"]*"'


def parse_delimited(data: bytes, shown: str) -> Table:
    """The separator is found from the header line. Blank lines give rows of nulls."""
    text = _decoded(data, shown)
    if not text.strip():
        refuse_empty(shown)
    leading = _LEADING_BLANK_LINES.match(text)
    body = text[leading.end() :] if leading else text
    records = _records(body, first_line=1 + (text.count("\n", 0, leading.end()) if leading else 0))
    separator = _separator(records.item(0, "text"))
    fields = _refuse_malformed(records, separator, shown)
    frame = pl.read_csv(
        body.encode(),
        has_header=False,
        schema={f"column_{index}": pl.String for index in range(fields)},
        separator=separator,
    )
    return Table(headers=tuple(cell or "" for cell in frame.row(0)), frame=frame.slice(1))


def _decoded(data: bytes, shown: str) -> str:
    encoding = "utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{shown} is not text in UTF-8 (or UTF-16 with a byte order mark): line {line} cannot be decoded.",
            next_step="Save the file as CSV UTF-8, then try again.",
        ) from error
    if _NEVER_IN_TEXT in text:
        line = text.count("\n", 0, text.index(_NEVER_IN_TEXT)) + 1
        raise InputError(
            f"{shown} is not a text file: line {line} holds a NUL character.",
            next_step="Save the file as CSV UTF-8, then try again; a file of another kind needs its own ending.",
        )
    return text if "\n" in text else text.replace("\r", "\n")


def _records(body: str, *, first_line: int) -> pl.DataFrame:
    """`line` where each record begins, and its `text`; a record whose quotes hold line breaks spans several lines."""
    lines = pl.read_csv(
        body.encode(), has_header=False, schema={"text": pl.String}, separator=_NEVER_IN_TEXT, quote_char=None
    )
    quotes = pl.col("text").str.count_matches('"', literal=True)
    lines = lines.select(
        pl.int_range(first_line, first_line + pl.len(), dtype=pl.UInt32).alias("line"),
        pl.col("text").fill_null(""),
    ).with_columns(continues=(quotes.cum_sum() - quotes) % 2 == 1)
    if not lines["continues"].any():
        return lines.select("line", "text")
    return (
        lines.group_by((~pl.col("continues")).cum_sum().alias("record"), maintain_order=True)
        .agg(pl.col("line").first(), pl.col("text").str.join("\n"))
        .select("line", "text")
    )


def _separator(header: str) -> str:
    """The one that gives the most known columns, then the most columns."""
    unquoted = re.sub(_QUOTED, lambda quoted: re.sub(f"[{SEPARATORS}]", " ", quoted.group()), header)

    def columns_found(separator: str) -> tuple[int, int]:
        folded = [fold(cell.strip(' "')) for cell in unquoted.split(separator)]
        return sum(fold(name) in folded for name in INPUT_KNOWN), len(folded)

    return max(SEPARATORS, key=columns_found)


def _refuse_malformed(records: pl.DataFrame, separator: str, shown: str) -> int:
    """The number of columns, when every record has it and every quote is where it belongs."""
    field = f'(?:"(?:[^"]|"")*"|[^"{separator}]*)'
    well_formed = rf"\A{field}(?:{separator}{field})*\z"
    stray = records.filter(pl.col("text").str.contains('"', literal=True) & ~pl.col("text").str.contains(well_formed))
    if not stray.is_empty():
        raise InputError(
            f"{shown}, line {stray.item(0, 'line')}: a quotation mark is not closed,"
            " or stands inside a field that is not quoted.",
            next_step='Quote the whole field and double the marks inside it: "24"" screen".',
        )
    fields = pl.col("text").str.replace_all(_QUOTED, "").str.count_matches(separator, literal=True) + 1
    counted = records.with_columns(fields=fields).filter(pl.col("text").str.contains(r"\S"))
    expected = int(counted.item(0, "fields"))
    ragged = counted.filter(pl.col("fields") != expected)
    if not ragged.is_empty():
        first = ragged.head(MAX_LINES_SHOWN).select("line", "fields").rows()
        more = ragged.height - len(first)
        raise InputError(
            f"{shown} is ragged: the header line has {expected} fields, {ragged.height} other lines do not.",
            details=(
                *(f"line {line}: {fields} fields" for line, fields in first),
                *((f"... and {more} more",) if more else ()),
            ),
            next_step="Give every line as many fields as the header; a field that holds the separator needs quotes.",
        )
    return expected
