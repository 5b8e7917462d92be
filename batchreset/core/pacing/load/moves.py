"""What is asked of the service while it is climbed, and what is asked next."""

import enum
from typing import Final

from batchreset.core.transitions import follow


class Move(enum.Enum):
    """What is being asked."""

    UP = enum.auto()
    """Do more at once get more done?"""
    HOLD = enum.auto()
    """Is all as usual?"""
    DOWN = enum.auto()
    """Do fewer get as much done?"""


class Finding(enum.Enum):
    """What samples answer."""

    WORTH_IT = enum.auto()
    """Yes."""
    USELESS = enum.auto()
    """No: back."""
    AT_AN_END = enum.auto()
    """There is no more, or no fewer."""
    WORSE = enum.auto()
    """Less is done than usual."""
    TRY_AGAIN = enum.auto()
    """All is as usual, and for a while nothing was asked."""


TRANSITIONS: Final = {
    (Move.UP, Finding.WORTH_IT): Move.UP,
    (Move.UP, Finding.USELESS): Move.HOLD,
    (Move.UP, Finding.AT_AN_END): Move.HOLD,
    (Move.HOLD, Finding.TRY_AGAIN): Move.UP,
    (Move.HOLD, Finding.WORSE): Move.DOWN,
    (Move.DOWN, Finding.WORTH_IT): Move.DOWN,
    (Move.DOWN, Finding.USELESS): Move.HOLD,
    (Move.DOWN, Finding.AT_AN_END): Move.HOLD,
}


def moved(move: Move, finding: Finding) -> Move:
    """What is asked next. Raises IllegalMoveError."""
    return follow(TRANSITIONS, move, finding, refusal=f"{move.name} is not answered by {finding.name}")
