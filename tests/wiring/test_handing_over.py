"""However little of a run's passwords is in memory at once, the hand-over is the same; a customer's is a part of it."""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
from ledger_records import attempt, ending, intent

from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.adapters.ledger.reader import LAST_ROW
from batchreset.adapters.plan.file import ROWS_PER_SLICE
from batchreset.adapters.run_folder import RunFolder
from batchreset.adapters.sealing import new_key_pair, parse_recipients, read_identities, sealer
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Record
from batchreset.errors import LedgerError
from batchreset.settings.model import Settings
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.handover import HandingOver, Wanted, handing_over

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
    rows = range(1, ROWS + 1)
    made = planned(tmp_path / "r", [customer(row) for row in rows], skipped=[row for row in rows if row % SKIPPED == 0])
    order = [row for start in (0, 1, 2, 3) for row in rows if row % 4 == start and row % SKIPPED]
    groups = [
        [record for row in order[first : first + 5] for record in story(row)] for first in range(0, len(order), 5)
    ]
    sent(made, key, *groups, [intent(4, 2, password="4-2"), attempt(4, 2, generation=2), ending(4, 2, attempts=2)])
    return made


def planned(path: Path, customers: Sequence[str], *, skipped: Sequence[int] = ()) -> FrozenRun:
    """Of one row for each of these customers."""
    path.mkdir()
    rows = range(1, len(customers) + 1)
    is_skipped = pl.Series(rows, dtype=pl.UInt32).is_in(skipped)
    pl.DataFrame(
        {
            "row": pl.Series(rows, dtype=pl.UInt32),
            "customer-tenant-id": customers,
            "user-id": [f"u{row}" for row in rows],
            "forceChangePassword": [True] * len(rows),
            "decision": ["skip" if skip else "reset" for skip in is_skipped],
            "reason": pl.Series(["protected" if skip else None for skip in is_skipped], dtype=pl.String),
        }
    ).write_parquet(RunFolder(path).plan)
    return FrozenRun(
        folder=RunFolder(path), facts={}, settings=Settings(), plan_sha256="", file_sha256="", input_sha256="",
        accounts_sha256="", reset_count=len(rows), skipped={},
    )  # fmt: skip


def sent(run: FrozenRun, key: Path, *groups: Sequence[Record]) -> None:
    public = key.read_text().splitlines()[0].removeprefix("# public key: ")
    store = LedgerStore(run.folder.ledger, seal=sealer(parse_recipients([public])))
    store.begin_session(NOW)
    for group in groups:
        store.write_group(group)
    store.end_session(NOW, stop_reason=None, exit_code=3)
    store.close()


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


def test_what_a_run_beside_it_writes_is_neither_kept_waiting_nor_given(run: FrozenRun, key: Path) -> None:
    """Given is what was counted and noted before: the passwords of one moment."""
    wanted = Wanted(keys=read_identities(key), superseded=True)
    with handing_over(run, wanted, most_bytes=60) as handing:
        counted = [line.values() for line in handing.lines()]
        sent(run, key, [intent(3, 2, password="3-2"), attempt(3, 2, generation=2), ending(3, 2, attempts=2)])
        assert [line.values() for line in handing.lines()] == counted
    with handing_over(run, wanted) as handing:
        assert len(list(handing.lines())) == len(counted) + 1


class CountingReader(LedgerReader):
    """Counts the age files that are taken out of it: each one is opened."""

    taken = 0

    def sealed(self, first: int = 0, last: int = LAST_ROW, *, among: Container[int] | None = None) -> Iterator[bytes]:
        for blob in super().sealed(first, last, among=among):
            self.taken += 1
            yield blob


@pytest.mark.parametrize("most_bytes", [40_000, 1 << 22])
def test_for_one_customer_no_age_file_is_opened_that_all_would_not_have_opened(
    tmp_path: Path, key: Path, most_bytes: int
) -> None:
    """Of three slices of the plan. `a` and `b` are everywhere, `last` only in the last slice and in one group."""
    count = 3 * ROWS_PER_SLICE
    run = planned(tmp_path / "wide", ["last" if row > count - 3 else "ab"[row % 2] for row in range(1, count + 1)])
    touched = range(500, count - 3, 497)
    # In turn, as the engine sends: every group holds rows of all slices.
    groups = [[record for row in touched[at::7] for record in story(row)] for at in range(7)]
    sent(run, key, *groups, [*story(count - 1), *story(count)])

    def taken(*customers: str) -> int:
        with contextlib.closing(CountingReader(run.folder.ledger)) as reader:
            wanted = Wanted(keys=read_identities(key), customers=frozenset(customers), superseded=True)
            lines = list(HandingOver(run, wanted, reader, most_bytes=most_bytes).lines())
            assert {line.person.customer_tenant_id for line in lines} == set(customers or ("a", "b", "last"))
            return reader.taken

    assert taken("a") <= taken()
    assert taken("last") == 1
    if most_bytes == 1 << 22:
        assert (taken(), taken("a")) == (8, 7)
