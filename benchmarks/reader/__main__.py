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
import polars as pl

CUSTOMERS: Final = 2_000
_SEED: Final = 5
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


def guids(length: int, seed: int) -> pl.Series:
    """Made-up ids, all different in all likelihood; of decimal digits only, which are GUIDs too."""
    numbers = pl.int_range(length, dtype=pl.UInt64)
    halves = [numbers.hash(seed + half).cast(pl.String).str.zfill(20).str.slice(4) for half in (0, 1)]
    digits = pl.concat_str(halves)
    groups = [digits.str.slice(start, size) for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.select(pl.concat_str(groups, separator="-")).to_series()


def made(rows: int) -> pl.DataFrame:
    """An input of so many accounts."""
    customers = guids(CUSTOMERS, _SEED)
    number = pl.int_range(rows)
    return pl.select(
        pl.lit(customers).gather(number % CUSTOMERS).alias("customer-tenant-id"),
        pl.lit(guids(rows, _SEED + 2)).alias("user-id"),
        pl.repeat("true", rows).alias("forceChangePassword"),
        pl.format("User {}", number).alias("displayName"),
    )


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
        frame = made(rows)
        frame.write_csv(Path(folder, "users.csv"))
        frame.write_parquet(Path(folder, "users.parquet"))
        frame.write_ndjson(Path(folder, "users.ndjson"))
        subprocess.run(["gzip", "-1", "-k", Path(folder, "users.csv")], check=True)  # noqa: S603, S607
        del frame
        for name in ("users.csv", "users.csv.gz", "users.parquet", "users.ndjson"):
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
