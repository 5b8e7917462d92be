"""What the ledger has of rows, taken apart for a comparison with Partner Center's own records."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from batchreset.adapters.ledger import statements as sql
from batchreset.adapters.ledger.times import moment_of
from batchreset.core.audit import AuditRecord, Recorded
from batchreset.core.outcome import Outcome
from batchreset.core.reconcile import Generation, LedgerRow, SentAttempt

_SUCCEEDED: Final = "succeeded"
NOT_SAID: Final = 0
"""In place of a record's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowHistory:
    """One row.

    Attributes:
        row: as answers have it.
        records: that were seen before.
        outcome: its valid one now.
        settled: that one comes from records.
    """

    row: LedgerRow
    records: tuple[AuditRecord, ...]
    outcome: Outcome | None
    settled: bool


def histories(connection: sqlite3.Connection, accounts: Sequence[tuple[int, str, str]]) -> list[RowHistory]:
    """Those of these rows (row, customer, user; ascending) that have had a password."""
    span = (accounts[0][0], accounts[-1][0])
    passwords = _passwords(connection, span)
    outcomes = {values[0]: values[1:] for values in connection.execute(sql.HISTORY_OUTCOMES, span)}
    seen: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row, *values in connection.execute(sql.HISTORY_RECORDS, span):
        seen[row].append(tuple(values))
    found = []
    for row, customer, user in accounts:
        if row not in passwords:
            continue
        outcome, settled, answered = outcomes.get(row, (None, 0, None))
        before = answered if settled else outcome
        found.append(
            RowHistory(
                row=LedgerRow(
                    row=row,
                    customer_tenant_id=customer,
                    user_id=user,
                    outcome=Outcome(before) if before else None,
                    generations=tuple(passwords[row]),
                ),
                records=tuple(_record(values, customer, user) for values in seen[row]),
                outcome=Outcome(outcome) if outcome else None,
                settled=bool(settled),
            )
        )
    return found


def _passwords(connection: sqlite3.Connection, span: tuple[int, int]) -> dict[int, list[Generation]]:
    attempts: defaultdict[tuple[int, int], list[SentAttempt]] = defaultdict(list)
    for row, generation, verdict, unclear, correlation_id, sent_at, ended_at in connection.execute(
        sql.HISTORY_ATTEMPTS, span
    ):
        attempts[row, generation].append(
            SentAttempt(
                correlation_id=correlation_id.lower(),
                succeeded=verdict == _SUCCEEDED,
                unclear=bool(unclear),
                sent_at=moment_of(sent_at),
                ended_at=moment_of(ended_at),
            )
        )
    passwords: dict[int, list[Generation]] = {}
    exchanges: Counter[int] = Counter()
    for row, generation, noted_at, cut_off, request_id in connection.execute(sql.HISTORY_PASSWORDS, span):
        own = attempts[row, generation]
        exchanges[row] += len(own)
        passwords.setdefault(row, []).append(
            Generation(
                number=generation,
                noted_at=moment_of(noted_at),
                cut_off=bool(cut_off),
                request_id=request_id,
                exchanges=exchanges[row],
                attempts=tuple(own),
            )
        )
    return passwords


def _record(values: tuple[Any, ...], customer: str, user: str) -> AuditRecord:
    correlation_id, status, recorded_at, is_reset, recorded_by = values
    return AuditRecord(
        customer_tenant_id=customer,
        user_id=user,
        correlation_id=correlation_id,
        status=Recorded(status),
        at=None if recorded_at == NOT_SAID else moment_of(recorded_at),
        by=recorded_by,
        is_reset=bool(is_reset),
    )
