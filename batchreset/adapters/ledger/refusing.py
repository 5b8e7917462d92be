"""A file under the ledger's name that is none, or none any more."""

import re
import sqlite3
from pathlib import Path
from typing import Final

from batchreset.adapters.ledger import schema
from batchreset.adapters.ledger import statements as sql
from batchreset.errors import LedgerError

RESTORE: Final = (
    "restore the run's folder, with all its files, from where it was moved to or from a copy (the ledger holds the only"
    " passwords of whoever was reset); do not remove what is there"
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.+!-]{0,30}")
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


def writer_of(connection: sqlite3.Connection) -> str:
    """The version of batchreset that last opened it for writing; empty: it does not say."""
    try:
        found = str(connection.execute(sql.WRITER).fetchone()[0])
    except (sqlite3.Error, TypeError):
        return ""
    return found if _VERSION.fullmatch(found) else ""


def wrong_version(path: Path, version: int, *, writer: str) -> LedgerError:
    """The file is a database, and not a ledger that this version knows. `writer`: as `writer_of`."""
    if not version:
        return LedgerError(
            f"{path} is a database, but no ledger of a run: another file is in its place", next_step=RESTORE
        )
    last = f"batchreset {writer}, which last wrote it, or a newer one" if writer else "the version that last wrote it"
    return LedgerError(
        f"{path} was not written by this version of batchreset (ledger version {version}, not {schema.SCHEMA_VERSION})",
        next_step=f"use {last}",
    )


def translated(path: Path, what: str, error: Exception, *, next_step: str) -> LedgerError:
    """`next_step` is for a ledger that is whole, as far as can be told."""
    damaged = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _DAMAGED
    return LedgerError(
        f"the ledger {path} could not be {what}: {'it is damaged: ' if damaged else ''}{error}",
        next_step=RESTORE if damaged else next_step,
    )
