"""What the ledger is told about a row: its intents, attempts and ending. Times are aware, UTC."""

import datetime as dt
from dataclasses import dataclass

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A row is about to be sent with this password for the first time.

    Attributes:
        generation: 1 for the row's first password in this run, 2 for its second …
        password: sealed before it is written; None when nobody is to know it.
    """

    row: int
    generation: int
    request_id: str
    password: Secret | None
    noted_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP exchange.

    Attributes:
        number: counts the row's exchanges in this run, from 1.
        verdict: name of the `core.classify.Verdict`, lower case; `cancelled` when the run did not wait for it.
        unclear: whether it may have been carried out without our knowing.
        http_status: None when no answer came.
        correlation_id, request_id: as echoed, or as sent where no answer came.
        sent_correlation_id: as sent; what came back may be spelled oddly, or be another.
        sender: who sent it, where that was another process than the one that carries the run out.
    """

    row: int
    number: int
    generation: int
    verdict: str
    unclear: bool
    http_status: int | None
    error_code: str
    error_description: str
    correlation_id: str
    request_id: str
    sent_at: dt.datetime
    ended_at: dt.datetime
    sent_correlation_id: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a row ended with the password of `generation`; the details are those of its last attempt.

    A row that was left out at the last moment before its first intent has generation 0, and was sent at no time.
    """

    row: int
    generation: int
    outcome: Outcome
    reason: Reason | None
    attempts: int
    first_sent_at: dt.datetime | None
    completed_at: dt.datetime


Record = Intent | Attempt | Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRow:
    """What earlier sessions of the run left about a row that is taken up again.

    Attributes:
        outcome: how it ended, if it has: the last password's.
    """

    generations: int = 0
    exchanges: int = 0
    unclear: bool = False
    first_sent_at: dt.datetime | None = None
    outcome: Outcome | None = None
