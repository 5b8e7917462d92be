"""What pacing did and learned, as plain values: the engine makes events and the summary of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """The first refusal of a burst. Scope: a customer, or "partner"."""

    scope: str
    retry_after_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLearned:
    """A limit was found, or found to be another: so many requests in so many seconds.

    Attributes:
        shape: "window", "sliding" or "bucket".
    """

    scope: str
    shape: str
    limit: int
    window_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Nothing goes in the scope before that moment of `take`'s clock. Told: the service said so."""

    scope: str
    until_seconds: float
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A row passed again after a pause. Told: a refusal had asked for it."""

    scope: str
    waited_seconds: float
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageBegan:
    """Nothing but failures: one row goes at a time, ever more rarely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEnded:
    """The service answered again."""

    lasted_seconds: float


PaceNote = Throttled | LimitLearned | Paused | Resumed | OutageBegan | OutageEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedLimit:
    """One limit at the end of a run, and what it cost.

    Attributes:
        scope: a customer, or "partner".
        shape: "window", "sliding", "bucket", or "" when none was found.
        limit: requests in a window.
        window_seconds: its length.
        refused: 429s that were this limit's.
        waited_seconds: how long it was closed.
    """

    scope: str
    shape: str
    limit: int
    window_seconds: float
    refused: int
    waited_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a later run of the same partner may begin with; it verifies before it trusts."""

    partner: LearnedLimit | None = None
    customers: tuple[LearnedLimit, ...] = ()
