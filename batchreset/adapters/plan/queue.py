"""The rows still to be sent, lane by lane. Of each, its place among the records stays in memory: four bytes."""

import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from batchreset.adapters.plan.records import Records
from batchreset.core.columns import CUSTOMER, FORCE, ROW, USER
from batchreset.core.protection import Bounds
from batchreset.core.row_set import RowSet
from batchreset.core.rows import PlannedRow

SINGLE_LANE: Final = "*"
"""The lane of every row when the input's order is kept."""


class RowQueue:
    """Hands out each row once, in the input's order within its lane.

    A wave is run by asking for only so many rows of each lane; what is asked for later goes on from there.

    Args:
        batches: rows of a plan in the input's order: row, customer, user and flag.
        folder: on whose disk they wait.
        done: those that are not to be sent.
        single_lane: whether all wait in one lane.

    Raises:
        RunFolderError: (every method) the rows cannot be put down there, or not be read again.
    """

    def __init__(self, batches: Iterable[pl.DataFrame], folder: Path, *, done: RowSet, single_lane: bool) -> None:
        self._records = Records(folder)
        self._lanes = _Lanes()
        self._single = _Customers() if single_lane else None
        self._sought = frozenset[str]()
        try:
            for batch in batches:
                self._add(batch.filter(done.lacks(batch[ROW].to_list())) if done else batch)
        except BaseException:
            self.close()
            raise
        for waiting in self._lanes.values():
            waiting.reverse()

    def close(self) -> None:
        """Give the disk its room back; idempotent. No row can be asked for any more."""
        self._records.close()

    def _add(self, rows: pl.DataFrame) -> None:
        customers, marks = rows[CUSTOMER].to_list(), rows[FORCE].to_list()
        places = range(len(self._records), len(self._records) + len(customers))
        if self._single is None:
            for place, customer in zip(places, customers, strict=True):
                self._lanes[customer].append(place)
        elif customers:
            self._lanes[SINGLE_LANE].extend(places)
            marks = [2 * number + force for number, force in zip(self._single.numbers(customers), marks, strict=True)]
        self._records.append(rows[USER].to_list(), rows[ROW].to_list(), marks)

    @property
    def rows_per_lane(self) -> Mapping[str, int]:
        """Rows not handed out yet, a live view; lanes in the order of their first rows, empty ones stay with 0."""
        return _Left(self._lanes)

    @property
    def rows_per_customer(self) -> Mapping[str, int]:
        """The same by customer, where each has a lane; else how many there were at first."""
        return self.rows_per_lane if self._single is None else self._single.rows

    def next(self, lane: str) -> PlannedRow:
        """The lane's next row. IndexError when it has none: the caller lost count."""
        waiting = self._lanes.get(lane)
        if not waiting:
            raise IndexError(f"lane {lane!r} has no row left")
        row = self._planned(lane, waiting[-1])
        waiting.pop()
        return row

    def _planned(self, lane: str, place: int) -> PlannedRow:
        user, row, mark = self._records[place]
        return PlannedRow(
            row=row,
            lane=lane,
            customer_tenant_id=lane if self._single is None else self._single.names[mark >> 1],
            user_id=user,
            force_change_password=mark & 1 == 1,
        )

    def leave_out(self, bounds: Bounds) -> list[PlannedRow]:
        """Take away the rows that are out of bounds, and give them back; before any row is handed out."""
        found = frozenset(self._records.of_users(bounds.protected.users - self._sought))
        self._sought |= bounds.protected.users
        if not (found or bounds.customers or bounds.protected.customers):
            return []
        return [row for lane in list(self._lanes) for row in self._taken(lane, self._out(lane, bounds, found))]

    def _out(self, lane: str, bounds: Bounds, found: frozenset[int]) -> frozenset[int]:
        waiting = self._lanes[lane]
        if self._single is None:
            return frozenset(waiting) if _is_out(bounds, lane) else found.intersection(waiting)
        customers = {number for number, name in enumerate(self._single.names) if _is_out(bounds, name)}
        theirs = [place for place in waiting if self._records[place][2] >> 1 in customers] if customers else []
        return found.intersection(waiting).union(theirs)

    def _taken(self, lane: str, out: frozenset[int]) -> Iterator[PlannedRow]:
        if not out:
            return
        yield from (self._planned(lane, place) for place in sorted(out))
        left = array.array("I", (place for place in self._lanes[lane] if place not in out))
        if left:
            self._lanes[lane] = left
        else:
            del self._lanes[lane]


class _Lanes(dict[str, "array.array[int]"]):
    """By lane the places of the rows that wait, the next one last."""

    def __missing__(self, lane: str) -> "array.array[int]":
        made = self[lane] = array.array("I")
        return made


class _Left(Mapping[str, int]):
    def __init__(self, lanes: _Lanes) -> None:
        self._lanes = lanes

    def __getitem__(self, lane: str) -> int:
        waiting = self._lanes.get(lane)
        if waiting is None:
            raise KeyError(lane)
        return len(waiting)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lanes)

    def __len__(self) -> int:
        return len(self._lanes)


class _Customers:
    """The customers of one lane for all, by number.

    Attributes:
        rows: of each.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.names: list[str] = []
        self.rows: Counter[str] = Counter()

    def numbers(self, customers: list[str]) -> list[int]:
        """One for each of these rows' customers."""
        self.rows.update(customers)
        numbers = [self._numbers.setdefault(customer, len(self._numbers)) for customer in customers]
        self.names = list(self._numbers)
        return numbers


def _is_out(bounds: Bounds, customer: str) -> bool:
    return customer in bounds.protected.customers or bool(bounds.customers and customer not in bounds.customers)
