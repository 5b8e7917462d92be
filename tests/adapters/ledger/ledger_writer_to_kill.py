"""Writes rows as fast as it can until it is killed; prints a row's number once its intent is said to be on disk.

Run as a program: ledger_writer_to_kill.py LEDGER FIRST_ROW
"""

import itertools
import os
import sys
from pathlib import Path

import anyio
from ledger_records import attempt, ending, intent, session

from batchreset.adapters.ledger import GroupCommit, LedgerStore

AT_ONCE = 16


async def write(store: LedgerStore, first: int) -> None:
    numbers = itertools.count(first)
    async with GroupCommit(store, on_failure=print).running() as commit, anyio.create_task_group() as rows:

        async def carry_out_one_after_the_other() -> None:
            for row in numbers:
                await commit.intend(intent(row))
                os.write(sys.stdout.fileno(), b"%d\n" % row)
                commit.attempted(attempt(row))
                commit.ended(ending(row))

        for _ in range(AT_ONCE):
            rows.start_soon(carry_out_one_after_the_other)


if __name__ == "__main__":
    with session(Path(sys.argv[1]), seal=bytes) as opened:
        anyio.run(write, opened, int(sys.argv[2]))
