"""Group commit: many rows' records in one transaction, one group at a time, written while the loop goes on.

While one group is being synced the next one gathers, so that a slow disk makes larger groups, not slower rows.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

import anyio
import anyio.lowlevel
import anyio.to_thread

from batchreset.adapters.ledger.store import LedgerStore
from batchreset.core.records import Attempt, Ending, Intent, Record
from batchreset.errors import LedgerError

WriteGroup: TypeAlias = Callable[[Callable[[Sequence[Record]], None], Sequence[Record]], Awaitable[None]]
"""Has the first write the second, and returns when that is done. Raises LedgerError."""


async def in_thread(write: Callable[[Sequence[Record]], None], group: Sequence[Record]) -> None:
    """A `WriteGroup`: the loop goes on while the disk syncs."""
    # A limiter of its own: whatever else waits in threads, this one does not.
    await anyio.to_thread.run_sync(write, group, limiter=anyio.CapacityLimiter(1))


class GroupCommit:
    """The engine's ledger over a `LedgerStore`.

    Args:
        store: opened, its session begun.
        on_failure: told once when a group could not be written; from then on every intent is refused.
        write: how a group is written.
    """

    def __init__(
        self, store: LedgerStore, *, on_failure: Callable[[LedgerError], None], write: WriteGroup = in_thread
    ) -> None:
        self._store = store
        self._on_failure = on_failure
        self._write_group = write
        self._gathering: list[Record] = []
        self._committed = anyio.Event()
        self._more = anyio.Event()
        self._closing = False
        self.failure: LedgerError | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["GroupCommit"]:
        """Write groups while the block runs; on leaving it, write what is left, even when cancelled."""
        async with anyio.create_task_group() as writer:
            writer.start_soon(self._write_groups)
            try:
                yield self
            finally:
                self._closing = True
                self._more.set()

    async def intend(self, intent: Intent) -> None:
        """Return once the intent is committed and synced. Raises LedgerError: then it is not."""
        self._gathering.append(intent)
        committed = self._committed
        self._more.set()
        if self.failure is None:
            await committed.wait()
        if self.failure is not None:
            raise self.failure

    def attempted(self, attempt: Attempt) -> None:
        """Taken down with the next group."""
        self._gathering.append(attempt)
        self._more.set()

    def ended(self, ending: Ending) -> None:
        """Taken down with the next group."""
        self._gathering.append(ending)
        self._more.set()

    async def _write_groups(self) -> None:
        with anyio.CancelScope(shield=True):
            while self.failure is None:
                await self._more.wait()
                # One more turn of the loop: rows that end at this moment bring the intents of those that follow them.
                await anyio.lowlevel.checkpoint()
                self._more = anyio.Event()
                group, self._gathering = self._gathering, []
                committed, self._committed = self._committed, anyio.Event()
                if group:
                    await self._write(group)
                committed.set()
                if self._closing and not self._gathering:
                    return
            # Whoever gathered behind the group that failed is told too.
            self._committed.set()

    async def _write(self, group: list[Record]) -> None:
        try:
            await self._write_group(self._store.write_group, group)
        except LedgerError as error:
            self.failure = error
            self._on_failure(error)
