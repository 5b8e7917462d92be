"""What every format gives: headers as they were written, and columns of text in the same order, some rows at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

import polars as pl

from batchreset.errors import InputError

MAX_COLUMNS: Final = 1_000
"""Many more than any list of users has; each column costs time and memory for every batch of rows."""
MAX_RECORD_BYTES: Final = 1 << 20
"""The longest line, or cell. A file without line ends must not be collected in memory to find that out."""

Chunks = Callable[[], Iterator[bytes]]
"""A fresh pass over a text: UTF-8 without byte order mark, some MB at a time, cut anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One parsed file.

    Attributes:
        headers: as written, possibly empty or repeated.
        batches: read once; frames of as many columns, each String, under names of no meaning. Reading them may raise
            InputError.
    """

    headers: tuple[str, ...]
    batches: Iterator[pl.DataFrame]


def refuse_empty(shown: str) -> NoReturn:
    raise InputError(
        f"{shown} is empty: there is not even a header line in it",
        next_step="look at how the file is made; it needs a header line and a line for each user",
    )


def refuse_too_many_columns(count: int, shown: str) -> NoReturn:
    raise InputError(
        f"{shown} has {count:,} columns; at most {MAX_COLUMNS:,} are read",
        next_step="keep the columns that are needed: the two ids, the flag, and what the results are to show",
    )


def refuse_long_record(line: int, shown: str, *, unclosed: bool = False) -> NoReturn:
    why = ", or a quotation mark in it is not closed" if unclosed else ""
    raise InputError(
        f"{shown}, line {line}: it is longer than {MAX_RECORD_BYTES >> 20} MiB{why}",
        next_step="look at how the file is made; it needs one line for each user",
    )
