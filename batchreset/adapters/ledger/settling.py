"""Writing down what Partner Center's own records say: all of one reconciliation at once, or nothing of it."""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from batchreset.adapters.ledger import statements as sql
from batchreset.adapters.ledger.history import NOT_SAID
from batchreset.adapters.ledger.times import milliseconds
from batchreset.core.audit import AuditRecord
from batchreset.core.certainty import Certainty
from batchreset.core.outcome import Outcome


@dataclass(slots=True, kw_only=True)
class Settling:
    """What one reconciliation has to tell the ledger of some rows.

    Attributes:
        records: of the row's account, seen now or before.
        settled: rows whose outcome records decide, and is another one than it was until now.
        unsettled: rows for which what answers had led to holds again.
        certainties: of every row whose passwords stand otherwise than by its outcome; no other row has any.
    """

    records: list[tuple[int, AuditRecord]] = field(default_factory=list)
    settled: dict[int, Outcome] = field(default_factory=dict)
    unsettled: list[int] = field(default_factory=list)
    certainties: dict[int, Mapping[int, Certainty | None]] = field(default_factory=dict)


def settle(connection: sqlite3.Connection, parts: Iterable[Settling], now: dt.datetime) -> None:
    """Within a transaction that the caller has begun and commits. Each row is in one part."""
    connection.execute(sql.CLEAR_CERTAINTIES)
    for part in parts:
        _settle(connection, part, milliseconds(now))


def _settle(connection: sqlite3.Connection, settling: Settling, at: int) -> None:
    connection.executemany(sql.ADD_RECORD, [_record_values(row, record) for row, record in settling.records])
    connection.executemany(
        sql.ADD_CERTAINTY,
        [
            (row, generation, certainty.value if certainty else None)
            for row, by_generation in settling.certainties.items()
            for generation, certainty in by_generation.items()
        ],
    )
    connection.executemany(sql.NOTE_SETTLEMENT, [(at, row) for row in settling.settled])
    connection.executemany(sql.SETTLE, [(outcome.value, row) for row, outcome in settling.settled.items()])
    for statement in sql.UNSETTLE:
        connection.executemany(statement, _named(settling.unsettled))


def _named(rows: Sequence[int]) -> list[dict[str, int]]:
    return [{"row": row} for row in rows]


def _record_values(row: int, record: AuditRecord) -> tuple[object, ...]:
    return (
        row,
        record.correlation_id,
        record.status.value,
        NOT_SAID if record.at is None else milliseconds(record.at),
        int(record.is_reset),
        record.by,
    )
