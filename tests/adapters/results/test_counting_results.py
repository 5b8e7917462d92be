"""The results counted are the results written."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from batchreset.adapters.results import count_results
from batchreset.adapters.results.writing import ROWS_PER_BATCH
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.rows import CUSTOMERS_SHOWN, SHOWN_OF_A_GROUP, SHOWN_OF_NOT_ATTEMPTED, Counted
from batchreset.errors import RunFolderError

TIMES = ("2026-11-21T08:40:00.123Z", "2026-11-21T08:40:01.000Z")


def guid(number: int) -> str:
    return f"c0000000-0000-0000-0000-{number:012}"


def frozen(path: Path, rows: list[tuple[Any, ...]], **further: list[Any]) -> Path:
    """A plan of (customer, decision, reason), with further columns."""
    frame = pl.DataFrame(
        {
            "row": pl.Series(range(1, len(rows) + 1), dtype=pl.UInt32),
            "customer-tenant-id": [row[0] for row in rows],
            "user-id": [f"u{number}" for number in range(len(rows))],
            "forceChangePassword": [True] * len(rows),
            "decision": [row[1] for row in rows],
            "reason": pl.Series([row[2] for row in rows], dtype=pl.String),
            **further,
        }
    )
    frame.write_parquet(path)
    return path


def count(plan: Path, ended: dict[int, tuple[str, str | None]], unattempted: Reason = Reason.CANARY) -> Counted:
    return count_results(
        plan=plan,
        endings=lambda first, last: [(row, *end, 2) for row, end in ended.items() if first <= row <= last],
        outcomes=lambda first, last: [
            (row, *end, 404, "60002", "gone", "corr", "req", 2, *TIMES)
            for row, end in ended.items()
            if first <= row <= last
        ],
        unattempted=unattempted,
    )


def test_customers_with_most_to_look_at_come_first_and_the_others_are_summed(tmp_path: Path) -> None:
    many = CUSTOMERS_SHOWN + 5
    plan = frozen(tmp_path / "p", [(guid(number), "reset", None) for number in range(many) for _ in range(number + 1)])
    counted = count(plan, {1: ("failed", "not_found"), 2: ("in_doubt", "timeout")})
    assert [one.tenant_id for one in counted.customers[:3]] == [guid(1), guid(0), guid(many - 1)]
    assert (counted.customer_count, len(counted.customers)) == (many, CUSTOMERS_SHOWN)
    assert counted.others is not None
    assert counted.others.rows + sum(one.rows for one in counted.customers) == counted.rows == many * (many + 1) // 2
    assert counted.others.outcomes[Outcome.NOT_ATTEMPTED] == counted.others.rows
    assert counted.customers[0].attempts == 2


def test_rows_without_a_guid_are_one_customer_whatever_stands_there(tmp_path: Path) -> None:
    hostile = ["<b>", "", None, "\u202e", "x" * 9_999, "C0000000-0000-0000-0000-000000000001"]
    counted = count(frozen(tmp_path / "p", [(one, "skip", "invalid") for one in hostile]), {})
    assert [(one.tenant_id, one.rows) for one in counted.customers] == [("", len(hostile))]
    assert counted.customer_count == 0, "whoever has no id is no customer"
    assert counted.endings == {(Outcome.SKIPPED, Reason.INVALID): len(hostile)}


def test_names_of_the_input_are_shown_and_its_columns_are_mistaken_for_nothing_else(tmp_path: Path) -> None:
    """Columns that are called as those that are counted, names in any spelling, and ones that are no text."""
    three: list[tuple[Any, ...]] = [(guid(1), "reset", None)] * 3
    plan = frozen(
        tmp_path / "p", three, name=["n"] * 3, ended_reason=[1, 2, 3], Customer_Name=[None, "Contoso", "x"],
        user_principal_name=["a@b", None, "c@d"], displayName=[1, 2, 3],
    )  # fmt: skip
    counted = count(plan, {1: ("failed", "not_found"), 2: ("failed", "not_found")})
    (customer,) = counted.customers
    assert customer.name in {"Contoso", "x"}
    shown = counted.shown[Outcome.FAILED, Reason.NOT_FOUND]
    assert [(row.row, row.customer_name, row.who) for row in shown] == [(1, "", "a@b"), (2, "Contoso", "")]
    assert (shown[0].http_status, shown[0].error_description, shown[0].attempts) == (404, "gone", 2)


def test_of_each_group_the_first_rows_are_shown_over_all_batches(tmp_path: Path) -> None:
    number = ROWS_PER_BATCH + 20
    plan = frozen(tmp_path / "p", [(guid(1), "reset", None)] * number)
    failed = [5, 6, *range(ROWS_PER_BATCH, number)]
    counted = count(plan, dict.fromkeys(failed, ("failed", "conflict")))
    assert [row.row for row in counted.shown[Outcome.FAILED, Reason.CONFLICT]] == failed[:SHOWN_OF_A_GROUP]
    assert len(counted.shown[Outcome.NOT_ATTEMPTED, Reason.CANARY]) == SHOWN_OF_NOT_ATTEMPTED
    assert counted.attempts == {0: number - len(failed), 2: len(failed)}


def test_a_plan_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"no plan")
    with pytest.raises(RunFolderError, match="missing or damaged"):
        count(tmp_path / "p", {})
