"""The rows still to be sent, lane by lane, without an object for each of a million rows."""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final

import polars as pl

from batchreset.core.columns import CUSTOMER, DECISION, DECISION_RESET, FORCE, ROW, USER
from batchreset.core.protection import Bounds
from batchreset.core.rows import PlannedRow

SINGLE_LANE: Final = "*"
"""The lane of every row when the input's order is kept."""

MAX_ROWS_FETCHED: Final = 256
MIN_ROWS_FETCHED: Final = 8
MAX_ROWS_BUFFERED: Final = 65_536
"""Over all lanes, as long as there are no more lanes than the smallest fetch allows."""


def queue_of(to_reset: pl.LazyFrame, *, done: Collection[int] | pl.Series, single_lane: bool) -> "RowQueue":
    """The rows of a plan whose numbers are not in `done`."""
    numbers = pl.Series(done if isinstance(done, pl.Series) else list(done)).cast(pl.UInt32)
    left = to_reset.filter((pl.col(DECISION) == DECISION_RESET) & ~pl.col(ROW).is_in(numbers.implode()))
    return RowQueue(left.select(ROW, CUSTOMER, USER, FORCE).collect(), single_lane=single_lane)


class RowQueue:
    """Hands out each row once, in the input's order within its lane.

    A wave is run by asking for only so many rows of each lane; what is asked for later goes on from there.
    """

    def __init__(self, rows: pl.DataFrame, *, single_lane: bool) -> None:
        """`rows`: row, customer, user and flag, in the input's order."""
        self._single_lane = single_lane
        self._sort(rows)

    def _sort(self, rows: pl.DataFrame) -> None:
        """By lane, in the input's order within it."""
        numbered = rows.with_columns(self._lane.alias("lane")).with_row_index("index")
        sizes = numbered.group_by("lane", maintain_order=True).agg("index", size=pl.len())
        self._rows = rows[sizes["index"].explode()]
        self._left = dict(sizes.select("lane", "size").iter_rows())
        starts = sizes["size"].cum_sum() - sizes["size"]
        self._next_slice = dict(zip(sizes["lane"], starts, strict=True))
        self._buffers: dict[str, Iterator[PlannedRow]] = {}
        per_lane = MAX_ROWS_BUFFERED // max(1, len(self._left))
        self._fetched_at_once = max(MIN_ROWS_FETCHED, min(MAX_ROWS_FETCHED, per_lane))

    @property
    def _lane(self) -> pl.Expr:
        return pl.lit(SINGLE_LANE) if self._single_lane else pl.col(CUSTOMER)

    def leave_out(self, bounds: Bounds) -> list[PlannedRow]:
        """Take away the rows that are out of bounds, and give them back; before any row is handed out."""
        out = _among(CUSTOMER, bounds.protected.customers) | _among(USER, bounds.protected.users)
        if bounds.customers:
            out |= ~_among(CUSTOMER, bounds.customers)
        taken = self._rows.filter(out)
        if taken.is_empty():
            return []
        self._sort(self._rows.filter(~out))
        return list(_planned(taken.with_columns(self._lane.alias("lane"))))

    @property
    def rows_per_lane(self) -> Mapping[str, int]:
        """Rows not handed out yet, a live view; lanes in the order of their first rows, empty ones stay with 0."""
        return MappingProxyType(self._left)

    def next(self, lane: str) -> PlannedRow:
        """The lane's next row. IndexError when it has none: the caller lost count."""
        left = self._left.get(lane, 0)
        if not left:
            raise IndexError(f"lane {lane!r} has no row left")
        row = next(self._buffers.get(lane, iter(())), None)
        if row is None:
            self._buffers[lane] = self._fetch(lane, min(left, self._fetched_at_once))
            row = next(self._buffers[lane])
        self._left[lane] = left - 1
        return row

    def _fetch(self, lane: str, length: int) -> Iterator[PlannedRow]:
        start = self._next_slice[lane]
        self._next_slice[lane] = start + length
        return _planned(self._rows.slice(start, length).with_columns(pl.lit(lane).alias("lane")))


def _planned(rows: pl.DataFrame) -> Iterator[PlannedRow]:
    return (
        PlannedRow(row=row, lane=lane, customer_tenant_id=customer, user_id=user, force_change_password=force)
        for row, lane, customer, user, force in rows.select(ROW, "lane", CUSTOMER, USER, FORCE).rows()
    )


def _among(column: str, values: AbstractSet[str]) -> pl.Expr:
    return pl.col(column).is_in(pl.Series(sorted(values), dtype=pl.String).implode())
