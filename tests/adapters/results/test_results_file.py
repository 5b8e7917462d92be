"""Every row of the plan is in the results once, in order, in each format."""

import csv
import io
import json
import resource
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from batchreset.adapters.results import write_results
from batchreset.adapters.results.writing import ROWS_PER_BATCH
from batchreset.core.columns import RESULTS
from batchreset.core.outcome import Outcome, Reason, advice
from batchreset.errors import LedgerError, RunFolderError, SettingsError

SCHEMA = {
    "row": pl.UInt32,
    "customer-tenant-id": pl.String,
    "user-id": pl.String,
    "forceChangePassword": pl.Boolean,
    "decision": pl.String,
    "reason": pl.String,
    "note": pl.String,
}
PLANNED = [
    (1, "c1", "u1", True, "reset", None, "007"),
    (2, "c1", "u2", False, "reset", None, 'say "x",\ny'),
    (3, "??", "u3", None, "skip", "invalid", None),
    (4, "c2", "u4", True, "reset", None, " "),
    (5, "c2", "u5", True, "reset", None, "é"),
]
TIMES = ("2026-11-21T08:40:00.123Z", "2026-11-21T08:40:01.000Z")
OUTCOMES: dict[int, tuple[Any, ...]] = {
    1: (1, "succeeded", None, 200, None, None, "corr1", "req1", 1, *TIMES),
    2: (2, "failed", "not_found", 404, "60002", 'no "user",\r\nhere', "corr2", "req2", 2, *TIMES),
    5: (5, "in_doubt", "timeout", None, None, None, "corr5", "req5", 8, *TIMES),
}
NOTHING_SENT = (*[None] * 5, 0, None, None)
NOT_ATTEMPTED_ADVICE = advice(Outcome.NOT_ATTEMPTED, Reason.CANARY)
RECORDS: list[tuple[Any, ...]] = [
    (*PLANNED[0][:4], "succeeded", *OUTCOMES[1][2:], None, "007"),
    (*PLANNED[1][:4], "failed", *OUTCOMES[2][2:], advice(Outcome.FAILED, Reason.NOT_FOUND), PLANNED[1][-1]),
    (*PLANNED[2][:4], "skipped", "invalid", *NOTHING_SENT, advice(Outcome.SKIPPED, Reason.INVALID), None),
    (*PLANNED[3][:4], "not_attempted", "canary", *NOTHING_SENT, NOT_ATTEMPTED_ADVICE, " "),
    (*PLANNED[4][:4], "in_doubt", *OUTCOMES[5][2:], advice(Outcome.IN_DOUBT, Reason.TIMEOUT), "é"),
]
COLUMNS = [*RESULTS, "note"]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.parquet"
    pl.DataFrame(PLANNED, schema=SCHEMA, orient="row").write_parquet(path)
    return path


