"""What is wrong with a row, and the error that lists it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from batchreset.errors import InputError

MAX_FOUND_LENGTH: Final = 80
MAX_PROBLEMS_KEPT: Final = 1000
MAX_PROBLEMS_SHOWN: Final = 20


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


class InvalidRowsError(InputError):
    """Rows of the input are wrong, and the rule is to stop then.

    Attributes:
        problems: the first thousand, in the order of rows.
        problem_count: how many there are in all.
    """

    def __init__(self, shown: str, *, problems: tuple[Problem, ...], problem_count: int) -> None:
        listed = problems[:MAX_PROBLEMS_SHOWN]
        more = problem_count - len(listed)
        super().__init__(
            f"{shown} has {problem_count} {'problem' if problem_count == 1 else 'problems'} in its rows;"
            " nothing of it is used.",
            details=(*_aligned(listed), *((f"... and {more} more",) if more else ())),
            next_step='Correct these rows, or leave them out with on_invalid = "skip" under [input].',
        )
        self.problems = problems
        self.problem_count = problem_count


def printable(text: str) -> str:
    """`text` in one line that a terminal takes as letters only, at most 80 characters."""
    escaped = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text[: MAX_FOUND_LENGTH + 1]
    )
    return escaped if len(escaped) <= MAX_FOUND_LENGTH else escaped[: MAX_FOUND_LENGTH - 1] + "…"


def _aligned(problems: Sequence[Problem]) -> list[str]:
    cells = [("row", "column", "found", "expected")] + [
        (str(problem.row), printable(problem.column), problem.found or "(empty)", problem.expected)
        for problem in problems
    ]
    widths = [max(map(len, column)) for column in list(zip(*cells, strict=True))[:-1]]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)), line[-1]])
        for line in cells
    ]
