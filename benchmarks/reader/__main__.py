"""`make bench-reader`: `batchreset plan` of millions of rows, beside polars alone reading the same file whole.

polars alone reads, drops duplicates and writes Parquet: what a script would do that checks nothing.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from benchmarks.reader.inputs import CUSTOMERS, NAMES

_ALONE: Final = (
    "import polars as pl, sys\n"
    "path, to = sys.argv[1:]\n"
    "read = {'csv': pl.read_csv, 'gz': pl.read_csv, 'parquet': pl.read_parquet, 'ndjson': pl.read_ndjson}\n"
    "frame = read[path.rpartition('.')[2]](path)\n"
    "frame.unique(['customer-tenant-id', 'user-id'], maintain_order=True).write_parquet(to)\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One process: elapsed seconds and its largest resident size in MiB."""

    seconds: float
    mebibytes: float


def measured(command: Sequence[str]) -> Measured:
    """Run it to its end; it must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603  our own commands
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{command[0]} ended with {process.returncode}")
    return Measured(seconds=seconds, mebibytes=usage.ru_maxrss / 1024)


@click.command()
@click.option("--rows", default=5_000_000, show_default=True)
def main(rows: int) -> None:
    """Print a line for each kind of file."""
    click.echo(f"{rows:,} rows of {CUSTOMERS:,} customers")
    click.echo(f"{'file':<10}{'size':>9}{'plan':>9}{'peak':>10}{'polars alone':>15}{'peak':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's largest size is never less than its parent's was when it began.
        measured([sys.executable, "-m", "benchmarks.reader.inputs", folder, str(rows)])
        for name in NAMES:
            path = Path(folder, name)
            runs = Path(folder, "runs")
            ours = measured(
                [
                    sys.executable,
                    "-m",
                    "batchreset",
                    "plan",
                    str(path),
                    "--max-rows",
                    str(rows),
                    "--quiet",
                    "--password-kind",
                    "discard",
                    "--runs-dir",
                    str(runs),
                ]
            )
            alone = measured([sys.executable, "-c", _ALONE, str(path), str(Path(folder, "alone.parquet"))])
            click.echo(
                f"{name.removeprefix('users.'):<10}{path.stat().st_size >> 20:>5} MiB{ours.seconds:>7.1f} s"
                f"{ours.mebibytes:>6.0f} MiB{alone.seconds:>13.1f} s{alone.mebibytes:>6.0f} MiB"
                f"{ours.seconds / alone.seconds:>8.1f}"
            )


if __name__ == "__main__":
    main()