@pytest.fixture
def disk_full(plan: Path) -> Iterator[None]:
    """Files of this process cannot grow beyond 20 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def outcomes(first_row: int, last_row: int) -> list[tuple[Any, ...]]:
    return [outcome for row, outcome in OUTCOMES.items() if first_row <= row <= last_row]


def write(plan: Path, destination: Path) -> None:
    write_results(plan=plan, outcomes=outcomes, unattempted=Reason.CANARY, destination=destination)


def read(results: Path) -> pl.DataFrame:
    data = io.BytesIO(results.read_bytes())
    match results.suffix:
        case ".csv":
            return pl.read_csv(data)
        case ".parquet":
            return pl.read_parquet(data)
        case _:
            return pl.read_ndjson(data)


def in_csv(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def test_csv_has_every_row_with_its_outcome_and_empty_cells_for_nothing(plan: Path, tmp_path: Path) -> None:
    destination = tmp_path / "results.csv"

    write(plan, destination)

    with destination.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file, strict=True))
    assert lines == [COLUMNS, *([in_csv(value) for value in record] for record in RECORDS)]


def test_csv_is_quoted_only_where_it_must_be_and_its_lines_end_plainly(plan: Path, tmp_path: Path) -> None:
    destination = tmp_path / "results.csv"

    write(plan, destination)

    data = destination.read_bytes()
    assert data.startswith(b"row,customer-tenant-id,user-id,forceChangePassword,outcome,reason,")
    assert b"1,c1,u1,true,succeeded,,200,,,corr1,req1,1," in data
    assert b'"no ""user"",\r\nhere"' in data
    assert data.endswith("é\n".encode())
    assert data.count(b"\r") == 1


def test_parquet_has_the_same_rows_with_types(plan: Path, tmp_path: Path) -> None:
    destination = tmp_path / "results.parquet"

    write(plan, destination)

    frame = pl.read_parquet(destination)
    assert frame.columns == COLUMNS
    assert frame.rows() == RECORDS
    assert sorted(tmp_path.iterdir()) == [plan, destination]


def test_ndjson_has_the_same_rows_with_nulls(plan: Path, tmp_path: Path) -> None:
    destination = tmp_path / "results.NDJSON"

    write(plan, destination)

    lines = destination.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [dict(zip(COLUMNS, record, strict=True)) for record in RECORDS]


@pytest.mark.parametrize("ending", [pytest.param(ending, id=ending) for ending in (".csv", ".parquet", ".ndjson")])
def test_results_are_private(plan: Path, tmp_path: Path, ending: str) -> None:
    destination = tmp_path / f"results{ending}"

    write(plan, destination)

    assert stat.S_IMODE(destination.stat().st_mode) == 0o600


@pytest.mark.parametrize("ending", [pytest.param(ending, id=ending) for ending in (".csv", ".parquet", ".ndjson")])
def test_a_folder_with_the_marks_of_a_pattern_in_its_name_is_a_folder(plan: Path, tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "day=1[ab]*"
    folder.mkdir()
    moved = plan.rename(folder / "plan.parquet")
    destination = folder / f"results{ending}"

    write(moved, destination)

    assert read(destination).columns == COLUMNS


@pytest.mark.parametrize("ending", [pytest.param(ending, id=ending) for ending in (".csv", ".parquet", ".ndjson")])
def test_outcomes_are_asked_for_in_order_by_row_numbers_in_the_callers_thread(tmp_path: Path, ending: str) -> None:
    """A database connection belongs to its thread, and a million outcomes do not fit in memory at once."""
    height = ROWS_PER_BATCH + 7
    plan = tmp_path / "plan.parquet"
    numbers = pl.int_range(1, height + 1, dtype=pl.UInt32, eager=True)
    constant = {"c": "customer-tenant-id", "u": "user-id"}
    pl.select(
        numbers.alias("row"),
        *(pl.lit(value).alias(name) for value, name in constant.items()),
        pl.lit(value=True).alias("forceChangePassword"),
        pl.lit("reset").alias("decision"),
        pl.lit(None, dtype=pl.String).alias("reason"),
    ).write_parquet(plan)
    asked: list[tuple[int, int, bool]] = []

    def none_of(first_row: int, last_row: int) -> list[tuple[Any, ...]]:
        asked.append((first_row, last_row, threading.current_thread() is threading.main_thread()))
        return []

    destination = tmp_path / f"results{ending}"
    write_results(plan=plan, outcomes=none_of, unattempted=Reason.DRY_RUN, destination=destination, rows_at_once=20_000)

    starts = [*range(1, ROWS_PER_BATCH, 20_000), ROWS_PER_BATCH + 1]
    ends = [*(start - 1 for start in starts[1:]), height]
    assert asked == [(first, last, True) for first, last in zip(starts, ends, strict=True)]
    results = read(destination)
    assert results["row"].to_list() == numbers.to_list()
    assert results["reason"].unique().to_list() == ["dry_run"]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".ndjson"])
def test_however_few_rows_are_taken_at_once_the_file_is_the_same(plan: Path, tmp_path: Path, ending: str) -> None:
    written = []
    for number, at_once in enumerate((1, 2, 50_000)):
        destination = tmp_path / f"{number}{ending}"
        write_results(
            plan=plan, outcomes=outcomes, unattempted=Reason.CANARY, destination=destination, rows_at_once=at_once
        )
        written.append(destination.read_bytes())
    assert written[0] == written[1] == written[2]


@pytest.mark.parametrize("name", [pytest.param("results.xlsx", id="another"), pytest.param("results", id="none")])
def test_an_ending_that_is_not_written_is_refused_with_those_that_are(plan: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        write(plan, tmp_path / name)

    assert name in caught.value.what
    assert ".csv, .parquet, .ndjson" in caught.value.next_step


@pytest.mark.parametrize("ending", [pytest.param(ending, id=ending) for ending in (".csv", ".parquet", ".ndjson")])
def test_a_full_disk_is_refused_and_the_earlier_results_stay(
    plan: Path, tmp_path: Path, disk_full: None, ending: str
) -> None:
    destination = tmp_path / f"results{ending}"
    destination.write_bytes(b"earlier")

    with pytest.raises(RunFolderError, match=r"could not be written to .*File too large") as caught:
        write(plan, destination)

    assert "room" in caught.value.next_step
    assert destination.read_bytes() == b"earlier"
    assert sorted(tmp_path.iterdir()) == [plan, destination]


def test_a_folder_that_is_not_there_is_refused(plan: Path, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="No such file or directory"):
        write(plan, tmp_path / "none" / "results.csv")


def test_a_folder_in_the_results_place_is_to_be_moved_away(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "results.csv").mkdir()
    with pytest.raises(RunFolderError, match=r"results\.csv is a folder$") as caught:
        write(plan, tmp_path / "results.csv")
    assert caught.value.next_step.startswith("move that folder away")


@pytest.mark.parametrize("damage", [pytest.param(None, id="missing"), pytest.param(b"PAR1", id="damaged")])
def test_a_plan_that_cannot_be_read_is_refused(tmp_path: Path, damage: bytes | None) -> None:
    plan = tmp_path / "plan.parquet"
    if damage:
        plan.write_bytes(damage)

    with pytest.raises(RunFolderError, match=r"the plan at .*plan\.parquet cannot be read") as caught:
        write(plan, tmp_path / "results.csv")

    assert "copy" in caught.value.next_step
    assert not (tmp_path / "results.csv").exists()


@pytest.mark.parametrize("ending", [pytest.param(ending, id=ending) for ending in (".csv", ".parquet", ".ndjson")])
def test_what_goes_wrong_in_the_ledger_stays_the_ledgers_error(plan: Path, tmp_path: Path, ending: str) -> None:
    def broken(first_row: int, last_row: int) -> list[tuple[Any, ...]]:
        raise LedgerError("The ledger could not be read.", next_step="Mend the disk.")

    with pytest.raises(LedgerError):
        write_results(plan=plan, outcomes=broken, unattempted=Reason.CANARY, destination=tmp_path / f"results{ending}")
    assert list(tmp_path.iterdir()) == [plan]


@pytest.mark.parametrize("outcome", [pytest.param(outcome, id=outcome.value) for outcome in Outcome])
@pytest.mark.parametrize("reason", [pytest.param(reason, id=reason or "none") for reason in (None, *Reason)])
def test_the_advice_is_that_of_outcome_and_reason(
    plan: Path, tmp_path: Path, outcome: Outcome, reason: Reason | None
) -> None:
    destination = tmp_path / "results.parquet"

    write_results(
        plan=plan,
        outcomes=lambda _first, _last: [(1, outcome, reason, *[None] * 5, 1, None, None)],
        unattempted=Reason.CANARY,
        destination=destination,
    )

    row = pl.read_parquet(destination).row(0, named=True)
    assert (row["outcome"], row["reason"], row["advice"] or "") == (outcome, reason, advice(outcome, reason))


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(1)"])
@pytest.mark.parametrize("ending", [".csv", ".ndjson", ".parquet"])
def test_what_a_spreadsheet_would_carry_out_of_a_services_words_is_text_in_a_csv(
    plan: Path, tmp_path: Path, formula: str, ending: str
) -> None:
    """Elsewhere nobody takes it for a formula, and a program compares it as it is."""
    said = (1, "failed", "not_found", 404, formula, formula, formula, formula, 1, *TIMES)
    destination = tmp_path / f"results{ending}"
    write_results(plan=plan, outcomes=lambda _first, _last: [said], unattempted=Reason.CANARY, destination=destination)
    frame = {
        ".csv": lambda: pl.read_csv(destination),
        ".ndjson": lambda: pl.read_ndjson(destination),
        ".parquet": lambda: pl.read_parquet(destination),
    }[ending]()
    line = frame.row(0, named=True)
    expected = f"'{formula}" if ending == ".csv" else formula
    words = ("error_code", "error_description", "ms_correlation_id", "ms_request_id")
    assert [line[name] for name in words] == [expected] * 4
