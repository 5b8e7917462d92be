"""Rows are handed out once, in the input's order within their lane."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

import polars as pl
import pytest
from chances import usual_and_torture
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.plan import SINGLE_LANE, RowQueue
from batchreset.adapters.plan.queue import MAX_ROWS_FETCHED, queue_of
from batchreset.core.protection import Bounds, Protected
from batchreset.core.rows import PlannedRow

SCHEMA = {
    "row": pl.UInt32,
    "customer-tenant-id": pl.String,
    "user-id": pl.String,
    "forceChangePassword": pl.Boolean,
    "decision": pl.String,
    "reason": pl.String,
}


@dataclass(frozen=True, slots=True)
class Planned:
    frame: pl.DataFrame

    def queue(self, *, done: Collection[int] | pl.Series, single_lane: bool) -> RowQueue:
        return queue_of(self.frame.lazy(), done=done, single_lane=single_lane)


def plan(customers: list[str], skipped: Collection[int] = ()) -> Planned:
    """A plan of one row for each customer named; the rows numbered in `skipped` are duplicates."""
    rows = [
        (
            row,
            customer,
            f"u{row}",
            row % 2 == 0,
            "skip" if row in skipped else "reset",
            "duplicate" if row in skipped else None,
        )
        for row, customer in enumerate(customers, start=1)
    ]
    return Planned(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def drained(queue: RowQueue) -> dict[str, list[int]]:
    return {lane: [queue.next(lane).row for _ in range(length)] for lane, length in dict(queue.rows_per_lane).items()}


def test_a_row_comes_as_it_was_planned() -> None:
    queue = plan(["c1", "c2"]).queue(done=(), single_lane=False)

    assert queue.next("c2") == PlannedRow(
        row=2, lane="c2", customer_tenant_id="c2", user_id="u2", force_change_password=True
    )


def test_one_lane_for_all_keeps_the_files_order_and_the_customers() -> None:
    queue = plan(["c1", "c2", "c1"]).queue(done=(), single_lane=True)

    assert dict(queue.rows_per_lane) == {SINGLE_LANE: 3}
    rows = [queue.next(SINGLE_LANE) for _ in range(3)]
    assert [(row.row, row.lane, row.customer_tenant_id) for row in rows] == [
        (1, SINGLE_LANE, "c1"),
        (2, SINGLE_LANE, "c2"),
        (3, SINGLE_LANE, "c1"),
    ]


@pytest.mark.parametrize(
    "done",
    [
        pytest.param({1, 3}, id="set"),
        pytest.param([3, 1, 1], id="list"),
        pytest.param(range(1, 4, 2), id="range"),
        pytest.param(pl.Series([1, 3]), id="series"),
    ],
)
def test_rows_that_are_done_are_left_out(done: Collection[int] | pl.Series) -> None:
    queue = plan(["c1", "c2", "c1", "c2", "c1"], skipped={5}).queue(done=done, single_lane=False)

    assert drained(queue) == {"c2": [2, 4]}


@pytest.mark.parametrize("single_lane", [pytest.param(True, id="one lane"), pytest.param(False, id="a lane each")])
def test_a_queue_with_everything_done_has_no_lanes(*, single_lane: bool) -> None:
    assert dict(plan(["c1"]).queue(done={1}, single_lane=single_lane).rows_per_lane) == {}


def test_what_is_left_counts_down_while_it_is_watched() -> None:
    queue = plan(["c1", "c2", "c1"]).queue(done=(), single_lane=False)
    left = queue.rows_per_lane

    queue.next("c1")
    queue.next("c2")

    assert dict(left) == {"c1": 1, "c2": 0}


def test_a_wave_takes_some_rows_and_the_rest_goes_on_from_there() -> None:
    queue = plan(["c1"] * 5 + ["c2"] * 2).queue(done=(), single_lane=False)
    wave = [queue.next("c1").row, queue.next("c1").row, queue.next("c2").row]

    assert wave == [1, 2, 6]
    assert drained(queue) == {"c1": [3, 4, 5], "c2": [7]}


@pytest.mark.parametrize("lane", [pytest.param("c1", id="drained"), pytest.param("c9", id="unknown")])
def test_asking_a_lane_for_more_than_it_has_is_a_bug(lane: str) -> None:
    queue = plan(["c1"]).queue(done=(), single_lane=False)
    queue.next("c1")

    with pytest.raises(IndexError, match=f"lane '{lane}' has no row left"):
        queue.next(lane)
    assert dict(queue.rows_per_lane) == {"c1": 0}


@given(
    customers=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=40),
    done=st.sets(st.integers(1, 40)),
    skipped=st.sets(st.integers(1, 40)),
    single_lane=st.booleans(),
)
@settings(deadline=None)
def test_every_row_to_be_reset_comes_once_and_in_order(
    *, customers: list[str], done: set[int], skipped: set[int], single_lane: bool
) -> None:
    expected: dict[str, list[int]] = {}
    for row, customer in enumerate(customers, start=1):
        if row not in done | skipped:
            expected.setdefault(SINGLE_LANE if single_lane else customer, []).append(row)

    queue = plan(customers, skipped).queue(done=done, single_lane=single_lane)

    assert list(queue.rows_per_lane) == list(expected)
    assert drained(queue) == expected


@pytest.mark.parametrize("rounds", usual_and_torture([14], [40]))
def test_so_many_rows_in_five_thousand_lanes_come_in_turn(rounds: int) -> None:
    """More rows than are held at once, from more lanes than full fetches are made for."""
    lanes = 5_000
    numbers = pl.int_range(1, lanes * rounds + 1, dtype=pl.UInt32, eager=True)
    frame = pl.select(
        numbers.alias("row"),
        (numbers % lanes).cast(pl.String).alias("customer-tenant-id"),
        pl.lit("u").alias("user-id"),
        pl.lit(value=True).alias("forceChangePassword"),
        pl.lit("reset").alias("decision"),
        pl.lit(None, dtype=pl.String).alias("reason"),
    )
    queue = Planned(frame).queue(done=(), single_lane=False)
    names = list(queue.rows_per_lane)

    taken = [queue.next(lane).row for _ in range(rounds) for lane in names]

    assert taken == numbers.to_list()


def test_a_lane_longer_than_one_fetch_goes_on() -> None:
    height = MAX_ROWS_FETCHED * 2 + 1
    queue = plan(["c1"] * height).queue(done=(), single_lane=False)

    assert list(islice((queue.next("c1").row for _ in range(height)), height)) == list(range(1, height + 1))


CUSTOMERS = st.lists(st.sampled_from(["c1", "c2", "c3"]), max_size=40)


@given(
    customers=CUSTOMERS,
    users=st.sets(st.sampled_from([f"u{row}" for row in range(1, 41)])),
    whole=st.sets(st.sampled_from(["c1", "c2", "c9"])),
    only=st.sets(st.sampled_from(["c1", "c2", "c3"])),
    single_lane=st.booleans(),
)
def test_what_is_out_of_bounds_is_taken_away_once_and_the_rest_stays_as_it_was(
    *, customers: list[str], users: set[str], whole: set[str], only: set[str], single_lane: bool
) -> None:
    bounds = Bounds(protected=Protected(users=frozenset(users), customers=frozenset(whole)), customers=frozenset(only))
    queue = plan(customers).queue(done=(), single_lane=single_lane)
    out = {n for n, customer in enumerate(customers, 1) if bounds.reason_against(customer, f"u{n}") is not None}

    assert {row.row for row in queue.leave_out(bounds)} == out
    assert queue.leave_out(bounds) == []
    kept = [row for rows in drained(queue).values() for row in rows]
    assert sorted(kept) == [n for n in range(1, len(customers) + 1) if n not in out]
