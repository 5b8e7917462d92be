"""Partner Center's own records while they are compared with a run: millions of them, in a file that has no name.

SQLite's own: it is made when memory does not do, is nobody else's to read, and is gone with the process.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from batchreset.adapters.ledger.history import NOT_SAID
from batchreset.adapters.ledger.times import milliseconds, moment_of
from batchreset.core.audit import AuditRecord, Recorded
from batchreset.errors import RunFolderError

_SCHEMA: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE records (
  customer       TEXT NOT NULL,
  user           TEXT NOT NULL,     -- empty: not said
  correlation_id TEXT NOT NULL,
  status         TEXT NOT NULL,
  recorded_at    INTEGER NOT NULL,  -- 0: not said
  is_reset       INTEGER NOT NULL,
  recorded_by    BLOB NOT NULL,     -- whatever stands there
  PRIMARY KEY (customer, user, correlation_id, status, recorded_at, is_reset, recorded_by)
) STRICT, WITHOUT ROWID;
"""
_ADD: Final = "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)"
_OF: Final = "SELECT * FROM records WHERE customer = ? AND user = ?"
_UNNAMED_OF: Final = "SELECT * FROM records WHERE customer = ? AND user = '' AND correlation_id = ?"
_LET_GO: Final = "DELETE FROM records WHERE customer = ? AND user = '' AND correlation_id = ?"
_UNNAMED: Final = """
SELECT * FROM records WHERE user = '' AND is_reset ORDER BY customer, recorded_at, correlation_id, status, recorded_by
"""


class RecordSpool:
    """Each record once.

    Args:
        memory_kib: of them, before the disk is written to.

    Raises:
        RunFolderError: (every method) there is no room for them.
    """

    def __init__(self, *, memory_kib: int = 32_768) -> None:
        with _translating():
            self._connection = sqlite3.connect("", isolation_level=None)
            self._connection.executescript(_SCHEMA)
            self._connection.execute(f"PRAGMA cache_size = -{memory_kib:d}")
            # Never committed: each record by itself would be written to the disk.
            self._connection.execute("BEGIN")
        self._with_unnamed: set[str] = set()
        """Customers of whom there are records that name nobody."""

    def close(self) -> None:
        """All of them are gone; idempotent."""
        self._connection.close()

    def add(self, records: Iterable[AuditRecord]) -> None:
        kept = list(records)
        self._with_unnamed.update(record.customer_tenant_id for record in kept if not record.user_id)
        with _translating():
            self._connection.executemany(_ADD, (_values(record) for record in kept))

    def of(self, customer: str, user: str) -> Iterator[AuditRecord]:
        """Those of one account."""
        return self._found(_OF, customer, user)

    def take_unnamed(self, customer: str, correlation_ids: Iterable[str]) -> list[AuditRecord]:
        """Those that name nobody, of these requests; each is given once."""
        if customer not in self._with_unnamed:
            return []
        found: list[AuditRecord] = []
        for correlation_id in correlation_ids:
            own = list(self._found(_UNNAMED_OF, customer, correlation_id))
            if own:
                with _translating():
                    self._connection.execute(_LET_GO, (customer, correlation_id))
            found += own
        return found

    def unnamed(self) -> Iterator[AuditRecord]:
        """Resets that name nobody and were not taken, in a fixed order."""
        return self._found(_UNNAMED)

    def _found(self, statement: str, *values: str) -> Iterator[AuditRecord]:
        with _translating():
            for found in self._connection.execute(statement, values):
                yield _record(found)


@contextlib.contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise RunFolderError(
            f"Partner Center's records could not be kept while they are compared ({error}); nothing was changed",
            next_step="see that the disk of temporary files (TMPDIR) has room, then do it again",
        ) from error


def _values(record: AuditRecord) -> tuple[object, ...]:
    return (
        record.customer_tenant_id,
        record.user_id,
        record.correlation_id,
        record.status.value,
        NOT_SAID if record.at is None else milliseconds(record.at),
        int(record.is_reset),
        record.by.encode("utf-8", "surrogatepass"),
    )


def _record(values: Sequence[Any]) -> AuditRecord:
    customer, user, correlation_id, status, recorded_at, is_reset, recorded_by = values
    return AuditRecord(
        customer_tenant_id=customer,
        user_id=user,
        correlation_id=correlation_id,
        status=Recorded(status),
        at=None if recorded_at == NOT_SAID else moment_of(recorded_at),
        by=recorded_by.decode("utf-8", "surrogatepass"),
        is_reset=bool(is_reset),
    )
