"""Large inputs, made up; as a program: `python -m benchmarks.reader.inputs FOLDER ROWS` writes one of each kind."""

import gzip
import shutil
import sys
from pathlib import Path
from typing import Final

import polars as pl

NAMES: Final = ("users.csv", "users.csv.gz", "users.parquet", "users.ndjson")
CUSTOMERS: Final = 2_000
_SEED: Final = 5


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


def write(folder: Path, rows: int) -> None:
    """All of NAMES."""
    frame = made(rows)
    frame.write_csv(folder / "users.csv")
    frame.write_parquet(folder / "users.parquet")
    frame.write_ndjson(folder / "users.ndjson")
    with (folder / "users.csv").open("rb") as plain, gzip.open(folder / "users.csv.gz", "wb", 1) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
