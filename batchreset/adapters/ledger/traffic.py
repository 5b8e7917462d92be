"""What went over the wire, counted in the ledger."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from batchreset.adapters.ledger import statements as sql
from batchreset.core.reporting.senders import Exchanged
from batchreset.core.reporting.traffic import Kind, Session, kind_of


def exchanged(connection: sqlite3.Connection) -> tuple[Exchanged, ...]:
    """Every exchange, by session, sender and verdict."""
    return tuple(
        Exchanged(
            session=session,
            sender=sender,
            verdict=verdict,
            exchanges=exchanges,
            answered=answered,
            first_sent_at=first_sent_at,
            last_ended_at=last_ended_at,
        )
        for (
            session, sender, verdict, exchanges, answered, first_sent_at, last_ended_at
        ) in connection.execute(sql.EXCHANGES)
    )  # fmt: skip


def bars(
    connection: sqlite3.Connection, sessions: Sequence[Session], *, width_seconds: int, rows: Sequence[int] | None
) -> Mapping[tuple[int, int, Kind], int]:
    """By session, bar (from the session's first exchange on) and kind; of these rows, or of all."""
    beginnings = json.dumps([(one.number, one.first_sent_at) for one in sessions if one.exchanges])
    given: tuple[object, ...] = (beginnings, width_seconds * 1000)
    statement = sql.BARS if rows is None else sql.BARS_OF_ROWS
    if rows is not None:
        given = (*given, json.dumps(list(rows)))
    counts: Counter[tuple[int, int, Kind]] = Counter()
    for session, bar, verdict, exchanges in connection.execute(statement, given):
        counts[session, bar, kind_of(verdict)] += exchanges
    return counts


def answer_times(connection: sqlite3.Connection) -> Mapping[tuple[Kind, int], int]:
    """(kind, milliseconds) of exchanges to which an answer came, and how often."""
    counts: Counter[tuple[Kind, int]] = Counter()
    for verdict, milliseconds, answers in connection.execute(sql.ANSWER_TIMES):
        counts[kind_of(verdict), milliseconds] += answers
    return counts
