"""What every format gives: headers as they were written, and columns of text in the same order."""

from dataclasses import dataclass
from typing import NoReturn

import polars as pl

from batchreset.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One parsed file.

    Attributes:
        headers: as written, possibly empty or repeated.
        frame: as many columns, every one String, under names of no meaning.
    """

    headers: tuple[str, ...]
    frame: pl.DataFrame


def refuse_empty(shown: str) -> NoReturn:
    raise InputError(
        f"{shown} is empty: there is not even a header line in it.",
        next_step="Look at how the file is made; it needs a header line and a line for each user.",
    )
