"""What every format gives: headers as they were written, and columns of text in the same order, batch by batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

import polars as pl

from batchreset.errors import InputError

MAX_COLUMNS: Final = 1_000
"""More than any list of users has; each costs memory in every batch."""

MAX_RECORD_BYTES: Final = 1 << 20
"""Of one line or cell: a quotation mark that is never closed would make one record of the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One parsed file.

    Attributes:
        headers: as written, possibly empty or repeated.
        batches: to be read once; each with as many columns, every one String, under names of no meaning, and a
            bounded number of rows. A cell that is null or "" is empty. Errors of the input are raised here too.
    """

    headers: tuple[str, ...]
    batches: Iterator[pl.DataFrame]


def refuse_empty(shown: str) -> NoReturn:
    raise InputError(
        f"{shown} is empty: there is not even a header line in it.",
        next_step="Look at how the file is made; it needs a header line and a line for each user.",
    )


def refuse_too_many_columns(count: int, shown: str) -> NoReturn:
    raise InputError(
        f"{shown} has {count} columns or more; {MAX_COLUMNS} at most are read.",
        next_step="Leave out the columns that nobody needs in the results.",
    )
