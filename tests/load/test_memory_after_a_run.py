"""What reads a run of 300,000 rows takes little more memory than what reads one of a thousand."""

from pathlib import Path

import pytest
from filled_run import Filled, filled

from benchmarks import program

FEW, MANY, CUSTOMERS = 1_000, 300_000, 50
MOST_MIB, MOST_MORE_MIB = 286, 143
"""300 MB and 150 MB."""
READERS = {
    "status": (),
    "results": ("--results", "r.csv"),
    "results as Parquet": ("--results", "r.parquet"),
    "report": ("--out", "r.html"),
    "handover": ("--identity", "helpdesk.key", "--all", "--out", "h.csv"),
    "handover as letters": ("--identity", "helpdesk.key", "--format", "letters", "--out", "h.html"),
}


def made(folder: Path, rows: int) -> Filled:
    """Customers in turn in the input, one after another in the ledger."""
    order = [row for customer in range(CUSTOMERS) for row in range(customer + 1, rows + 1, CUSTOMERS)]
    return filled(folder, rows, order, customers=CUSTOMERS)


def peak_mib(run: Filled, reader: str) -> float:
    return run.measured(reader.split(maxsplit=1)[0], program.RUN_ID, *READERS[reader]).mebibytes


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_a_large_run_takes_little_more_memory_than_a_small_one(tmp_path: Path) -> None:
    small, large = made(tmp_path / "small", FEW), made(tmp_path / "large", MANY)
    taken = {reader: (peak_mib(small, reader), peak_mib(large, reader)) for reader in READERS}
    too_much = {reader: took for reader, took in taken.items() if took[1] > min(MOST_MIB, took[0] + MOST_MORE_MIB)}
    assert too_much == {}, taken
