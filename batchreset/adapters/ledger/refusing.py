"""A file under the ledger's name that is none, or none any more."""

import sqlite3
from pathlib import Path
from typing import Final

from batchreset.adapters.ledger import statements as sql
from batchreset.errors import LedgerError

RESTORE: Final = (
    "restore the run's folder, with all its files, from where it was moved to or from a copy (the ledger holds the only"
    " passwords of whoever was reset); do not remove what is there"
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE: Final = 0xFF
"""sqlite.org/rescode.html: the lower eight bits of an extended code."""


def refuse_empty(path: Path) -> None:
    """Before SQLite sees it: it takes the log beside an empty file for an old one's, and removes it.

    Raises:
        LedgerError: it is there and empty.
        OSError: nobody can tell.
    """
    if path.exists() and not path.stat().st_size:
        raise LedgerError(f"the ledger {path} is empty: what it held is lost, or elsewhere", next_step=RESTORE)


def wrong_version(path: Path, version: int) -> LedgerError:
    """The file is a database, and not a ledger that this version knows."""
    if not version:
        return LedgerError(
            f"{path} is a database, but no ledger of a run: another file is in its place", next_step=RESTORE
        )
    return LedgerError(
        f"{path} was not written by this version of batchreset (ledger version {version}, not {sql.SCHEMA_VERSION})",
        next_step="use the version that planned the run (run.json names it) to continue it",
    )


def translated(path: Path, what: str, error: Exception, *, next_step: str) -> LedgerError:
    """`next_step` is for a ledger that is whole, as far as can be told."""
    damaged = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _DAMAGED
    return LedgerError(
        f"the ledger {path} could not be {what}: {'it is damaged: ' if damaged else ''}{error}",
        next_step=RESTORE if damaged else next_step,
    )
