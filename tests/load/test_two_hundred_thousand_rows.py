"""One run of 200,000 rows over real sockets: nothing lost, nobody twice, and no more memory than a long list needs."""

import contextlib
import csv
import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyrage
import pytest

from benchmarks.measuring import measured_apart

ROWS, CUSTOMERS = 200_000, 400
COMMAND = (sys.executable, "-m", "batchreset")
MOST_MIB = 286
"""300 MB."""
HOUR = 3600


@contextlib.contextmanager
def simulator(folder: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """A process of its own; what it says of itself."""
    command = [*COMMAND, "simulate", "--ca-file", "ca.pem", "--applied-log", "applied.ndjson", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def written(path: Path) -> Path:
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("customer-tenant-id", "user-id"))
        for row in range(ROWS):
            customer, user = (0xC0 << 120) + row % CUSTOMERS, (0xA5 << 120) + row * 7919
            writer.writerow((str(uuid.UUID(int=customer)), str(uuid.UUID(int=user))))
    return path


def digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


@pytest.mark.torture
@pytest.mark.timeout(2 * HOUR)
def test_two_hundred_thousand_rows_are_reset_once_each_and_all_passwords_are_there(tmp_path: Path) -> None:
    """With a fault now and then, so that rows are sent again too."""
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "helpdesk.key").write_text(f"{identity}\n", encoding="ascii")
    written(tmp_path / "users.csv")
    faults = ("--applied-error-share", "0.002", "--lost-applied-share", "0.002", "--error-share", "0.002")
    with simulator(tmp_path, *faults) as service:
        environ = {
            "HOME": str(tmp_path),
            "BATCHRESET_PARTNER_CENTER__BASE_URL": service["base_url"],
            "BATCHRESET_PARTNER_CENTER__CA_FILE": service["ca_file"],
            "BATCHRESET_AUTH__ACCESS_TOKEN": "token",
            "BATCHRESET_PASSWORD__RECIPIENTS": str(identity.to_public()),
        }
        command = [*COMMAND, "run", "users.csv", "--run-id", "r", "--yes", "--max-rows", str(ROWS)]
        took = measured_apart(command, environ=environ, folder=tmp_path)
    assert took.mebibytes < MOST_MIB
    handover = [*COMMAND, "handover", "r", "--identity", "helpdesk.key", "--out", "handed.csv"]
    assert subprocess.run(handover, cwd=tmp_path, check=False, timeout=HOUR).returncode == 0

    results = pl.read_csv(tmp_path / "runs" / "r" / "results.csv", infer_schema=False)
    assert results["row"].to_list() == [str(row) for row in range(1, ROWS + 1)]
    assert set(results["outcome"]) == {"succeeded"}
    applied = pl.read_ndjson(tmp_path / "applied.ndjson", infer_schema_length=None)
    assert applied["user"].n_unique() == ROWS
    # Only an answer that never came makes a second one: each row keeps its password.
    assert applied.group_by("user").agg(pl.col("sha256").n_unique())["sha256"].max() == 1
    handed = pl.read_csv(tmp_path / "handed.csv", infer_schema=False)
    in_force = dict(zip(applied["user"], applied["sha256"], strict=True))
    assert set(handed["certainty"]) == {"in_force"}
    assert {
        user: digest(password) for user, password in zip(handed["user-id"], handed["password"], strict=True)
    } == in_force
