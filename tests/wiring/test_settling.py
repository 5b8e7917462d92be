"""reconcile.csv that cannot be written: told as what it is, and ledger and log agree all the same."""

import contextlib
import datetime as dt
import resource
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from ledger_records import NOON, attempt, ending, intent

from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.adapters.run_folder import RunFolder
from batchreset.core.audit import AuditRecord, Recorded
from batchreset.core.outcome import Outcome, Reason
from batchreset.errors import RunFolderError
from batchreset.settings.model import Settings
from batchreset.wiring.comparing import Records
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.settling import settled

ROWS = 3
NOW = NOON + dt.timedelta(hours=1)


class Log:
    """Only which events came."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()

    def debug(self, event: str, **fields: object) -> None:
        self.info(event, **fields)

    def info(self, event: str, **_fields: object) -> None:
        self.events[event] += 1

    def warning(self, event: str, **fields: object) -> None:
        self.info(event, **fields)

    def error(self, event: str, **fields: object) -> None:
        self.info(event, **fields)


@pytest.fixture
def run(tmp_path: Path) -> FrozenRun:
    """Of some rows, all of them in doubt."""
    folder = RunFolder(tmp_path / "r")
    folder.path.mkdir()
    rows = range(1, ROWS + 1)
    pl.DataFrame(
        {
            "row": pl.Series(rows, dtype=pl.UInt32),
            "customer-tenant-id": ["c"] * ROWS,
            "user-id": [f"u{row}" for row in rows],
            "forceChangePassword": [True] * ROWS,
            "decision": ["reset"] * ROWS,
            "reason": pl.Series([None] * ROWS, dtype=pl.String),
        }
    ).write_parquet(folder.plan)
    with contextlib.closing(LedgerStore(folder.ledger, seal=None)) as store:
        store.begin_session(NOON)
        for row in rows:
            unclear = attempt(row, verdict="timeout", unclear=True, http_status=None)
            end = ending(row, outcome=Outcome.IN_DOUBT, reason=Reason.TIMEOUT)
            store.write_group([intent(row, password=None), unclear, end])
        store.end_session(NOON, stop_reason=None, exit_code=3)
    return FrozenRun(
        folder=folder, facts={}, settings=Settings(), plan_sha256="", file_sha256="", input_sha256="",
        accounts_sha256="", reset_count=ROWS, skipped={},
    )  # fmt: skip


@pytest.fixture
def records() -> Iterator[Records]:
    """Every row is recorded as succeeded."""
    with contextlib.closing(Records(["c"])) as records:
        records.saw([record_of(row) for row in range(1, ROWS + 1)])
        yield records


def record(correlation_id: str, *, user: str = "", at: float = 0) -> AuditRecord:
    moment = NOON + dt.timedelta(seconds=at)
    return AuditRecord(
        customer_tenant_id="c", user_id=user, correlation_id=correlation_id, status=Recorded.SUCCEEDED, at=moment
    )


def record_of(row: int) -> AuditRecord:
    return record(f"correlation-{row}-1", user=f"u{row}", at=row + 0.1)


def outcomes(run: FrozenRun) -> Counter[Outcome]:
    with contextlib.closing(LedgerReader(run.folder.ledger)) as ledger:
        return Counter({outcome: rows for (outcome, _), rows in ledger.totals().items()})


@contextlib.contextmanager
def no_file_longer_than(most: int) -> Iterator[None]:
    """As a full disk, and for long files only: the ledger here is short."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def left_of_it(run: FrozenRun) -> list[str]:
    return [path.name for path in run.folder.path.iterdir() if "reconcile" in path.name]


@pytest.mark.parametrize("lacks", ["half", "a byte"])
def test_a_disk_without_room_for_it_is_told_of_as_its_own_and_nothing_is_noted(
    run: FrozenRun, records: Records, tmp_path: Path, lacks: str
) -> None:
    records.saw([record(f"nobody-{number}") for number in range(3000)])
    copy = replace(run, folder=RunFolder(shutil.copytree(run.folder.path, tmp_path / "copy")))
    settled(copy, records, Log(), NOW)
    size, log = copy.folder.reconcile.stat().st_size, Log()

    with (
        no_file_longer_than(size // 2 if lacks == "half" else size - 1),
        pytest.raises(RunFolderError, match=r"reconcile\.csv could not be written \(File too large\)"),
    ):
        settled(run, records, log, NOW)
    assert outcomes(run) == {Outcome.IN_DOUBT: ROWS}
    assert (log.events, left_of_it(run)) == ({}, [])

    settled(run, records, log, NOW)
    assert outcomes(run) == outcomes(copy) == {Outcome.SUCCEEDED: ROWS}
    assert run.folder.reconcile.read_bytes() == copy.folder.reconcile.read_bytes()


def test_when_only_its_name_fails_the_log_tells_what_the_ledger_has(run: FrozenRun) -> None:
    """Something stands there by then, that no file replaces."""

    class Late(Records):
        def unnamed(self) -> Iterator[AuditRecord]:
            run.folder.reconcile.mkdir()
            return super().unnamed()

    log = Log()
    with contextlib.closing(Late(["c"])) as records:
        records.saw([record_of(row) for row in range(1, ROWS + 1)])
        with pytest.raises(RunFolderError, match=r"reconcile\.csv could not be written"):
            settled(run, records, log, NOW)
    assert outcomes(run) == {Outcome.SUCCEEDED: ROWS}
    assert log.events == {"row.settled": ROWS}
