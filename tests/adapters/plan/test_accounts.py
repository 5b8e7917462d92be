"""The accounts to be reset, in the input's order, piece by piece."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from batchreset.adapters.plan import Plan, freeze, open_plan
from batchreset.adapters.plan.file import ROWS_PER_SLICE

SCHEMA = {
    "row": pl.UInt32,
    "customer-tenant-id": pl.String,
    "user-id": pl.String,
    "forceChangePassword": pl.Boolean,
    "decision": pl.String,
    "reason": pl.String,
}


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., Plan]:
    def frozen(*decisions: str) -> Plan:
        rows = [(row, f"c{row % 3}", f"u{row}", True, end, None) for row, end in enumerate(decisions, start=1)]
        freeze([pl.DataFrame(rows, schema=SCHEMA, orient="row")], tmp_path / "plan.parquet")
        return open_plan(tmp_path / "plan.parquet")

    return frozen


def test_only_rows_that_are_to_be_reset_are_accounts_and_in_the_inputs_order(plan: Callable[..., Plan]) -> None:
    assert list(plan("reset", "skip", "reset", "reset").accounts()) == [
        [(1, "c1", "u1"), (3, "c0", "u3"), (4, "c1", "u4")]
    ]


@pytest.mark.parametrize("decisions", [(), ("skip", "skip")])
def test_a_plan_of_nothing_has_no_accounts_and_no_empty_piece(
    plan: Callable[..., Plan], decisions: tuple[str, ...]
) -> None:
    assert list(plan(*decisions).accounts()) == []


@pytest.mark.parametrize("extra", [-1, 0, 1, ROWS_PER_SLICE])
def test_pieces_are_of_bounded_size_and_together_all_accounts_once(plan: Callable[..., Plan], extra: int) -> None:
    rows = ROWS_PER_SLICE + extra
    pieces = list(plan(*["reset"] * rows).accounts())

    assert all(0 < len(piece) <= ROWS_PER_SLICE for piece in pieces)
    assert [row for piece in pieces for row, _, _ in piece] == list(range(1, rows + 1))
    assert all(isinstance(row, int) for row, _, _ in pieces[0])
