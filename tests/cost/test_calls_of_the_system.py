"""All calls of the system a row, as strace counts them: what no count of the program's own shows."""

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import program, users
from benchmarks.service.beside import Service, started

FEW, MANY = 200, 1_200
NOT_COUNTED = {"futex", "sched_yield", "getpid"}
"""Locks that threads wait at come and go with the machine's load; Python 3.11 asks for its id whenever for its loop."""
MOST_A_ROW = 28.0
"""About twice what is measured, 13 to 14."""


@pytest.mark.programs
def test_a_row_of_a_whole_run_takes_few_calls_of_the_system(tmp_path: Path) -> None:
    """Start and end are in both runs."""
    with started(tmp_path) as service:
        few, many = calls_of(service, tmp_path / "few", FEW), calls_of(service, tmp_path / "many", MANY)
    a_row = {name: (many[name] - few[name]) / (MANY - FEW) for name in many.keys() - NOT_COUNTED}
    assert sum(a_row.values()) <= MOST_A_ROW, a_row


def calls_of(service: Service, folder: Path, rows: int) -> Counter[str]:
    folder.mkdir()
    users.write(folder / "users.csv", rows)
    _, recipient = program.key_pair(folder)
    job = program.write_job(folder, service, recipient=recipient, connections=16, report=False)
    counted = folder / "calls.txt"
    command = ["strace", "-f", "-c", "-o", str(counted), *program.run_command(folder / "users.csv", job)]
    environ = dict(os.environ) | program.environ(folder)
    service.begin(0)
    subprocess.run(command, cwd=folder, env=environ, check=True, timeout=100)
    assert service.end("strace").resets == rows
    lines = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", counted.read_text(), re.MULTILINE)
    return Counter({name: int(calls) for calls, name in lines if name != "total"})
