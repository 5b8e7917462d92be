"""Records as the engine gives them, with everything filled in that a claim does not speak of."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from batchreset.adapters.ledger import LedgerReader, LedgerStore
from batchreset.adapters.ledger.store import Seal
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Attempt, Ending, Intent
from batchreset.core.secret import Secret

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    """So long after noon."""
    return NOON + dt.timedelta(seconds=seconds)


def intent(row: int, generation: int = 1, *, password: str | None = "Zx9!kfj3Qp") -> Intent:
    return Intent(
        row=row,
        generation=generation,
        request_id=f"request-{row}-{generation}",
        password=None if password is None else Secret(password),
        noted_at=at(row),
    )


def attempt(  # noqa: PLR0913  each has a default
    row: int,
    number: int = 1,
    *,
    generation: int = 1,
    verdict: str = "succeeded",
    unclear: bool = False,
    http_status: int | None = 200,
    error_code: str = "",
    error_description: str = "",
    sender: str = "",
) -> Attempt:
    return Attempt(
        row=row,
        number=number,
        generation=generation,
        verdict=verdict,
        unclear=unclear,
        http_status=http_status,
        error_code=error_code,
        error_description=error_description,
        correlation_id=f"correlation-{row}-{number}",
        request_id=f"request-{row}-{generation}",
        sent_at=at(row + number / 10),
        ended_at=at(row + number / 10 + 0.05),
        sender=sender,
    )


def throttled(row: int, number: int = 1, *, generation: int = 1) -> Attempt:
    return attempt(row, number, generation=generation, verdict="throttled", http_status=429)


def timed_out(row: int, number: int = 1, *, generation: int = 1) -> Attempt:
    return attempt(row, number, generation=generation, verdict="timeout", unclear=True, http_status=None)


def ending(
    row: int,
    generation: int = 1,
    *,
    outcome: Outcome = Outcome.SUCCEEDED,
    reason: Reason | None = None,
    attempts: int = 1,
) -> Ending:
    return Ending(
        row=row,
        generation=generation,
        outcome=outcome,
        reason=reason,
        attempts=attempts,
        first_sent_at=at(row + 0.1),
        completed_at=at(row + 0.5),
    )


def left_out(row: int, generation: int = 0, *, outcome: Outcome = Outcome.SKIPPED, attempts: int = 0) -> Ending:
    """Its account was protected at the last moment."""
    return Ending(
        row=row,
        generation=generation,
        outcome=outcome,
        reason=Reason.PROTECTED,
        attempts=attempts,
        first_sent_at=at(row + 0.1) if attempts else None,
        completed_at=at(row + 0.5),
    )


@contextlib.contextmanager
def session(path: Path, *, seal: Seal | None = None) -> Iterator[LedgerStore]:
    """A session that nobody ends: what is left when its process is killed."""
    store = LedgerStore(path, seal=seal)
    try:
        store.begin_session(NOON)
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def reading(path: Path) -> Iterator[LedgerReader]:
    reader = LedgerReader(path)
    try:
        yield reader
    finally:
        reader.close()


def standings(path: Path) -> dict[int, str]:
    """How every row stands of which anything is known."""
    with reading(path) as reader:
        return {values[0]: values[1] for values in reader.results_between(0, 1 << 60, unfinished=Reason.INTERRUPTED)}
