"""Planning a million rows takes hardly more memory than planning a thousand, whatever they are."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from benchmarks.measuring import measured_apart

FEW, MANY = 1_000, 1_000_000
MOST_MIB: Final = 286
"""300 MB, in all."""
MOST_MORE_MIB: Final = 115
"""Of the 150 MB that 5 million rows may take, what does not grow with them, and a fifth of what does."""
MINUTE: Final = 60

ONE = "0f8fad5b-d9cb-469f-a165-70867728950e"

Made = Callable[[pl.Expr], tuple[pl.Expr, pl.Expr, pl.Expr]]
SOUND: Made = lambda row: (_guid(row % 2_000), _guid(row), pl.lit("true"))  # noqa: E731  a table of them


def _guid(number: pl.Expr) -> pl.Expr:
    """All different, in no order."""
    return pl.format(
        "{}-0000-4000-8000-{}", *((number * 7919 % 1_000_003 + 1).cast(pl.String).str.zfill(at) for at in (8, 12))
    )


def written(path: Path, rows: int, made: Made) -> Path:
    customer, user, flag = made(pl.col("row"))
    frame = pl.select(row=pl.int_range(rows)).select(
        customer.alias("customer-tenant-id"),
        user.alias("user-id"),
        flag.alias("forceChangePassword"),
        note=pl.col("row"),
    )
    match path.suffix:
        case ".csv":
            frame.write_csv(path)
        case ".parquet":
            frame.write_parquet(path)
        case _:
            frame.write_ndjson(path)
    return path


def peak_mib(path: Path, *, ends_with: int) -> float:
    """Of `batchreset plan` of the file."""
    plan = [sys.executable, "-m", "batchreset", "plan", str(path), "--max-rows", str(MANY), "--on-invalid", "skip"]
    options = ["--password-kind", "discard", "--runs-dir", str(path.parent / "runs"), "--run-id", path.stem]
    return measured_apart([*plan, *options], codes=[ends_with]).mebibytes


@pytest.mark.torture
@pytest.mark.timeout(20 * MINUTE)
@pytest.mark.parametrize(
    ("ending", "made", "ends_with"),
    [
        pytest.param("csv", SOUND, 0, id="csv"),
        pytest.param("parquet", SOUND, 0, id="parquet"),
        pytest.param("ndjson", SOUND, 0, id="ndjson"),
        pytest.param("csv", lambda row: (pl.lit(ONE), _guid(row), pl.lit("true")), 0, id="one customer"),
        pytest.param("csv", lambda row: (pl.lit(ONE), pl.lit(ONE), pl.lit("true")), 0, id="one account"),
        pytest.param("csv", lambda row: (pl.lit(ONE), _guid(row // 2), pl.lit("true")), 0, id="everybody twice"),
        pytest.param("csv", lambda row: (pl.lit(ONE), _guid(row // 2), row % 2), 2, id="every flag clashes"),
        pytest.param("csv", lambda row: (row, row, pl.lit("maybe")), 2, id="three problems a row"),
    ],
)
def test_a_million_rows_take_hardly_more_memory_than_a_thousand(
    tmp_path: Path, ending: str, made: Made, ends_with: int
) -> None:
    few = peak_mib(written(tmp_path / f"few.{ending}", FEW, SOUND), ends_with=0)
    many = peak_mib(written(tmp_path / f"many.{ending}", MANY, made), ends_with=ends_with)

    assert many < MOST_MIB
    assert many - few < MOST_MORE_MIB
