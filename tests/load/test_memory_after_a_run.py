"""What reads a run of 300,000 rows takes little more memory than what reads one of a thousand."""

import base64
import csv
import json
import random
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from ledger_records import attempt, ending, intent, throttled

from batchreset.adapters.ledger import LedgerStore
from batchreset.adapters.sealing import new_key_pair, parse_recipients, sealer
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Record

FEW, MANY, CUSTOMERS = 1_000, 300_000, 50
MOST_MEGABYTES, MOST_MORE = 300, 150
A_GROUP = 1_000
SMALL = """
import json, os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_maxrss // 1024]))
"""
"""A process is said to have had at least as much memory as the one that started it: here a small one does."""
READERS = {
    "status": (),
    "results": ("--results", "r.csv"),
    "results as Parquet": ("--results", "r.parquet"),
    "report": ("--out", "r.html"),
    "handover": ("--identity", "key.txt", "--all", "--out", "h.csv"),
    "handover as letters": ("--identity", "key.txt", "--format", "letters", "--out", "h.html"),
}


def made(folder: Path, rows: int) -> Path:
    """A run that was never sent; customers one after another in the input, in turn in the ledger."""
    folder.mkdir()
    secret, public = new_key_pair()
    (folder / "key.txt").write_text(secret, encoding="ascii")
    with (folder / "users.csv").open("w", encoding="ascii", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("customer-tenant-id", "user-id"))
        for row in range(rows):
            customer, user = (0xC0 << 120) + row * CUSTOMERS // rows, (0xA5 << 120) + row
            lines.writerow((str(uuid.UUID(int=customer)), str(uuid.UUID(int=user))))
    plan = ("plan", "users.csv", "--run-id", "r", "--max-rows", str(rows))
    environ = {"HOME": str(folder), "BATCHRESET_PASSWORD__RECIPIENTS": public}
    subprocess.run(
        [sys.executable, "-m", "batchreset", *plan], cwd=folder, env=environ, check=True, capture_output=True
    )
    store = LedgerStore(folder / "runs" / "r" / "ledger.sqlite", seal=sealer(parse_recipients([public])))
    first = intent(1).noted_at
    store.begin_session(first)
    chance = random.Random(1)
    group: list[Record] = []
    each = rows // CUSTOMERS
    for number, row in enumerate(customer * each + turn + 1 for turn in range(each) for customer in range(CUSTOMERS)):
        group += story(row, chance)
        if number % A_GROUP == A_GROUP - 1:
            store.write_group(group)
            group.clear()
    store.write_group(group)
    store.end_session(first, stop_reason=None, exit_code=3)
    store.close()
    return folder


def story(row: int, chance: random.Random) -> list[Record]:
    noted = intent(row, password=base64.b64encode(chance.randbytes(15)).decode())
    kind = chance.random()
    if kind < 0.02:
        return [noted, throttled(row), attempt(row, 2), ending(row, attempts=2)]
    if kind < 0.03:
        failed = attempt(row, verdict="not_found", http_status=404)
        return [noted, failed, ending(row, outcome=Outcome.FAILED, reason=Reason.NOT_FOUND)]
    if kind < 0.04:
        lost = attempt(row, verdict="timeout", unclear=True, http_status=None)
        return [noted, lost, ending(row, outcome=Outcome.IN_DOUBT, reason=Reason.TIMEOUT)]
    return [noted, attempt(row), ending(row)]


def megabytes(folder: Path, reader: str) -> int:
    arguments = (reader.split(maxsplit=1)[0], "r", *READERS[reader])
    command = [sys.executable, "-S", "-c", SMALL, sys.executable, "-m", "batchreset", *arguments]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    code, most = json.loads(said)
    assert code == 0
    return int(most)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_a_large_run_takes_little_more_memory_than_a_small_one(tmp_path: Path) -> None:
    small, large = made(tmp_path / "small", FEW), made(tmp_path / "large", MANY)
    taken = {reader: (megabytes(small, reader), megabytes(large, reader)) for reader in READERS}
    too_much = {reader: took for reader, took in taken.items() if took[1] > min(MOST_MEGABYTES, took[0] + MOST_MORE)}
    assert too_much == {}, taken
