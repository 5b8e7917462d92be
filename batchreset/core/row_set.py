"""A set of a plan's row numbers that may have millions: a byte for each row, whether it is in or not."""

from collections.abc import Iterable, Sequence
from typing import Final

_IN: Final = 1


class RowSet:
    """Only grows. A number that is not from 1 to `last` is in no set of the plan's rows, and is not taken in."""

    def __init__(self, last: int, rows: Iterable[int] = ()) -> None:
        self._marks = bytearray(last + 1)
        self.update(rows)

    def update(self, rows: Iterable[int]) -> None:
        """Take these in."""
        marks, end = self._marks, len(self._marks)
        for row in rows:
            if 0 < row < end:
                marks[row] = _IN

    def lacks(self, rows: Sequence[int]) -> list[bool]:
        """Of each of some of the plan's rows, whether it is not in."""
        marks = self._marks
        return [not marks[row] for row in rows]

    def __contains__(self, row: object) -> bool:
        return isinstance(row, int) and 0 < row < len(self._marks) and self._marks[row] == _IN

    def __bool__(self) -> bool:
        return _IN in self._marks

    def __len__(self) -> int:
        return self._marks.count(_IN)
