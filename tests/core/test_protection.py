"""Whom the bounds let through, and how a row ends that they do not."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.protection import Bounds, Protected, left_out
from batchreset.core.records import KnownRow

IDS = st.sampled_from("abcd")
SETS = st.frozensets(IDS)
PROTECTED = st.builds(Protected, users=SETS, customers=SETS, names=SETS)


@pytest.mark.parametrize(
    ("customer", "user", "covered"),
    [("c1", "u1", False), ("c1", "u2", True), ("c2", "u1", True), ("u2", "u1", False), ("c1", "c2", False)],
)
def test_a_user_is_covered_by_id_or_with_the_whole_customer(customer: str, user: str, *, covered: bool) -> None:
    protected = Protected(users=frozenset({"u2"}), customers=frozenset({"c2"}), names=frozenset({"u1"}))
    assert protected.covers(customer, user) is covered


@given(PROTECTED, PROTECTED, IDS, IDS)
def test_both_together_cover_whom_either_does(one: Protected, other: Protected, customer: str, user: str) -> None:
    both = one | other
    assert both.covers(customer, user) is (one.covers(customer, user) or other.covers(customer, user))
    assert both.names == one.names | other.names


@pytest.mark.parametrize(
    ("only", "customer", "reason"),
    [
        (frozenset(), "c1", None),
        (frozenset({"c1"}), "c1", None),
        (frozenset({"c2"}), "c1", Reason.INVALID),
        (frozenset(), "c9", Reason.PROTECTED),
        (frozenset({"c1"}), "c9", Reason.INVALID),
    ],
    ids=["any", "named", "not named", "protected", "both"],
)
def test_customers_that_may_not_appear_are_out_too(only: frozenset[str], customer: str, reason: Reason | None) -> None:
    bounds = Bounds(protected=Protected(customers=frozenset({"c9"})), customers=only)
    assert bounds.reason_against(customer, "u1") is reason


@pytest.mark.parametrize(
    ("unclear", "exchanges", "outcome"), [*itertools.product((False, True), (0, 3), (None, *Outcome))]
)
def test_only_what_was_surely_never_sent_is_skipped_and_an_ending_stays(
    *, unclear: bool, exchanges: int, outcome: Outcome | None
) -> None:
    known = KnownRow(generations=1, exchanges=exchanges, unclear=unclear, outcome=outcome)
    left = left_out(known, Reason.PROTECTED)
    expected = Outcome.IN_DOUBT if unclear else Outcome.FAILED if exchanges else Outcome.SKIPPED
    assert left.outcome is (outcome or expected)
    assert left.recorded is (outcome is not None)
