"""What a comparison came to, for a person: in 80 columns, and what to do next."""

from typing import Any

import pytest

from batchreset.core.outcome import Outcome
from batchreset.core.reconcile import Difference
from batchreset.wiring.reconcile_text import reconcile_lines

NOTHING: dict[str, Any] = {
    "run_id": "incident-7",
    "exit_code": 0,
    "days": [["2026-10-31", "2026-11-01"], ["2026-11-20", "2026-11-21"]],
    "customers": 1,
    "records": 1_234_567,
    "settled": {"succeeded": 0, "failed": 0, "in_doubt": 0},
    "differences": {},
    "too_old": 0,
    "try_again_at": None,
    "files": {"folder": "runs/r", "reconcile": "runs/r/reconcile.csv", "results": "runs/r/results.csv"},
    "passwords": "sealed",
    "apply": "batchreset apply runs/r",
}


def test_without_a_difference_it_is_short() -> None:
    assert reconcile_lines(NOTHING) == [
        "Run incident-7 beside Partner Center's own records: no difference",
        "",
        "  read       1,234,567 records of 1 customer, 2026-10-31 to 2026-11-21 (UTC)",
        "             (who was reset by somebody else after that day is not looked for)",
        "",
        "  each one   runs/r/reconcile.csv",
        "  results    runs/r/results.csv",
        "  hand-over  batchreset handover runs/r --identity KEY",
    ]


def test_whatever_came_of_it_fits_80_columns() -> None:
    settled = {outcome.value: 5_000 for outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.IN_DOUBT)}
    differences = {what.value: 5_000 for what in Difference}
    lines = reconcile_lines({**NOTHING, "settled": settled, "differences": differences, "too_old": 5_000})
    assert [line for line in lines if len(line) > 80] == []
    for word in (*settled, *differences):
        assert sum(f"  {word} " in line for line in lines) == (2 if word == "in_doubt" else 1)
    assert lines[0].endswith("40,000 differences (exit 3)")


def test_where_nobody_knows_the_passwords_there_is_no_hand_over() -> None:
    assert reconcile_lines(NOTHING)[:-1] == reconcile_lines({**NOTHING, "passwords": "nobody"})


@pytest.mark.parametrize(
    ("differences", "again", "told"),
    [
        ({"in_doubt": 1}, "2026-11-22T08:15:09.123Z", "Compare once more after 2026-11-22 08:15 UTC."),
        ({"not_recorded": 1}, None, "Records that are missing after a day will hardly come."),
        ({"in_doubt": 1}, None, "batchreset apply runs/r"),
        ({"somebody_else": 1}, None, ""),
    ],
)
def test_it_says_when_to_compare_again_or_that_waiting_will_not_help(
    differences: dict[str, int], again: str | None, told: str
) -> None:
    text = "\n".join(reconcile_lines({**NOTHING, "differences": differences, "try_again_at": again}))
    assert told in text
    assert ("missing" in text) is bool(told)
    assert ("apply" in text) is (told == "batchreset apply runs/r")
