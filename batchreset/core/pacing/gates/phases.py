"""How a gate stands, and how that may change.

It is a circuit breaker that lets through while OPEN, as gates do; TRYING is what breakers call half-open.
"""

import enum
from typing import Final

from batchreset.core.transitions import follow


class Phase(enum.Enum):
    """What a gate lets through."""

    OPEN = enum.auto()
    """Rows, as far as the limit that was learned allows."""
    HELD = enum.auto()
    """Nothing, until it is known whose limit a refusal came from."""
    WAITING = enum.auto()
    """Nothing before a moment; then one row, to see."""
    TRYING = enum.auto()
    """That row is under way."""


class Cue(enum.Enum):
    """What happens to a gate."""

    HOLD = enum.auto()
    """Refused, and whose limit it was is not clear."""
    FREE = enum.auto()
    """It was not this gate's limit."""
    CLOSE = enum.auto()
    """Refused by this gate's limit, or the window's budget is spent."""
    TRY = enum.auto()
    """A row goes to see."""
    PASSED = enum.auto()
    """That row passed."""
    LOST = enum.auto()
    """That row says neither yes nor no: it failed, or the other gate refused it."""


TRANSITIONS: Final = {
    (Phase.OPEN, Cue.HOLD): Phase.HELD,
    (Phase.HELD, Cue.FREE): Phase.OPEN,
    (Phase.OPEN, Cue.CLOSE): Phase.WAITING,
    (Phase.HELD, Cue.CLOSE): Phase.WAITING,
    (Phase.WAITING, Cue.CLOSE): Phase.WAITING,
    (Phase.TRYING, Cue.CLOSE): Phase.WAITING,
    (Phase.WAITING, Cue.TRY): Phase.TRYING,
    (Phase.TRYING, Cue.TRY): Phase.TRYING,
    (Phase.TRYING, Cue.PASSED): Phase.OPEN,
    (Phase.TRYING, Cue.LOST): Phase.WAITING,
}


def moved(phase: Phase, cue: Cue) -> Phase:
    """The phase after the cue. Raises IllegalMoveError, and nothing has changed."""
    return follow(TRANSITIONS, phase, cue, refusal=f"a gate that is {phase.name} knows no {cue.name}")
