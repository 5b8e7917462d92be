"""What a session prepares before it sends: of a million rows in little more memory, and no more time, than allowed."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from filled_run import filled

from batchreset.core.outcome import Outcome
from benchmarks import program
from benchmarks.measuring import measured_apart

FEW, MANY = 1_000, 1_000_000
CUSTOMERS = 2_000
MORE_MIB = 80
"""Measured: 45 MB, of which polars keeps most."""
MOST_CPU_SECONDS = 5.0

PREPARED = """
import json, os, sys
from contextlib import closing
from pathlib import Path
import structlog
from batchreset.adapters.run_folder import RunFolder
from batchreset.core.take_up import TakeUp
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.machine import Machine
from batchreset.wiring.session import prepared

run = read_frozen(RunFolder(Path(sys.argv[1])))
take_up = TakeUp(in_doubt=True, failed=sys.argv[2] == "again")
with prepared(run, environ=os.environ, log=structlog.get_logger(), machine=Machine()) as session:
    job, progress, queue = session._job(take_up, None)
    with closing(queue):
        left = dict(queue.rows_per_lane)
        handed_out = sum(1 for lane, rows in left.items() for _ in range(rows) if queue.next(lane))
told = {"earlier": progress.earlier.total(), "known": len(job.known), "handed_out": handed_out}
Path(sys.argv[3]).write_text(json.dumps(told))
"""
"""What a session makes ready before it opens the ledger for writing; all rows are taken from the queue as well."""


def prepared(folder: Path, rows: int, outcome: Outcome, how: str) -> dict[str, Any]:
    run = filled(folder, rows, range(1, rows * 99 // 100 + 1), customers=CUSTOMERS, outcome_of=lambda _: outcome)
    told = folder / "told.json"
    command = [sys.executable, "-c", PREPARED, str(run.run), how, str(told)]
    used = measured_apart(command, environ=program.environ(folder), folder=folder)
    return {"mib": used.mebibytes, "cpu_seconds": used.cpu_seconds, **json.loads(told.read_text(encoding="ascii"))}


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("outcome", "how", "expected"),
    [
        pytest.param(Outcome.SUCCEEDED, "on", (MANY * 99 // 100, 0, MANY // 100), id="almost all are done"),
        pytest.param(Outcome.FAILED, "again", (0, MANY * 99 // 100, MANY), id="all are taken up again"),
    ],
)
def test_a_million_rows_are_prepared_in_the_memory_of_a_thousand_and_a_little(
    tmp_path: Path, outcome: Outcome, how: str, expected: tuple[int, int, int]
) -> None:
    few = prepared(tmp_path / "few", FEW, outcome, how)
    many = prepared(tmp_path / "many", MANY, outcome, how)

    assert (many["earlier"], many["known"], many["handed_out"]) == expected
    assert many["mib"] - few["mib"] < MORE_MIB
    if how == "on":
        assert many["cpu_seconds"] < MOST_CPU_SECONDS
