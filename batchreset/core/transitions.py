"""One step in a table of states: how a row, a gate and a climb move."""

from collections.abc import Mapping
from typing import TypeVar

State = TypeVar("State")
Cue = TypeVar("Cue")


class IllegalMoveError(RuntimeError):
    """A bug: somebody asked for a move that the table does not hold. Nothing was changed."""


def follow(table: Mapping[tuple[State, Cue], State], state: State, cue: Cue, *, refusal: str) -> State:
    """The next state. Raises IllegalMoveError with `refusal`."""
    try:
        return table[state, cue]
    except KeyError:
        raise IllegalMoveError(refusal) from None
