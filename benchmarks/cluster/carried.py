"""What one coordinator carries: whole runs whose senders answer without a network, by part, in µs of processor time.

The coordinator has a core of its own where there are two, and its folder lies in memory where there is a place for
that: what a disk or another process holds up is no cost of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from benchmarks import program, users
from benchmarks.service.beside import cores
from benchmarks.tables import figure, table

CONNECTIONS: Final = 1_000
CASES: Final = (("none", 0), ("sockets", 1), ("dask", 1), ("dask", 4))
NAMES: Final = {"none": "no pool: the engine's own call answers", "sockets": "pool, sockets", "dask": "pool, Dask"}
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  a folder of our own in it
_JOB: Final = """\
[partner_center]
base_url = "https://localhost:1"

[input]
max_rows = 100000000

[password]
recipients = ["{recipient}"]

[pace]
max_concurrency = {connections}
remember = false

[output]
runs_dir = "runs"
report = false
"""


def lines(*, rows: int, sampled: bool, tell: Callable[[str], None]) -> Iterator[str]:
    """Two tables: rates and costs; and where they go."""
    found: dict[str, dict[str, Any]] = {}
    parts: dict[str, Mapping[str, float]] = {}
    for kind, senders in CASES:
        name = f"{NAMES[kind]}{f', {senders}' if senders else ''}"
        tell(f"carried: {name}")
        found[name] = _carried(kind, senders, rows=rows, sampled=False)
        if sampled:
            again = _carried(kind, senders, rows=rows, sampled=True)
            scale = found[name]["cpu_seconds"] / sum(again["parts"].values()) / found[name]["rows"]
            parts[name] = {part: 1e6 * scale * seconds for part, seconds in again["parts"].items()}
    yield f"{rows:,} rows, the second half of them; at most {CONNECTIONS} under way, 25 to 75 ms each:"
    yield ""
    yield from table(
        ("", "rows/s", "coordinator, µs a row", "of its core", "rows/s if that were all", "MiB"),
        (
            [
                name,
                figure(one["rows"] / one["seconds"]),
                figure(1e6 * one["cpu_seconds"] / one["rows"]),
                f"{one['cpu_seconds'] / one['seconds']:.0%}",
                figure(one["rows"] / one["cpu_seconds"]),
                figure(one["mebibytes"]),
            ]
            for name, one in found.items()
        ),
    )
    if parts:
        every = sorted({part for one in parts.values() for part in one}, key=lambda part: -_most(parts, part))
        yield ""
        yield "µs a row of the coordinator, by part:"
        yield ""
        yield from table(
            ("part", *parts),
            [[part, *(figure(one.get(part, 0.0), 1) for one in parts.values())] for part in every],
        )
    yield ""


def _most(parts: Mapping[str, Mapping[str, float]], part: str) -> float:
    return max(one.get(part, 0.0) for one in parts.values())


def _carried(kind: str, senders: int, *, rows: int, sampled: bool) -> dict[str, Any]:
    theirs, ours = cores()
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as inside:
        folder = Path(inside)
        users.write(folder / "users.csv", rows)
        _, recipient = program.key_pair(folder)
        job = folder / "job.toml"
        job.write_text(_JOB.format(recipient=recipient, connections=CONNECTIONS), encoding="utf-8")
        environ = dict(os.environ) | program.environ(folder) | {"PYTHONPATH": str(Path.cwd())}
        planned = [*program.COMMAND, "plan", "users.csv", "--job", str(job), "--run-id", program.RUN_ID, "--quiet"]
        into = folder / "found.json"
        command = [
            sys.executable, "-m", "benchmarks.cluster.carrying", kind, str(folder / "runs" / program.RUN_ID), str(into),
            "--senders", str(max(senders, 1)), "--cores", *map(str, theirs), *(["--sampled"] if sampled else []),
        ]  # fmt: skip
        if taskset := shutil.which("taskset"):
            command = [taskset, "--cpu-list", ",".join(map(str, ours)), *command]
        for one in (planned, command):
            ended = subprocess.run(one, env=environ, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  ours
            if ended.returncode:
                raise click.ClickException(
                    f"{' '.join(one[:8])} … ended with {ended.returncode}: {ended.stderr[-2000:]}"
                )
        found: dict[str, Any] = json.loads(into.read_text(encoding="utf-8"))
        return found
