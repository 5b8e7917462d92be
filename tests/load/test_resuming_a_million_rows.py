"""What a session prepares before it sends: of a million rows in little more memory, and no more time, than allowed."""

import datetime as dt
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from batchreset.adapters.ledger import LedgerStore
from batchreset.adapters.plan import freeze
from batchreset.core.outcome import Outcome
from batchreset.core.records import Attempt, Ending, Intent, Record
from batchreset.core.secret import Secret

FEW, MANY = 1_000, 1_000_000
CUSTOMERS = 2_000
DONE_SHARE = 0.99
IN_A_GROUP = 1_000
MORE_KIB = 80 * 1024
"""Measured: 45 MB, of which polars keeps most."""
MOST_CPU_SECONDS = 5.0
NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)

PREPARED = """
import json, resource, sys
from pathlib import Path
from batchreset.adapters.ledger import LedgerReader
from batchreset.adapters.plan import open_plan
from batchreset.core.row_set import RowSet

folder = Path(sys.argv[1])
plan, ledger = open_plan(folder / "plan.parquet"), LedgerReader(folder / "ledger.sqlite")
done, count = RowSet(plan.last_row), 0
for _, _, rows in ledger.settled():
    done.update(rows)
    count += len(rows)
if sys.argv[2] == "again":
    done = RowSet(plan.last_row)
known = ledger.known(but=done)
queue = plan.queue(done=done, single_lane=False)
left = dict(queue.rows_per_lane)
handed_out = sum(1 for lane, rows in left.items() for _ in range(rows) if queue.next(lane))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "done": count, "known": len(known), "handed_out": handed_out, "kib": used.ru_maxrss,
    "cpu_seconds": used.ru_utime + used.ru_stime,
}))
"""


def planned(rows: int) -> Iterator[pl.DataFrame]:
    for first in range(1, rows + 1, 50_000):
        numbers = range(first, min(first + 50_000, rows + 1))
        yield pl.DataFrame(
            {
                "row": pl.Series(numbers, dtype=pl.UInt32),
                "customer-tenant-id": [str(uuid.UUID(int=(0xC0 << 120) + row % CUSTOMERS)) for row in numbers],
                "user-id": [str(uuid.UUID(int=(0xA5 << 120) + row * 7919)) for row in numbers],
                "forceChangePassword": pl.Series([True] * len(numbers), dtype=pl.Boolean),
                "decision": ["reset"] * len(numbers),
                "reason": pl.Series([None] * len(numbers), dtype=pl.String),
            }
        )


def recorded(row: int, outcome: Outcome) -> list[Record]:
    request = str(uuid.UUID(int=row))
    return [
        Intent(row=row, generation=1, request_id=request, password=Secret("p"), noted_at=NOON),
        Attempt(
            row=row, number=1, generation=1, verdict=outcome.value, unclear=False, http_status=200, error_code="",
            error_description="", correlation_id=request, request_id=request, sent_at=NOON, ended_at=NOON,
        ),
        Ending(
            row=row, generation=1, outcome=outcome, reason=None, attempts=1, first_sent_at=NOON, completed_at=NOON
        ),
    ]  # fmt: skip


def prepared(folder: Path, rows: int, outcome: Outcome, how: str) -> dict[str, Any]:
    folder.mkdir()
    freeze(planned(rows), folder / "plan.parquet")
    store = LedgerStore(folder / "ledger.sqlite", seal=lambda clear: clear[:1])
    store.begin_session(NOON)
    done = int(rows * DONE_SHARE)
    for first in range(1, done + 1, IN_A_GROUP):
        group = range(first, min(first + IN_A_GROUP, done + 1))
        store.write_group([record for row in group for record in recorded(row, outcome)])
    store.end_session(NOON, stop_reason=None, exit_code=0)
    store.close()
    program = [sys.executable, "-c", PREPARED, str(folder), how]
    return dict(json.loads(subprocess.run(program, capture_output=True, check=True, timeout=600).stdout))


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("outcome", "how", "expected"),
    [
        pytest.param(Outcome.SUCCEEDED, "on", (0, MANY // 100), id="almost all are done"),
        pytest.param(Outcome.FAILED, "again", (MANY * 99 // 100, MANY), id="all are taken up again"),
    ],
)
def test_a_million_rows_are_prepared_in_the_memory_of_a_thousand_and_a_little(
    tmp_path: Path, outcome: Outcome, how: str, expected: tuple[int, int]
) -> None:
    few = prepared(tmp_path / "few", FEW, outcome, how)
    many = prepared(tmp_path / "many", MANY, outcome, how)

    assert many["done"] == MANY * 99 // 100
    assert (many["known"], many["handed_out"]) == expected
    assert many["kib"] - few["kib"] < MORE_KIB
    if how == "on":
        assert many["cpu_seconds"] < MOST_CPU_SECONDS
