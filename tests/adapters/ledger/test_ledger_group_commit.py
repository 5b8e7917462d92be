"""Group commit: an intent that was awaited is on disk, many share one sync, and nobody waits for ever."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from ledger_records import attempt, ending, intent, reading, session, standings

from batchreset.adapters.ledger import GroupCommit, LedgerStore
from batchreset.core.outcome import Outcome
from batchreset.core.records import Record
from batchreset.errors import LedgerError

pytestmark = pytest.mark.anyio


class Gate:
    """A seal that waits: while it does, a group is being written."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def seal(self, clear: bytes) -> bytes:
        self._reached.set()
        assert self._open.wait(10)
        return clear

    async def reached(self) -> None:
        await anyio.to_thread.run_sync(self._reached.wait, 10)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[LedgerStore]:
    with session(path, seal=bytes) as opened:
        yield opened


@asynccontextmanager
async def committing(store: LedgerStore, failures: list[LedgerError] | None = None) -> AsyncIterator[GroupCommit]:
    """None of it may take longer than ten seconds."""
    told = [] if failures is None else failures
    with anyio.fail_after(10):
        async with GroupCommit(store, on_failure=told.append).running() as commit:
            yield commit
    if failures is None:
        assert told == []


async def test_a_row_that_ends_and_the_intent_of_the_one_that_follows_it_are_one_group(store: LedgerStore) -> None:
    groups: list[list[Record]] = []
    failures: list[LedgerError] = []

    async def write(write: Callable[[Sequence[Record]], None], group: Sequence[Record]) -> None:
        groups.append(list(group))
        write(group)

    async with GroupCommit(store, on_failure=failures.append, write=write).running() as commit:
        await commit.intend(intent(1))
        commit.attempted(attempt(1))
        commit.ended(ending(1))
        await anyio.lowlevel.checkpoint()
        await commit.intend(intent(2))

    assert (groups, failures) == ([[intent(1)], [attempt(1), ending(1), intent(2)]], [])


async def test_an_intent_is_readable_by_others_when_intend_returns(store: LedgerStore, path: Path) -> None:
    with reading(path) as other:
        async with committing(store) as commit:
            for row in range(1, 20):
                await commit.intend(intent(row))
                assert (row, 1) in other.unclear()


async def test_two_hundred_intents_at_once_share_few_syncs(store: LedgerStore, path: Path) -> None:
    async with committing(store) as commit, anyio.create_task_group() as rows:
        for row in range(1, 201):
            rows.start_soon(commit.intend, intent(row))

    with reading(path) as reader:
        groups = list(reader.sealed())
    assert sorted(json.loads(line)["row"] for group in groups for line in group.splitlines()) == list(range(1, 201))
    assert len(groups) <= 4


async def test_what_was_told_last_is_written_when_the_block_ends(store: LedgerStore, path: Path) -> None:
    async with committing(store) as commit:
        await commit.intend(intent(1))
        commit.attempted(attempt(1))
        commit.ended(ending(1))

    assert standings(path) == {1: "succeeded"}


async def test_records_of_a_row_are_kept_in_their_order(store: LedgerStore, path: Path) -> None:
    """However they fall into groups: a later intent is never on disk before the attempt that led to it."""
    async with committing(store) as commit:
        for generation in range(1, 30):
            await commit.intend(intent(1, generation))
            commit.attempted(attempt(1, generation, generation=generation))
            with reading(path) as reader:
                known = reader.known()[1]
                assert known.generations == generation
                assert known.exchanges >= generation - 1


async def test_what_was_told_last_is_written_even_when_the_block_is_cancelled(store: LedgerStore, path: Path) -> None:
    with anyio.CancelScope() as scope:
        async with committing(store) as commit:
            await commit.intend(intent(1))
            commit.attempted(attempt(1))
            commit.ended(ending(1))
            scope.cancel()
            await anyio.sleep_forever()

    assert scope.cancelled_caught
    assert standings(path) == {1: "succeeded"}


async def test_a_waiter_that_is_cancelled_leaves_the_others_and_the_ledger_alone(path: Path) -> None:
    gate = Gate()
    with session(path, seal=gate.seal) as store:
        async with committing(store) as commit, anyio.create_task_group() as rows:
            rows.start_soon(commit.intend, intent(1))
            await gate.reached()
            with anyio.CancelScope() as one_row:
                rows.start_soon(commit.intend, intent(2))
                one_row.cancel()
                await commit.intend(intent(3))
            gate.open()
            await commit.intend(intent(4))

    assert one_row.cancelled_caught
    assert standings(path).keys() == {1, 2, 3, 4}


async def test_every_waiter_of_a_group_that_fails_is_told_and_every_later_one(path: Path) -> None:
    gate, failures, told = Gate(), list[LedgerError](), dict[int, LedgerError]()

    async def intend(commit: GroupCommit, row: int) -> None:
        try:
            await commit.intend(intent(row))
        except LedgerError as error:
            told[row] = error

    with session(path) as store:
        store.write_group([intent(1)])
    with session(path, seal=gate.seal) as store:
        async with committing(store, failures) as commit:
            async with anyio.create_task_group() as rows:
                for row in (5, 1, 6):
                    rows.start_soon(intend, commit, row)
                await gate.reached()
                for row in (7, 8):
                    rows.start_soon(intend, commit, row)
                await anyio.lowlevel.checkpoint()
                commit.ended(ending(7))
                gate.open()
            await intend(commit, 9)

    assert told.keys() == {1, 5, 6, 7, 8, 9}
    assert len(failures) == 1
    assert set(told.values()) == set(failures) == {commit.failure}
    assert standings(path) == {1: "in_doubt"}


async def test_a_failure_while_nobody_waits_is_told_once(store: LedgerStore, path: Path) -> None:
    failures: list[LedgerError] = []
    async with committing(store, failures) as commit:
        await commit.intend(intent(1))
        commit.ended(ending(1))
        commit.ended(ending(1, outcome=Outcome.FAILED))

    assert len(failures) == 1
    assert standings(path) == {1: "in_doubt"}


async def test_a_session_of_many_rows_keeps_all_of_them(store: LedgerStore, path: Path) -> None:
    async with committing(store) as commit, anyio.create_task_group() as rows:

        async def carry_out(row: int) -> None:
            await commit.intend(intent(row))
            commit.attempted(attempt(row))
            await anyio.lowlevel.checkpoint()
            commit.ended(ending(row))

        for row in range(1, 301):
            rows.start_soon(carry_out, row)

    assert standings(path) == dict.fromkeys(range(1, 301), "succeeded")
