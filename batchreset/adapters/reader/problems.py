"""What is wrong with a row, and the error that lists it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from batchreset.adapters.reader.parts import Parts
from batchreset.durable import replacing
from batchreset.errors import InputError, RunFolderError, cause

MAX_FOUND_LENGTH: Final = 80
MAX_PROBLEMS_SHOWN: Final = 20

_NOT_PRINTABLE: Final = r"[\p{C}\p{Zl}\p{Zp}]|[\p{Zs}--[ ]]"
_PROBLEM_COLUMNS: Final = ("row", "column", "found", "expected")
_HEADER: Final = re.compile(r"[\w .()/-]{1,32}")
_LIKE_A_KEY: Final = re.compile(r"(?=\w*\d)\w{12,}|[A-Z\d]{12,}")
"""A long run of letters with digits among them, or of capitals; an application's secret has 40, a token hundreds."""
_FORMULA: Final = r"\A([=+\-@])"
"""What a spreadsheet would carry out (OWASP: CSV injection); an apostrophe before it makes it text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One cell that cannot be used.

    Attributes:
        row: its number in the input, 1 for the first line of data, blank lines not counted.
        column: the header as the input spells it.
        found: the cell's text, control characters escaped, at most 80 characters; empty for an empty cell.
        expected: what would have been right.
    """

    row: int
    column: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """All that was found wrong with the rows.

    Attributes:
        parts: put aside, in step with the rows: frames of row, column, found, expected, sorted by row.
    """

    parts: Parts

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.parts.heights)

    def first(self, most: int) -> list[Problem]:
        """The first ones, at most so many, in the order of rows, those of a row in the order of columns."""
        found: list[Problem] = []
        for frame in self.parts.frames():
            shown = frame.head(most - len(found))
            found += [Problem(**problem) for problem in shown.iter_rows(named=True)]
            if len(found) == most:
                break
        return found

    def write_csv(self, path: Path) -> None:
        """All of them: row, column, found, expected. What a spreadsheet would take for a formula gets an apostrophe.

        Raises:
            RunFolderError: it could not be written; nothing is left behind.
        """
        as_text = pl.col("column", "found").str.replace(_FORMULA, "'$1")
        try:
            with replacing(path) as temporary, temporary.open("wb") as file:
                for index, frame in enumerate(self.parts.frames()):
                    frame.with_columns(as_text).write_csv(file, include_header=not index)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise RunFolderError(
                f"the list of problems could not be written to {path}: {cause(error)}",
                next_step="see that the disk has room and that you may write there, then try again; nothing was sent",
            ) from error


class InvalidRowsError(InputError):
    """Rows of the input are wrong, and the rule is to stop then."""

    def __init__(self, shown: str, problems: Problems) -> None:
        listed = problems.first(MAX_PROBLEMS_SHOWN)
        count = problems.count
        more = count - len(listed)
        super().__init__(
            f"{shown} has {count:,} {'problem' if count == 1 else 'problems'} in its rows; nothing of it is used",
            details=(*_aligned(listed), *((f"... and {more:,} more",) if more else ())),
            next_step='correct these rows, or leave them out: --on-invalid skip, or on_invalid = "skip" under [input]',
        )
        self.problems = problems


def printable(text: str) -> str:
    """`text` in one line that a terminal takes as letters only, at most 80 characters."""
    escaped = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text[: MAX_FOUND_LENGTH + 1]
    )
    return escaped if len(escaped) <= MAX_FOUND_LENGTH else escaped[: MAX_FOUND_LENGTH - 1] + "…"


def shown_name(name: str) -> str:
    """A header as it is shown: one that does not look like one may be a key or password given by mistake."""
    if _HEADER.fullmatch(name) and not _LIKE_A_KEY.search(name):
        return name
    return f"(a name of {len(name):,} characters)"


def harmless(text: pl.Expr) -> pl.Expr:
    """`printable` of a whole column of String."""
    return text.str.slice(0, MAX_FOUND_LENGTH + 1).map_batches(_printable_all, return_dtype=pl.String)


def _printable_all(texts: pl.Series) -> pl.Series:
    odd = texts.str.contains(_NOT_PRINTABLE) | (texts.str.len_chars() > MAX_FOUND_LENGTH)
    if not odd.any():
        return texts
    return pl.Series(texts.name, [printable(text) if is_odd else text for text, is_odd in zip(texts, odd, strict=True)])


def _aligned(problems: Sequence[Problem]) -> list[str]:
    cells = [_PROBLEM_COLUMNS] + [
        (str(problem.row), printable(problem.column), problem.found or "(empty)", problem.expected)
        for problem in problems
    ]
    widths = [max(map(len, column)) for column in list(zip(*cells, strict=True))[:-1]]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)), line[-1]])
        for line in cells
    ]
