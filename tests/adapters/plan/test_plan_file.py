"""A plan is written whole or not at all, and read as it was written."""

import hashlib
import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from batchreset.adapters.plan import Plan, freeze, open_plan
from batchreset.adapters.plan.file import ROWS_PER_GROUP
from batchreset.core.row_set import RowSet
from batchreset.errors import RunFolderError

SCHEMA = {
    "row": pl.UInt32,
    "customer-tenant-id": pl.String,
    "user-id": pl.String,
    "forceChangePassword": pl.Boolean,
    "decision": pl.String,
    "reason": pl.String,
    "note": pl.String,
}
FRAME = pl.DataFrame(
    [
        (1, "c2", "u1", True, "reset", None, "007"),
        (2, "c1", "u2", False, "reset", None, None),
        (3, "c2", "u3", True, "reset", None, ""),
        (4, "c2", "u3", True, "skip", "duplicate", "x"),
        (5, "c3", "??", None, "skip", "invalid", "x"),
        (6, "c3", "u5", True, "skip", "duplicate", "x"),
    ],
    schema=SCHEMA,
    orient="row",
)


@pytest.fixture
def disk_full() -> Iterator[None]:
    """Files of this process cannot grow beyond 20 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_frozen_plan_is_private_hashed_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "plan.parquet"

    sha256 = freeze([FRAME], path)

    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert pl.read_parquet(path).equals(FRAME)
    assert list(tmp_path.iterdir()) == [path]


def test_a_plan_counts_its_rows_by_what_is_to_be_done(tmp_path: Path) -> None:
    freeze([FRAME], tmp_path / "plan.parquet")

    plan = open_plan(tmp_path / "plan.parquet")

    assert list(plan.rows_per_customer().items()) == [("c2", 2), ("c1", 1)]


def test_a_folder_with_the_marks_of_a_pattern_in_its_name_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "day=1[ab]*"
    folder.mkdir()

    freeze([FRAME], folder / "plan.parquet")

    assert sum(open_plan(folder / "plan.parquet").rows_per_customer().values()) == 3


def test_a_plan_that_cannot_be_written_is_refused_and_the_earlier_one_stays(tmp_path: Path, disk_full: None) -> None:
    path = tmp_path / "plan.parquet"
    path.write_bytes(b"earlier")

    with pytest.raises(RunFolderError, match=r"could not be written to .*plan\.parquet: .*File too large") as caught:
        freeze([FRAME], path)

    assert "room" in caught.value.next_step
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="No such file or directory"):
        freeze([FRAME], tmp_path / "none" / "plan.parquet")


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="there is no plan at"):
        open_plan(tmp_path / "plan.parquet")


def test_a_plan_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="Is a directory"):
        open_plan(tmp_path)


@pytest.mark.parametrize(
    "kept", [pytest.param(0, id="nothing"), pytest.param(900, id="half"), pytest.param(-9, id="most")]
)
def test_a_damaged_plan_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "plan.parquet"
    freeze([FRAME], path)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(RunFolderError, match="damaged") as caught:
        open_plan(path)
    assert "copy" in caught.value.next_step


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(FRAME.drop("decision"), id="a column less"),
        pytest.param(FRAME.cast({"row": pl.Int64}), id="another type"),
        pytest.param(FRAME.select(pl.col("note"), pl.exclude("note")), id="another order"),
        pytest.param(FRAME.select("row"), id="one column"),
    ],
)
def test_a_file_without_a_plans_columns_is_refused(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(tmp_path / "plan.parquet")

    with pytest.raises(RunFolderError, match="does not have a plan's columns"):
        open_plan(tmp_path / "plan.parquet")


@pytest.mark.parametrize("header", ["userPrincipalName", "User Principal Name"])
def test_users_to_be_reset_are_found_by_the_names_that_the_input_gives_them(tmp_path: Path, header: str) -> None:
    names = ["a@x", " B@X ", "c@x", "c@x", "d@x", "e@x"]
    freeze([FRAME.with_columns(pl.Series(header, names))], tmp_path / "plan.parquet")

    plan = open_plan(tmp_path / "plan.parquet")
    assert plan.users_named({"b@x", "c@x", "e@x", "z@x"}) == frozenset({"u2", "u3"})
    assert plan.users_named(set()) == frozenset()


def test_without_a_column_of_names_nobody_is_named(tmp_path: Path) -> None:
    freeze([FRAME], tmp_path / "plan.parquet")
    assert open_plan(tmp_path / "plan.parquet").users_named({"a@x"}) == frozenset()
    with pytest.raises(RunFolderError, match=r"there is no plan at .*none\.parquet"):
        open_plan(tmp_path / "none.parquet")


def test_rows_of_a_plan_of_several_row_groups_come_in_order_and_are_all_counted(tmp_path: Path) -> None:
    """Decisions and customers change at the groups' borders, and the last group is not full."""
    rows = 2 * ROWS_PER_GROUP + 3
    numbers = pl.int_range(1, rows + 1, dtype=pl.UInt32, eager=True)
    frame = pl.select(
        numbers.alias("row"),
        pl.format("c{}", (numbers + 1) // ROWS_PER_GROUP).alias("customer-tenant-id"),
        pl.format("u{}", numbers).alias("user-id"),
        pl.lit(value=True).alias("forceChangePassword"),
        pl.when(numbers % ROWS_PER_GROUP == 0).then(pl.lit("skip")).otherwise(pl.lit("reset")).alias("decision"),
        pl.lit(None, dtype=pl.String).alias("reason"),
        pl.format("n{}@x", numbers).alias("userPrincipalName"),
    )
    freeze([frame], tmp_path / "plan.parquet")
    plan = open_plan(tmp_path / "plan.parquet")
    left = frame.filter(pl.col("decision") == "reset")

    assert plan.last_row == rows
    assert plan.rows_per_customer() == dict(left.group_by("customer-tenant-id", maintain_order=True).len().iter_rows())
    assert [row for some in plan.accounts() for row, _, _ in some] == left["row"].to_list()
    assert [row for some in plan.rows_of("c1") for row in some] == left.filter(pl.col("customer-tenant-id") == "c1")[
        "row"
    ].to_list()
    assert plan.users_named(frozenset({"n1@x", f"n{ROWS_PER_GROUP}@x", f"n{rows}@x"})) == {"u1", f"u{rows}"}
    queue = plan.queue(done=RowSet(plan.last_row, range(1, rows - 2)), single_lane=True)
    assert [queue.next("*").row for _ in range(3)] == [rows - 2, rows - 1, rows]


def test_a_plan_of_no_row_has_none(tmp_path: Path) -> None:
    freeze([FRAME.clear()], tmp_path / "plan.parquet")
    plan = open_plan(tmp_path / "plan.parquet")

    assert (plan.last_row, plan.rows_per_customer(), list(plan.accounts())) == (0, {}, [])


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(lambda plan: plan.last_row, id="last row"),
        pytest.param(lambda plan: plan.rows_per_customer(), id="rows per customer"),
        pytest.param(lambda plan: plan.users_named(frozenset({"a@x"})), id="users named"),
        pytest.param(lambda plan: plan.queue(done=RowSet(6), single_lane=False), id="queue"),
    ],
)
def test_a_plan_that_was_damaged_meanwhile_is_said(tmp_path: Path, asked: Callable[[Plan], object]) -> None:
    freeze([FRAME], tmp_path / "plan.parquet")
    plan = open_plan(tmp_path / "plan.parquet")
    (tmp_path / "plan.parquet").write_bytes(b"PAR1 no more")

    with pytest.raises(RunFolderError, match=r"the plan at .* cannot be read"):
        asked(plan)
