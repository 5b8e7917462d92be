"""From a summary to the figures of a metrics file."""

import datetime as dt
from typing import Any

from batchreset.errors import ExitCode
from batchreset.wiring.measuring import figures_of

AT = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)


def limit(scope: str, requests: int, seconds: float) -> dict[str, Any]:
    return {"scope": scope, "limit": requests, "window_seconds": seconds}


def test_rows_add_up_and_of_the_customers_limits_the_tightest_stands_without_its_name() -> None:
    customer = "c0000000-0000-0000-0000-00000000000"
    facts = {
        "outcomes": {"succeeded": 5, "failed": 3, "skipped": 1},
        "reasons": [
            {"outcome": "failed", "reason": "forbidden", "rows": 2},
            {"outcome": "failed", "reason": "not_found", "rows": 1},
            {"outcome": "skipped", "reason": "duplicate", "rows": 1},
        ],
        "sent": 9,
        "throttled": 1,
        "pacing": {
            "limits": [
                limit("partner", 100, 60.0), limit(f"{customer}1", 50, 10.0), limit(f"{customer}2", 20, 10.0),
                limit(f"{customer}3", 30, 10.0), limit(f"{customer}4", 0, 10.0),
            ]
        },
    }  # fmt: skip
    found = figures_of(ExitCode.ROWS_FAILED, facts, began_at=AT, ended_at=AT)
    assert found.rows is not None
    assert {key: rows for key, rows in found.rows.items() if rows} == {
        ("succeeded", ""): 5, ("failed", "forbidden"): 2, ("failed", "not_found"): 1, ("skipped", "duplicate"): 1,
    }  # fmt: skip
    assert [(one.scope, one.requests, one.window_seconds) for one in found.limits] == [
        ("partner", 100, 60.0), ("customer", 20, 10.0),
    ]  # fmt: skip
    assert (found.exit_code, found.requests, found.throttled, found.succeeded_at) == (3, 9, 1, None)


def test_without_a_run_there_are_no_rows_rather_than_none_that_failed() -> None:
    found = figures_of(ExitCode.OK, None, began_at=AT, ended_at=AT)
    assert (found.rows, found.limits, found.succeeded_at) == (None, (), AT)


def test_the_limit_of_a_single_lane_is_no_customers() -> None:
    facts = {"outcomes": {}, "reasons": [], "sent": 1, "throttled": 1, "pacing": {"limits": [limit("*", 60, 60.0)]}}
    found = figures_of(ExitCode.OK, facts, began_at=AT, ended_at=AT)
    assert [one.scope for one in found.limits] == ["all"]
