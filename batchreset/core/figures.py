"""How a run stands at one moment, as plain values: what the picture of its progress is drawn from, wherever it is."""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from batchreset.core.outcome import Outcome
from batchreset.core.senders import SenderFigures


class Phase(enum.StrEnum):
    """What is going on."""

    CLUSTER = "cluster"
    """Before the first row, where others send: the cluster is reached, and somebody awaited who can send."""
    SIGN_IN = "sign_in"
    """Before the first row: the sign-in is checked, protected names are looked up."""
    SENDING = "sending"
    STOPPING = "stopping"
    """Nothing new is sent; what is in flight is awaited."""
    ENDING = "ending"
    """Every row has an outcome, or none is under way any more; results are written."""


class Cause(enum.StrEnum):
    """Why nothing goes somewhere."""

    OUTAGE = "outage"
    THROTTLED = "throttled"
    WINDOW = "window"
    """A known limit is spent; its next window is awaited."""
    LEASE = "lease"
    """Before the first row: who sent for a session that was killed may send still."""
    SENDER = "sender"
    """Nobody is there who could send; when the wait is over, the run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The longest wait of the weightiest cause.

    Attributes:
        scope: a customer, or "partner"; empty in an outage, for a lease and for a sender.
        seconds: whole ones, rounded up.
        until: the same as a moment, aware.
        others: so many scopes wait besides.
    """

    cause: Cause
    scope: str = ""
    seconds: int
    until: dt.datetime
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Rows that are sent before others are: the canary, then the rest.

    Attributes:
        number: from 1.
        of: waves in all.
        done: of its rows, those with an outcome.
    """

    number: int
    of: int
    done: int
    rows: int

    @property
    def canary(self) -> bool:
        """Whether the others depend on it."""
        return self.number < self.of


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLeft:
    """An estimate. At least: besides the limits that are known, one was met that is not."""

    seconds: float
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What only the process knows that carries the run out.

    Attributes:
        in_flight: requests under way.
        refused: 429s, those of earlier sessions too.
        per_second: rows a second over the last minute.
        wave: None before the first one.
        waiting: None: nobody waits.
        left: None: nothing to go by yet.
        stopping_seconds: how long what is in flight will be awaited at most; None: the run goes on.
        senders: who sends for the run; none where its own process does.
    """

    phase: Phase = Phase.SIGN_IN
    in_flight: int = 0
    refused: int = 0
    per_second: float = 0.0
    wave: Wave | None = None
    waiting: Waiting | None = None
    left: TimeLeft | None = None
    stopping_seconds: float | None = None
    senders: tuple[SenderFigures, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of it.

    Attributes:
        planned: rows that are to be reset.
        outcomes: of all sessions.
        pace: None where the process that knows has not told.
        begun: without it, rows that were noted and have no outcome: in flight, or waiting for another try.
        refused: without it, 429s in the ledger.
    """

    planned: int
    outcomes: Mapping[Outcome, int]
    pace: Pace | None = field(default_factory=Pace)
    begun: int = 0
    refused: int = 0

    @property
    def done(self) -> int:
        """Rows with an outcome."""
        return sum(rows for outcome, rows in self.outcomes.items() if outcome is not Outcome.NOT_ATTEMPTED)
