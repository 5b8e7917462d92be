"""The life of a row that is sent. `SENT` is a state of its own: from it, only an answer or its loss leads on.

PLANNED ──note──► NOTED ──send──► SENT ──end──► ENDED ◄──leave out── PLANNED, WAITING
                    ▲              │ ▲
                    │            wait│send
                    └────note──── WAITING
"""

import enum
from typing import Final

from batchreset.core.transitions import follow


class RowState(enum.Enum):
    """Where a row stands."""

    PLANNED = "planned"
    NOTED = "noted"
    """Its intent, with the sealed password, is committed and synced."""
    SENT = "sent"
    """A request is under way: the password may be changing at this moment."""
    WAITING = "waiting"
    """An answer, or its loss, is known; the row will be sent again."""
    ENDED = "ended"


class Move(enum.Enum):
    """What can happen to it."""

    NOTE = "note"
    SEND = "send"
    WAIT = "wait"
    END = "end"
    LEAVE_OUT = "leave out"
    """Its account must not be reset: asked before each new password."""


TRANSITIONS: Final = {
    (RowState.PLANNED, Move.NOTE): RowState.NOTED,
    (RowState.NOTED, Move.SEND): RowState.SENT,
    (RowState.SENT, Move.WAIT): RowState.WAITING,
    (RowState.SENT, Move.END): RowState.ENDED,
    (RowState.WAITING, Move.SEND): RowState.SENT,
    (RowState.WAITING, Move.NOTE): RowState.NOTED,
    (RowState.PLANNED, Move.LEAVE_OUT): RowState.ENDED,
    (RowState.WAITING, Move.LEAVE_OUT): RowState.ENDED,
}


def moved(state: RowState, move: Move) -> RowState:
    """The state after `move`. Raises IllegalMoveError: sending what is not noted is impossible by this table."""
    return follow(TRANSITIONS, state, move, refusal=f"a row that is {state.value} cannot {move.value}")
