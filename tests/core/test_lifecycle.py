"""The life of a row that is sent."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from batchreset.core.lifecycle import TRANSITIONS, Move, RowState, moved
from batchreset.core.transitions import IllegalMoveError

LEGAL = {
    (RowState.PLANNED, Move.NOTE): RowState.NOTED,
    (RowState.NOTED, Move.SEND): RowState.SENT,
    (RowState.SENT, Move.WAIT): RowState.WAITING,
    (RowState.SENT, Move.END): RowState.ENDED,
    (RowState.WAITING, Move.SEND): RowState.SENT,
    (RowState.WAITING, Move.NOTE): RowState.NOTED,
    (RowState.PLANNED, Move.LEAVE_OUT): RowState.ENDED,
    (RowState.WAITING, Move.LEAVE_OUT): RowState.ENDED,
}


@pytest.mark.parametrize("move", Move, ids=lambda move: move.value)
@pytest.mark.parametrize("state", RowState, ids=lambda state: state.value)
def test_a_move_is_in_the_table_or_refused(state: RowState, move: Move) -> None:
    if (state, move) in LEGAL:
        assert moved(state, move) is LEGAL[state, move]
    else:
        with pytest.raises(IllegalMoveError, match=f"a row that is {state.value} cannot {move.value}") as refused:
            moved(state, move)
        assert refused.value.__suppress_context__


def test_a_refused_move_is_told_in_plain_words() -> None:
    told = {str(_refusal(state, move)) for state in RowState for move in Move if (state, move) not in LEGAL}

    assert "a row that is planned cannot send" in told
    assert {words.split()[4] for words in told} == {"planned", "noted", "sent", "waiting", "ended"}
    assert {words.split()[6] for words in told} == {"note", "send", "wait", "end", "leave"}


def _refusal(state: RowState, move: Move) -> IllegalMoveError:
    with pytest.raises(IllegalMoveError) as refused:
        moved(state, move)
    return refused.value


class Life(RuleBasedStateMachine):
    """A row that is asked for any move at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.trail = [RowState.PLANNED]

    @rule(move=st.sampled_from(Move))
    def ask(self, move: Move) -> None:
        state = self.trail[-1]
        table = dict(TRANSITIONS)
        if (state, move) in LEGAL:
            self.trail.append(moved(state, move))
        else:
            with pytest.raises(IllegalMoveError):
                moved(state, move)
        assert table == TRANSITIONS

    @invariant()
    def nothing_is_sent_that_is_not_noted(self) -> None:
        if RowState.SENT in self.trail:
            assert RowState.NOTED in self.trail[: self.trail.index(RowState.SENT)]

    @invariant()
    def every_state_follows_from_the_one_before(self) -> None:
        for before, then in zip(self.trail, self.trail[1:], strict=False):
            assert then in {target for (state, _), target in LEGAL.items() if state is before}

    @invariant()
    def nothing_follows_the_end(self) -> None:
        assert RowState.ENDED not in self.trail[:-1]


TestLife = Life.TestCase


def test_sent_is_reached_through_noted_only() -> None:
    """Without the state `NOTED`, no way leads from `PLANNED` to `SENT`."""
    reached = {RowState.PLANNED}
    while more := {
        target
        for (state, _), target in TRANSITIONS.items()
        if state in reached and target is not RowState.NOTED and target not in reached
    }:
        reached |= more

    assert RowState.SENT not in reached
