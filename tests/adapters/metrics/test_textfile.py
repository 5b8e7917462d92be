"""The metrics file as Prometheus' own parser reads it."""

import datetime as dt
import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from batchreset.adapters.metrics import Figures, Limit, write_metrics

BEGAN = dt.datetime(2026, 11, 26, 3, 0, tzinfo=dt.UTC)
ENDED = BEGAN + dt.timedelta(seconds=90)


def figures(
    *, exit_code: int = 0, ended_at: dt.datetime = ENDED, rows: dict[tuple[str, str], int] | None = None
) -> Figures:
    limits = (Limit(scope="partner", requests=50, window_seconds=10.0),)
    return Figures(
        began_at=BEGAN, ended_at=ended_at, exit_code=exit_code, rows=rows, requests=7, throttled=2, limits=limits
    )  # fmt: skip


def read(path: Path) -> dict[tuple[str, str], float]:
    """Values by name and by the labels but for the job's."""
    found = {}
    for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
        assert family.documentation, family.name
        for sample in family.samples:
            assert sample.labels.pop("job_name") == "nightly"
            found[sample.name.removeprefix("batchreset_"), " ".join(sample.labels.values())] = sample.value
    return found


def test_every_figure_is_there_under_its_unit(tmp_path: Path) -> None:
    path = tmp_path / "nightly.prom"
    rows = {("succeeded", ""): 5, ("failed", ""): 0, ("failed", "forbidden"): 2, ("failed", "not_found"): 1}
    write_metrics(path, figures(exit_code=3, rows=rows))
    assert read(path) == {
        ("exit_code", ""): 3,
        ("start_timestamp_seconds", ""): BEGAN.timestamp(),
        ("end_timestamp_seconds", ""): ENDED.timestamp(),
        ("duration_seconds", ""): 90,
        ("rows", "succeeded"): 5,
        ("rows", "failed"): 3,
        ("rows_by_reason", "failed forbidden"): 2,
        ("rows_by_reason", "failed not_found"): 1,
        ("requests", ""): 7,
        ("throttled_requests", ""): 2,
        ("learned_limit_requests", "partner"): 50,
        ("learned_limit_window_seconds", "partner"): 10,
    }


def test_the_last_success_outlives_failures(tmp_path: Path) -> None:
    path = tmp_path / "nightly.prom"
    for exit_code, days, expected in ((0, 0, 0), (4, 1, 0), (2, 2, 0), (0, 3, 3)):
        write_metrics(path, figures(exit_code=exit_code, ended_at=ENDED + dt.timedelta(days=days)))
        last = ENDED + dt.timedelta(days=expected)
        assert read(path)["last_success_timestamp_seconds", ""] == last.timestamp()


@pytest.mark.parametrize("before", [b"", b"batchreset_last_success{", b"\xff\xfe", b"x" * 1_000_001])
def test_a_file_that_says_nothing_is_replaced(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "nightly.prom"
    path.write_bytes(before)
    write_metrics(path, figures(exit_code=2))
    found = read(path)
    assert found["exit_code", ""] == 2
    assert ("last_success_timestamp_seconds", "") not in found
    assert not [name for name, _ in found if name.startswith("rows")]


def test_whoever_scrapes_it_may_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "nightly.prom"
    before = os.umask(0o077)
    try:
        write_metrics(path, figures())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_metrics(tmp_path / "gone" / "nightly.prom", figures())
    path = tmp_path / "nightly.prom"
    path.mkdir()
    with pytest.raises(OSError, match=r"."):
        write_metrics(path, figures())
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_in_its_place_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    path = tmp_path / "nightly.prom"
    os.mkfifo(path)
    with pytest.raises(OSError, match="no plain file"):
        write_metrics(path, figures(exit_code=1))
    assert path.is_fifo()
