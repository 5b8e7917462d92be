"""Which passwords the hand-over gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.certainty import Certainty, certainty
from batchreset.core.outcome import Outcome

UNSETTLED = [outcome for outcome in Outcome if outcome not in {Outcome.SUCCEEDED, Outcome.FAILED}]


@pytest.mark.parametrize("unclear", [True, False])
@pytest.mark.parametrize(
    ("generation", "expected"),
    [(1, Certainty.SUPERSEDED), (2, Certainty.SUPERSEDED), (3, Certainty.IN_FORCE)],
)
def test_the_password_the_row_succeeded_with_is_in_force_and_replaces_the_others(
    *, generation: int, expected: Certainty, unclear: bool
) -> None:
    found = certainty(generation=generation, outcome=Outcome.SUCCEEDED, outcome_generation=3, unclear=unclear)

    assert found is expected


@pytest.mark.parametrize("outcome_generation", [None, 1, 2])
@pytest.mark.parametrize("outcome", UNSETTLED)
@pytest.mark.parametrize(("unclear", "expected"), [(True, Certainty.POSSIBLE), (False, None)])
def test_while_the_row_is_unsettled_a_password_is_possible_as_long_as_it_is_unclear(
    *, outcome: Outcome, outcome_generation: int | None, unclear: bool, expected: Certainty | None
) -> None:
    found = certainty(generation=1, outcome=outcome, outcome_generation=outcome_generation, unclear=unclear)

    assert found is expected


@pytest.mark.parametrize("unclear", [True, False])
@pytest.mark.parametrize("outcome_generation", [None, 1, 2])
def test_a_row_that_is_known_to_be_unchanged_has_no_new_password(
    *, outcome_generation: int | None, unclear: bool
) -> None:
    """A 404 settles what came before it."""
    found = certainty(generation=1, outcome=Outcome.FAILED, outcome_generation=outcome_generation, unclear=unclear)

    assert found is None


@pytest.mark.parametrize(("unclear", "expected"), [(True, Certainty.POSSIBLE), (False, None)])
def test_a_success_of_no_known_password_puts_none_in_force(*, unclear: bool, expected: Certainty | None) -> None:
    assert certainty(generation=1, outcome=Outcome.SUCCEEDED, outcome_generation=None, unclear=unclear) is expected


@given(
    outcome=st.sampled_from([Outcome.SUCCEEDED, *UNSETTLED]),
    unclear=st.lists(st.booleans(), min_size=1, max_size=5),
    data=st.data(),
)
def test_no_password_that_may_be_in_force_is_kept_back(
    outcome: Outcome, unclear: list[bool], data: st.DataObject
) -> None:
    last = data.draw(st.none() | st.just(len(unclear)))
    found = [
        certainty(generation=generation, outcome=outcome, outcome_generation=last, unclear=doubt)
        for generation, doubt in enumerate(unclear, start=1)
    ]

    assert all(sure is not None for sure, doubt in zip(found, unclear, strict=True) if doubt)
    assert found.count(Certainty.IN_FORCE) == (outcome is Outcome.SUCCEEDED and last is not None)
    assert Certainty.SUPERSEDED not in found or found[-1] is Certainty.IN_FORCE


def test_the_words_are_those_of_the_hand_over() -> None:
    assert [sure.value for sure in Certainty] == ["in_force", "possible", "superseded"]
