"""Group commit: many rows' records in one transaction, written by one worker thread at a time.

While one group is being synced the next one gathers, so that a slow disk makes larger groups, not slower rows.
"""

import contextlib
from collections.abc import AsyncIterator, Callable

import anyio
import anyio.to_thread

from batchreset.adapters.ledger.store import LedgerStore
from batchreset.core.records import Attempt, Ending, Intent, Record
from batchreset.errors import LedgerError


class GroupCommit:
    """The engine's ledger over a `LedgerStore`.

    Args:
        store: opened, its session begun.
        on_failure: told once when a group could not be written; from then on every intent is refused.
    """

    def __init__(self, store: LedgerStore, *, on_failure: Callable[[LedgerError], None]) -> None:
        self._store = store
        self._on_failure = on_failure
        self._gathering: list[Record] = []
        self._committed = anyio.Event()
        self._more = anyio.Event()
        self._closing = False
        self._one_at_a_time = anyio.CapacityLimiter(1)
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
            await anyio.to_thread.run_sync(self._store.write_group, group, limiter=self._one_at_a_time)
        except LedgerError as error:
            self.failure = error
            self._on_failure(error)
