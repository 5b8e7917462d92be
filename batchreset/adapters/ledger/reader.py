"""Reading a ledger, also while another process writes it: a connection of our own, `mode=ro`, short cursors."""

import contextlib
import datetime as dt
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from batchreset.adapters.ledger import schema, traffic
from batchreset.adapters.ledger import statements as sql
from batchreset.adapters.ledger.history import RowHistory, histories
from batchreset.adapters.ledger.known import KnownRows
from batchreset.adapters.ledger.refusing import refuse_empty, translated, writer_of, wrong_version
from batchreset.adapters.ledger.store import log_of
from batchreset.adapters.ledger.times import moment_of, text_of
from batchreset.core.certainty import Certainty
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import KnownRow
from batchreset.core.reporting.senders import Exchanged, sessions_of
from batchreset.core.reporting.traffic import Kind, Session
from batchreset.core.retry import RETRY_TABLE

ResultValues = tuple[
    int, str, str | None, int | None, str | None, str | None, str | None, str | None, int, str | None, str | None
]
"""row, outcome, reason, http_status, error_code, error_description, ms_correlation_id, ms_request_id, attempts,
first_sent_at, completed_at"""

Ending = tuple[int, str, str | None, int]
"""row, outcome, reason, attempts"""

LAST_ROW: Final = 1 << 62
"""No row has a higher number."""
_BUSY_SECONDS: Final = 10.0
_ROWS_AT_ONCE: Final = 10_000
_RULES: Final = {verdict.name.lower(): rule for verdict, rule in RETRY_TABLE.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSession:
    """The newest carrying-out of the run; `ended_at` is None while it goes on, or when it was killed."""

    ended_at: dt.datetime | None
    stop_reason: Reason | None
    exit_code: int | None
    pid: int
    host: str


class LedgerReader:
    """An open ledger, for reading.

    Raises:
        LedgerError: (every method) the file cannot be read, or is no ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translating():
            refuse_empty(path)
            try:
                self._connection, version = _open(path, "mode=ro")
            except sqlite3.OperationalError:
                wal = log_of(path)
                if not path.is_file() or (wal.exists() and wal.stat().st_size):
                    raise
                # A read-only disk has no room for SQLite's shared memory; a ledger at rest does not need it.
                self._connection, version = _open(path, "mode=ro&immutable=1")
        if version not in schema.READABLE_VERSIONS:
            writer = writer_of(self._connection)
            self._connection.close()
            raise wrong_version(path, version, writer=writer)
        if version in schema.MIGRATIONS:
            with self._translating():
                self._connection.executescript(schema.AS_THIS_VERSION[version])

    def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read in the block is of one moment, whatever is written meanwhile.

        Keep it short. It hinders no writer, but of what is written from then on SQLite can copy nothing from its log
        back into the ledger: the log grows by 1 to 20 kB for each row that is sent, the more the fewer are committed
        together. Afterwards it grows no more, and goes when the run ends.
        """
        with self._translating():
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    def settled(self) -> Iterator[tuple[Outcome, Reason | None, list[int]]]:
        """The rows whose last word is an outcome, some thousands at a time, by how they ended; ascending in each."""
        with self._translating():
            found = self._connection.execute(sql.SETTLED)
            while some := found.fetchmany(_ROWS_AT_ONCE):
                ends = defaultdict[tuple[str, str | None], list[int]](list)
                for row, outcome, reason in some:
                    ends[outcome, reason].append(row)
                for (outcome, reason), rows in ends.items():
                    yield Outcome(outcome), Reason(reason) if reason else None, rows

    def known(self, *, but: Container[int] = ()) -> Mapping[int, KnownRow]:
        """What is known of rows that were touched and have not succeeded, but for those in `but`."""
        with self._translating():
            return KnownRows(values for values in self._connection.execute(sql.KNOWN) if values[0] not in but)

    def results_between(self, first: int, last: int, *, unfinished: Reason) -> list[ResultValues]:
        """One tuple for every row from `first` to `last` of which anything is known.

        Args:
            first: row number.
            last: row number, included.
            unfinished: the reason of rows that were noted, have no outcome, and whose last exchange says nothing.
        """
        with self._translating():
            ended = [
                (*values[:9], _text(values[9]), _text(values[10]))
                for values in self._connection.execute(sql.ENDED_BETWEEN, (first, last))
            ]
            cut_off = [
                _unfinished(values, unfinished) for values in self._connection.execute(sql.OPEN_BETWEEN, (first, last))
            ]
        return sorted(ended + cut_off)

    def endings_between(self, first: int, last: int, *, unfinished: Reason) -> tuple[list[Ending], list[Ending]]:
        """As `results_between`, for rows that are only counted: those with an outcome, and those without one."""
        with self._translating():
            ended = self._connection.execute(sql.ENDINGS_BETWEEN, (first, last)).fetchall()
            cut_off = [
                _unfinished(values, unfinished) for values in self._connection.execute(sql.OPEN_BETWEEN, (first, last))
            ]
        return ended, [(values[0], values[1], values[2], values[8]) for values in cut_off]

    def exchanged(self) -> tuple[Exchanged, ...]:
        """Every exchange, counted by session, sender and verdict."""
        with self._translating():
            return traffic.exchanged(self._connection)

    def sessions(self, exchanged: Iterable[Exchanged]) -> tuple[Session, ...]:
        """Every carrying-out of the run, in order, with what was exchanged in it."""
        with self._translating():
            return sessions_of(self._connection.execute(sql.SESSIONS), exchanged)

    def others_sent(self) -> bool:
        """Whether there was a session for which others than its own process may have sent."""
        return bool(self._one(sql.LONGEST_LEASE)[0])

    def bars(
        self, sessions: Sequence[Session], *, width_seconds: int, rows: Sequence[int] | None = None
    ) -> Mapping[tuple[int, int, Kind], int]:
        """Exchanges by session, bar (from the session's first exchange on) and kind; of these rows, or of all."""
        with self._translating():
            return traffic.bars(self._connection, sessions, width_seconds=width_seconds, rows=rows)

    def answer_times(self) -> Mapping[tuple[Kind, int], int]:
        """(kind, milliseconds) of exchanges to which an answer came, and how often."""
        with self._translating():
            return traffic.answer_times(self._connection)

    def generations(self, first: int = 0, last: int = LAST_ROW) -> Mapping[int, int]:
        """How many passwords each row that was touched has had, of those from `first` to `last`."""
        with self._translating():
            return dict(self._connection.execute(sql.GENERATIONS, (first, last)))

    def last_completed_at(self) -> dt.datetime | None:
        """When the last row that was sent got its outcome; None when none has."""
        return _moment(self._one(sql.LAST_COMPLETED)[0])

    def unclear(self, first: int = 0, last: int = LAST_ROW) -> set[tuple[int, int]]:
        """(row, generation) of every password that was sent, or perhaps sent, without a clear yes or no."""
        with self._translating():
            return {(row, generation) for row, generation in self._connection.execute(sql.UNCLEAR, (first, last))}

    def certainties(self, first: int = 0, last: int = LAST_ROW) -> Mapping[int, Mapping[int, Certainty | None]]:
        """By row and generation, of rows whose passwords stand otherwise than by outcome: records say so."""
        found: defaultdict[int, dict[int, Certainty | None]] = defaultdict(dict)
        with self._translating():
            for row, generation, certainty in self._connection.execute(sql.CERTAINTIES, (first, last)):
                found[row][generation] = Certainty(certainty) if certainty else None
        return found

    def histories(self, accounts: Sequence[tuple[int, str, str]]) -> list[RowHistory]:
        """Of these rows (row, customer, user; ascending) those that have had a password."""
        with self._translating():
            return histories(self._connection, accounts)

    def asked_moments(self) -> list[tuple[dt.datetime, dt.datetime]]:
        """The first and the last moment of each day on which something was noted or sent."""
        with self._translating():
            return [(moment_of(first), moment_of(last)) for first, last in self._connection.execute(sql.ASKED_MOMENTS)]

    def sealed(self, first: int = 0, last: int = LAST_ROW, *, among: Container[int] | None = None) -> Iterator[bytes]:
        """The groups' age files that hold a password of these rows, in the order in which they were written.

        Args:
            first: row number.
            last: row number, included.
            among: of these only those that are in it, too.
        """
        with self._translating():
            if among is None:
                groups = array("q", (group for (group,) in self._connection.execute(sql.SEALED_BETWEEN, (first, last))))
            else:
                found_in = self._connection.execute(sql.SEALED_ROWS, (first, last))
                groups = array("q", sorted({group for row, group in found_in if row in among}))
        for group in groups:
            # One that is missing is told of by whoever misses its passwords.
            if (found := self._one(sql.SEALED, group)) is not None:
                yield found[0]

    def first_sealed(self) -> bytes | None:
        """The first group's age file; None: nothing is sealed."""
        found = self._one(sql.SEALED, self._one(sql.FIRST_SEALED)[0])
        return found and bytes(found[0])

    def sealed_size(self) -> tuple[int, int]:
        """Bytes of all age files, and how many passwords are in them."""
        size, passwords = self._one(sql.SEALED_SIZE)
        return size, passwords

    def last_session(self) -> LastSession | None:
        """None when nobody has begun yet."""
        found = self._one(sql.LAST_SESSION)
        if found is None:
            return None
        ended_at, stop_reason, exit_code, pid, host = found
        with self._translating():
            return LastSession(
                ended_at=_moment(ended_at),
                stop_reason=Reason(stop_reason) if stop_reason else None,
                exit_code=exit_code,
                pid=pid,
                host=host,
            )

    def totals(self) -> Mapping[tuple[Outcome, Reason | None], int]:
        """How many rows have ended how."""
        with self._translating():
            return {
                (Outcome(outcome), Reason(reason) if reason else None): rows
                for outcome, reason, rows in self._connection.execute(sql.TOTALS)
            }

    def unfinished(self, reason: Reason) -> Mapping[tuple[Outcome, Reason | None], int]:
        """How the rows stand that were noted and have no outcome; those that were surely never sent are left out.

        `reason` is as for `results_between`.
        """
        counts: Counter[tuple[Outcome, Reason | None]] = Counter()
        with self._translating():
            for values in self._connection.execute(sql.OPEN_BETWEEN, (0, LAST_ROW)):
                result = _unfinished(values, reason)
                if result[1] != Outcome.NOT_ATTEMPTED:
                    counts[Outcome(result[1]), Reason(result[2]) if result[2] else None] += 1
        return counts

    def verdicts(self) -> Mapping[str, int]:
        """How many exchanges came to what."""
        with self._translating():
            return dict(self._connection.execute(sql.ATTEMPT_TOTALS))

    def throttled(self) -> int:
        """How many exchanges came to a 429."""
        return int(self._one(sql.THROTTLED)[0])

    def _one(self, statement: str, *values: object) -> Any:
        with self._translating():
            return self._connection.execute(statement, values).fetchone()

    @contextlib.contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, ValueError, OverflowError) as error:
            # A value that no ledger holds (an outcome that there is not, a time beyond all times) is damage, too.
            next_step = "check that the path is a run's folder and that you may read it"
            raise translated(self._path, "read", error, next_step=next_step) from error


def _open(path: Path, how: str) -> tuple[sqlite3.Connection, int]:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{how}",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
    )
    try:
        return connection, connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error:
        connection.close()
        raise


def _unfinished(values: tuple[Any, ...], unfinished: Reason) -> ResultValues:
    """The row as what is known of it: its last exchange's reason, where that exchange accounts for the outcome."""
    row, unclear, status, code, description, correlation_id, request_id, attempts, first_sent, ended, verdict = values
    if unclear:
        outcome = Outcome.IN_DOUBT
    elif attempts:
        outcome = Outcome.FAILED
    else:
        return (row, Outcome.NOT_ATTEMPTED.value, unfinished.value, None, None, None, None, None, 0, None, None)
    rule = _RULES.get(verdict)
    reason = rule.reason if rule and (rule.unclear or outcome is Outcome.FAILED) else unfinished
    return (
        row,
        outcome.value,
        reason.value,
        status,
        code,
        description,
        correlation_id or None,
        request_id,
        attempts,
        _text(first_sent),
        _text(ended),
    )


def _moment(milliseconds: int | None) -> dt.datetime | None:
    return None if milliseconds is None else moment_of(milliseconds)


def _text(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else text_of(milliseconds)
