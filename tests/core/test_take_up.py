"""Which rows are sent again."""

import itertools

import pytest

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.take_up import TakeUp

ALL = list(itertools.product(Outcome, [None, *Reason]))


def taken(take_up: TakeUp) -> set[tuple[Outcome, Reason | None]]:
    return {ended for ended in ALL if take_up.includes(*ended)}


def of(*outcomes: Outcome) -> set[tuple[Outcome, Reason | None]]:
    return {ended for ended in ALL if ended[0] in outcomes}


@pytest.mark.parametrize(
    ("take_up", "expected"),
    [
        (TakeUp(), set()),
        (TakeUp(in_doubt=True), of(Outcome.IN_DOUBT)),
        (TakeUp(in_doubt=True, failed=True), of(Outcome.IN_DOUBT, Outcome.FAILED)),
        (
            TakeUp(in_doubt=True, failed=True, reasons=frozenset({Reason.FORBIDDEN})),
            of(Outcome.IN_DOUBT) | {(Outcome.FAILED, Reason.FORBIDDEN)},
        ),
        (TakeUp(in_doubt=True, reasons=frozenset({Reason.FORBIDDEN})), of(Outcome.IN_DOUBT)),
    ],
    ids=["nothing", "in doubt", "failed too", "one reason", "a reason without failed"],
)
def test_what_is_taken_up(take_up: TakeUp, expected: set[tuple[Outcome, Reason | None]]) -> None:
    assert taken(take_up) == expected


def test_what_succeeded_or_was_skipped_is_never_taken_up() -> None:
    everything = TakeUp(in_doubt=True, failed=True, reasons=frozenset(Reason))
    assert not taken(everything) & of(Outcome.SUCCEEDED, Outcome.SKIPPED, Outcome.NOT_ATTEMPTED)
