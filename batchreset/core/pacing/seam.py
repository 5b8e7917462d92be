"""What passes between the engine and a pacer. A pacer has no clock, no sleep and no log of its own."""

import enum
from dataclasses import dataclass
from typing import Final

PARTNER: Final = "partner"
"""The scope of the limit that all customers share; every other scope is a customer."""


class Answer(enum.Enum):
    """What came back, as far as pacing cares."""

    OK = enum.auto()
    """Any answer that is not one of the others (404 and 403 too: the service did its work)."""
    THROTTLED = enum.auto()
    """429."""
    UNAVAILABLE = enum.auto()
    """500, 502, 503, 504, or no connection."""
    TIMEOUT = enum.auto()
    UNKNOWN = enum.auto()
    """None, and not by the service's doing."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to send one row of `customer` now; given back by `Pacer.answer`.

    Attributes:
        customer: the lane.
        number: counts the tickets of one pacer, from 1.
        taken_at_seconds: when it was given, on the clock of `take`.
    """

    customer: str
    number: int
    taken_at_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nothing is sent in `scope` before `until_seconds` (the clock of `take`).

    Attributes:
        scope: a customer, or "partner".
        told: a refusal asked for it; else a known limit is spent, and its next window is awaited.
    """

    scope: str
    until_seconds: float
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceSnapshot:
    """What pacing is doing, for the display and the report.

    Attributes:
        concurrency: requests that may be under way at once.
        in_flight: requests that are.
        waiting: rows that are not.
        per_second: the rate it holds itself to; None when it has no such limit.
        refused: 429s so far.
        pauses: who waits, until when.
        outage_until_seconds: nothing but failures came: when the next row goes to see. None: there is no outage.
    """

    concurrency: int
    in_flight: int
    waiting: int
    per_second: float | None
    refused: int
    pauses: tuple[Pause, ...]
    outage_until_seconds: float | None = None
