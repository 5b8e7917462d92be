"""429s per 1000 requests, sent by this process and by workers, against the simulator with limits, in real time.

Each run has a simulator of its own; they wait most of the time, so that several go on at once.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from benchmarks import program, users
from benchmarks.cluster.throughput import HERE
from benchmarks.tables import figure, table

ROWS: Final = 200
SEEDS: Final = 8
"""A run of few rows meets few 429s, most of them at its beginning: the mean of three runs moves by half of itself."""
AT_ONCE: Final = 4
"""Runs, with their simulators."""
LATENCY: Final = "--latency-seconds=0.2"


@dataclass(frozen=True, slots=True)
class Regime:
    """Limits.

    Attributes:
        flags: of the simulator.
        customers: who have as many rows each.
    """

    about: str
    flags: Sequence[str]
    customers: int = 50


REGIMES: Final = (
    Regime(
        "partner, sliding 100 in 10 s",
        ("--partner-limit=100", "--partner-window-seconds=10", "--partner-limit-kind=sliding"),
    ),
    Regime(
        "partner, bucket of 50, 10 a second, debt",
        ("--partner-limit=50", "--partner-window-seconds=5", "--partner-limit-kind=bucket", "--retry-after=decimal"),
    ),
    Regime(
        "partner, 100 in 10 s by the clock, no Retry-After",
        ("--partner-limit=100", "--partner-window-seconds=10", "--partner-limit-kind=clock", "--retry-after=none"),
    ),
    Regime("customer, 20 in 15 s", ("--customer-limit=20", "--customer-window-seconds=15"), 6),
    Regime(
        "partner 120 in 10 s, customer sliding 15 in 10 s",
        (
            "--partner-limit=120", "--partner-window-seconds=10", "--customer-limit=15", "--customer-window-seconds=10",
            "--customer-limit-kind=sliding",
        ),
        10,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Simulated:
    """As `program.write_job` wants it."""

    base_url: str
    ca_file: Path


@contextlib.contextmanager
def simulating(folder: Path, flags: Sequence[str], seed: int) -> Iterator[Simulated]:
    """The simulator, while the block runs."""
    ca_file = folder / "ca.pem"
    command = [*program.COMMAND, "simulate", "--until-stdin-closes", "--ca-file", str(ca_file), f"--seed={seed}"]
    with subprocess.Popen(  # noqa: S603  our own command
        [*command, LATENCY, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101  a pipe
        assert process.stdout is not None  # noqa: S101  a pipe
        base_url = json.loads(process.stdout.readline())["base_url"]
        try:
            yield Simulated(base_url, ca_file)
        finally:
            process.stdin.close()


def _run(folder: Path, regime: Regime, senders: str, seed: int, *, rows: int) -> tuple[float, float]:
    """429s per 1000 requests, and seconds."""
    inside = folder / f"{REGIMES.index(regime)} {senders} {seed}".replace(":", " ")
    inside.mkdir()
    users.write(inside / "users.csv", rows, customers=regime.customers)
    _, recipient = program.key_pair(inside)
    with simulating(inside, regime.flags, seed) as service:
        job = program.write_job(inside, service, recipient=recipient, report=False)
        command = program.run_command(inside / "users.csv", job)
        ended = subprocess.run(  # noqa: S603  our own command
            command if senders == HERE else [*command, "--cluster", senders],
            env=dict(os.environ) | program.environ(inside), cwd=inside, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if ended.returncode:
        raise click.ClickException(f"{regime.about}, {senders}: {ended.returncode} {ended.stderr[-1500:]}")
    summary = json.loads((inside / "runs" / program.RUN_ID / "summary.json").read_text(encoding="utf-8"))
    seconds = _seconds(inside / "runs" / program.RUN_ID / "results.csv")
    return 1000 * summary["throttled"] / summary["sent"], seconds


def _seconds(results: Path) -> float:
    """From the first row's sending to the last one's end."""
    return float(
        subprocess.run(  # noqa: S603  our own
            [sys.executable, "-c", _SECONDS, str(results)], check=True, capture_output=True, text=True
        ).stdout
    )


_SECONDS: Final = """\
import csv, datetime as dt, sys
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8-sig")))
at = dt.datetime.fromisoformat
first, last = min(at(row["first_sent_at"]) for row in rows), max(at(row["completed_at"]) for row in rows)
print((last - first).total_seconds())
"""


def lines(folder: Path, senders: Sequence[str], *, seeds: int, rows: int, tell: Callable[[str], None]) -> Iterator[str]:
    """One table; each cell the mean of so many seeds, and the seconds."""
    asked = [(regime, name, seed) for regime in REGIMES for name in senders for seed in range(1, seeds + 1)]
    with ThreadPoolExecutor(AT_ONCE) as several:
        found = list(several.map(lambda one: _run(folder, *one, rows=rows), asked))
    by: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for (regime, name, _), one in zip(asked, found, strict=True):
        by.setdefault((regime.about, name), []).append(one)
    tell(f"{len(asked)} runs")
    yield f"429s per 1000 requests (seconds), {rows} rows, mean of {seeds}:"
    yield ""
    yield from table(
        ("", *senders),
        [
            [regime.about, *(_cell(by[regime.about, name]) for name in senders)]
            for regime in REGIMES
        ],
    )  # fmt: skip


def _cell(found: Sequence[tuple[float, float]]) -> str:
    refused, seconds = (sum(column) / len(found) for column in zip(*found, strict=True))
    return f"{figure(refused, 1)} ({figure(seconds)})"
