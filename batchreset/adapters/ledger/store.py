"""The ledger's one writer: sessions, and groups of records committed together. Synchronous; call it from one thread."""

import contextlib
import datetime as dt
import hashlib
import json
import math
import os
import socket
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from batchreset import __version__
from batchreset.adapters.ledger import schema
from batchreset.adapters.ledger import statements as sql
from batchreset.adapters.ledger.refusing import refuse_empty, translated, writer_of, wrong_version
from batchreset.adapters.ledger.settling import Settling, settle
from batchreset.adapters.ledger.times import milliseconds
from batchreset.core.records import Attempt, Ending, Intent, Record
from batchreset.core.senders import Descent
from batchreset.durable import replacing, write_again
from batchreset.errors import LedgerError

Seal = Callable[[bytes], bytes]
"""From clear text to one age file for all recipients."""

_ROWS_A_STATEMENT: Final = 64
"""Times fourteen values at most: nine hundred, and SQLite takes 32,766 (sqlite.org/limits.html, 9)."""
_SESSIONS_TOLD: Final = 1_000
_MARK_CHARACTERS: Final = 16
_CONTINUE: Final = "see that the disk has room and can be written, then continue the run with `batchreset apply`"


class LedgerStore:
    """An open ledger; one of an earlier version becomes one of this.

    Args:
        path: made, mode 0600, when it is not there.
        seal: applied to a group's new passwords; None when nobody is to know them.

    Raises:
        LedgerError: the file cannot be made or opened, is no ledger or none any more, or is a newer version's.
    """

    def __init__(self, path: Path, *, seal: Seal | None) -> None:
        self._path = path
        self._seal = seal
        self._session = 0
        self._files: list[tuple[int, int]] = []
        try:
            refuse_empty(path)
            if not path.exists():
                _make(path)
            _make_safe(log_of(path))
            # Groups are written from worker threads, one at a time.
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            for pragma in schema.PRAGMAS:
                self._connection.execute(pragma)
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version in schema.MIGRATIONS:
                version = self._migrate(version)
            if version == schema.SCHEMA_VERSION:
                self._connection.execute(sql.NOTE_WRITER, (__version__,))
        except (OSError, sqlite3.Error) as error:
            raise self._translated("opened", error) from error
        if version != schema.SCHEMA_VERSION:
            writer = writer_of(self._connection)
            self._connection.close()
            raise wrong_version(path, version, writer=writer)

    def unended_lease_seconds(self) -> float:
        """So long, from now on at most, others may still send for a session that was killed; before one begins.

        Raises LedgerError.
        """
        try:
            lease_ms: int = self._connection.execute(sql.UNENDED_LEASE).fetchone()[0]
        except sqlite3.Error as error:
            raise self._translated("read", error) from error
        return lease_ms / 1000

    def begin_session(self, now: dt.datetime, *, lease_seconds: float = 0.0) -> int:
        """Note that this process is carrying the run out; which of its sessions this is. Raises LedgerError.

        Args:
            now: on the wall.
            lease_seconds: so long after this process has come to its end others may send for it still.
        """
        whose = (os.getpid(), socket.gethostname(), math.ceil(lease_seconds * 1000))
        try:
            row = self._connection.execute(sql.BEGIN_SESSION, (milliseconds(now), *whose))
            session: int = row.fetchone()[0]
            # The log is there from the first thing that is written on.
            self._files = self._found()
        except (OSError, sqlite3.Error) as error:
            raise self._translated("written", error) from error
        self._session = session
        return session

    def descent(self) -> Descent:
        """Of the session that has begun. Raises LedgerError."""
        try:
            noted = self._connection.execute(sql.SESSION_MARKS, (_SESSIONS_TOLD,)).fetchall()
        except sqlite3.Error as error:
            raise self._translated("read", error) from error
        mark, *before = (hashlib.sha256(repr(one).encode()).hexdigest()[:_MARK_CHARACTERS] for one in noted)
        return Descent(session=self._session, mark=mark, before=tuple(before))

    def end_session(self, now: dt.datetime, *, stop_reason: str | None, exit_code: int) -> None:
        """Note that all that was under way is in the ledger. Raises LedgerError, as `write_group`."""
        try:
            self._connection.execute(sql.END_SESSION, (milliseconds(now), stop_reason, exit_code, self._session))
        except sqlite3.Error as error:
            raise self._translated("written", error) from error
        self._check_still_there()

    def write_group(self, group: Sequence[Record]) -> None:
        """Seal the group's passwords, then commit and sync all of it, or nothing.

        Raises:
            LedgerError: nothing of the group is in the ledger, or there is no ledger any more.
        """
        intents = [record for record in group if isinstance(record, Intent)]
        blob = self._sealed(intents)
        try:
            self._connection.execute(sql.BEGIN_GROUP)
            try:
                sealed = self._connection.execute(sql.ADD_SEALED, (blob,)).fetchone()[0] if blob else None
                self._add(sql.ADD_INTENTS, [_intent_values(i, self._session, sealed) for i in intents])
                self._add_attempts([record for record in group if isinstance(record, Attempt)])
                self._add(sql.ADD_ENDINGS, [_ending_values(e) for e in group if isinstance(e, Ending)])
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        # A text with half a surrogate pair is refused by the driver itself, not by SQLite.
        except (sqlite3.Error, UnicodeError) as error:
            raise self._translated("written", error) from error
        self._check_still_there()

    def settle(self, parts: Iterable[Settling], now: dt.datetime) -> None:
        """Note what records say: all of it, committed and synced, or nothing. No session needs to have begun.

        Raises:
            Whatever `parts` raises (an OSError is taken for the ledger's own), and LedgerError: nothing of it is in the
                ledger, or there is no ledger any more.
        """
        try:
            self._connection.execute(sql.BEGIN_GROUP)
            try:
                self._files = self._found()
                settle(self._connection, parts, now)
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        except (OSError, sqlite3.Error, UnicodeError) as error:
            raise self._translated("written", error) from error
        self._check_still_there()

    def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()

    def _sealed(self, intents: Sequence[Intent]) -> bytes | None:
        if self._seal is None:
            return None
        lines = [
            json.dumps(
                {
                    "row": intent.row,
                    "generation": intent.generation,
                    "request_id": intent.request_id,
                    "password": intent.password.open(),
                }
            )
            for intent in intents
            if intent.password is not None
        ]
        return self._seal(("\n".join(lines) + "\n").encode()) if lines else None

    def _add_attempts(self, attempts: Sequence[Attempt]) -> None:
        """One value more costs a tenth of writing a row; where this process sends, there is none."""
        if any(attempt.sender for attempt in attempts):
            self._add(sql.ADD_ATTEMPTS_OF, [(*_attempt_values(a), a.sender or None) for a in attempts])
        else:
            self._add(sql.ADD_ATTEMPTS, [_attempt_values(a) for a in attempts])

    def _add(self, insert: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Many in one statement: each one lets go of the interpreter, and waits for it while the loop is busy.

        In steps of a power of two, so that a dozen statements serve groups of any size and stay prepared.
        """
        done = 0
        while done < len(rows):
            several = min(_ROWS_A_STATEMENT, 1 << ((len(rows) - done).bit_length() - 1))
            places = f"({', '.join('?' * len(rows[0]))})"
            values = [value for row in rows[done : done + several] for value in row]
            self._connection.execute(insert + ", ".join([places] * several), values)
            done += several

    def _migrate(self, version: int) -> int:
        try:
            self._connection.executescript(schema.MIGRATIONS[version])
        except sqlite3.Error:
            self._roll_back()
            raise
        return schema.SCHEMA_VERSION

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _found(self) -> list[tuple[int, int]]:
        """Which files stand under the names of ledger and log."""
        return [(found.st_dev, found.st_ino) for found in (self._path.stat(), log_of(self._path).stat())]

    def _check_still_there(self) -> None:
        """A file that has lost its name still takes what is written, for nobody to find. Raises LedgerError."""
        try:
            if self._found() == self._files:
                return
        except OSError:
            pass
        raise LedgerError(
            f"the ledger {self._path} is not there any more, or another file is in its place: somebody has removed or"
            " moved it, or its folder, while the run went on",
            next_step="bring the run's folder back, with all its files, from where it was moved to or from a copy (it"
            " holds the only passwords of whoever was reset), then continue the run with `batchreset apply`",
        )

    def _translated(self, what: str, error: Exception) -> LedgerError:
        return translated(self._path, what, error, next_step=_CONTINUE)


def log_of(path: Path) -> Path:
    """SQLite's write-ahead log of this ledger; not there when all of it has been copied back."""
    return path.with_name(path.name + "-wal")


def _make_safe(log: Path) -> None:
    """What an earlier process could not sync is read here as committed, and what is written now lies behind it."""
    if log.exists():
        write_again(log)


def _make(path: Path) -> None:
    """A new ledger under its name is a whole one: a process that is killed meanwhile leaves no half of it behind."""
    with replacing(path) as unfinished, contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as made:
        for pragma in schema.PRAGMAS:
            made.execute(pragma)
        made.executescript(schema.SCHEMA)


def _intent_values(intent: Intent, session: int, sealed: int | None) -> tuple[object, ...]:
    return (intent.row, intent.generation, session, sealed, intent.request_id, milliseconds(intent.noted_at))


def _attempt_values(attempt: Attempt) -> tuple[object, ...]:
    return (
        attempt.row,
        attempt.number,
        attempt.generation,
        attempt.verdict,
        int(attempt.unclear),
        attempt.http_status,
        attempt.error_code or None,
        attempt.error_description or None,
        attempt.correlation_id,
        attempt.request_id,
        milliseconds(attempt.sent_at),
        milliseconds(attempt.ended_at),
        None if attempt.sent_correlation_id in {"", attempt.correlation_id} else attempt.sent_correlation_id,
    )


def _ending_values(ending: Ending) -> tuple[object, ...]:
    return (
        ending.row,
        ending.generation,
        ending.outcome.value,
        ending.reason.value if ending.reason else None,
        ending.attempts,
        None if ending.first_sent_at is None else milliseconds(ending.first_sent_at),
        milliseconds(ending.completed_at),
    )
