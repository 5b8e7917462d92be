"""However little of a run's passwords is in memory at once, the hand-over is the same; a customer's is a part of it."""

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from ledger_records import attempt, ending, intent

from batchreset.adapters.ledger import LedgerStore
from batchreset.adapters.run_folder import RunFolder
from batchreset.adapters.sealing import new_key_pair, parse_recipients, read_identities, sealer
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Record
from batchreset.errors import LedgerError
from batchreset.settings.model import Settings
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.handover import Wanted, handing_over

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
ROWS = 23
SKIPPED = 5
"""Each fifth row is left out by the plan."""


def customer(row: int) -> str:
    return f"c{row % 3}"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.txt"
    path.write_text(new_key_pair()[0])
    return path


@pytest.fixture
def run(tmp_path: Path, key: Path) -> FrozenRun:
    """Sent in another order than the input's: several groups hold passwords of neighbours."""
    folder = RunFolder(tmp_path / "r")
    folder.path.mkdir()
    rows = range(1, ROWS + 1)
    pl.DataFrame(
        {
            "row": pl.Series(rows, dtype=pl.UInt32),
            "customer-tenant-id": [customer(row) for row in rows],
            "user-id": [f"u{row}" for row in rows],
            "forceChangePassword": [True] * ROWS,
            "decision": ["skip" if row % SKIPPED == 0 else "reset" for row in rows],
            "reason": pl.Series(["protected" if row % SKIPPED == 0 else None for row in rows], dtype=pl.String),
        }
    ).write_parquet(folder.plan)
    public = key.read_text().splitlines()[0].removeprefix("# public key: ")
    store = LedgerStore(folder.ledger, seal=sealer(parse_recipients([public])))
    store.begin_session(NOW)
    order = [row for start in (0, 1, 2, 3) for row in rows if row % 4 == start and row % SKIPPED]
    for first in range(0, len(order), 5):
        store.write_group([record for row in order[first : first + 5] for record in story(row)])
    store.write_group([intent(4, 2, password="4-2"), attempt(4, 2, generation=2), ending(4, 2, attempts=2)])
    store.end_session(NOW, stop_reason=None, exit_code=3)
    store.close()
    return FrozenRun(
        folder=folder, facts={}, settings=Settings(), plan_sha256="", file_sha256="", input_sha256="",
        accounts_sha256="", reset_count=ROWS, skipped={},
    )  # fmt: skip


def story(row: int) -> Iterator[Record]:
    """Some succeed, some fail, some are in doubt."""
    yield intent(row, password=f"{row}-1")
    match row % 4:
        case 1:
            yield attempt(row, verdict="not_found", http_status=404)
            yield ending(row, outcome=Outcome.FAILED, reason=Reason.NOT_FOUND)
        case 2:
            yield attempt(row, verdict="timeout", unclear=True, http_status=None)
            yield ending(row, outcome=Outcome.IN_DOUBT, reason=Reason.TIMEOUT)
        case _:
            yield attempt(row)
            yield ending(row)


@pytest.fixture
def handed(run: FrozenRun, key: Path) -> Callable[..., list[tuple[str, ...]]]:
    def handed(most_bytes: int = 1 << 20, customers: frozenset[str] = frozenset()) -> list[tuple[str, ...]]:
        wanted = Wanted(keys=read_identities(key), customers=customers, superseded=True)
        with handing_over(run, wanted, most_bytes=most_bytes) as handing:
            first, again = ([line.values() for line in handing.lines()] for _ in range(2))
        assert first == again
        return first

    return handed


@pytest.mark.parametrize("most_bytes", [1, 60, 300])
@pytest.mark.parametrize(
    "customers", [frozenset(), frozenset({"c1"}), frozenset({"c0", "c2"})], ids=["all", "one", "two"]
)
def test_a_part_at_a_time_gives_what_all_at_once_does(
    handed: Callable[..., list[tuple[str, ...]]], most_bytes: int, customers: frozenset[str]
) -> None:
    whole = [line for line in handed() if not customers or line[0] in customers]
    assert handed(most_bytes, customers) == whole
    assert {line[3] for line in whole} >= {"in_force", "possible"}
    assert all(password.split("-")[0] == user[1:] for _, user, password, *_ in whole)


def test_a_password_that_is_missing_is_told_of_wherever_it_should_be(
    run: FrozenRun, handed: Callable[..., list[tuple[str, ...]]]
) -> None:

    with sqlite3.connect(run.folder.ledger) as damaged:
        damaged.execute("DELETE FROM sealed WHERE sealed = 2")
    damaged.close()
    for most_bytes in (1, 1 << 20):
        with pytest.raises(LedgerError, match="lacks a password of row"):
            handed(most_bytes)
