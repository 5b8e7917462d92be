"""Which rows go first: as many customers as may be, then by size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.guards import canary_counts

lanes = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 40), max_size=10)


@pytest.mark.parametrize(
    ("rows", "canary", "counts"),
    [
        pytest.param({"a": 100}, 10, {"a": 10}, id="one-customer"),
        pytest.param({"a": 5, "b": 9, "c": 7}, 2, {"b": 1, "c": 1}, id="the-largest-first"),
        pytest.param({"c": 3, "b": 3, "a": 3}, 2, {"a": 1, "b": 1}, id="by-name-among-equals"),
        pytest.param({"a": 60, "b": 30, "c": 10}, 10, {"a": 6, "b": 3, "c": 1}, id="by-size"),
        pytest.param({"a": 2, "b": 1, "c": 0}, 2, {"a": 1, "b": 1}, id="none-of-an-empty-lane"),
        pytest.param({"a": 2, "b": 2}, 3, {"a": 2, "b": 1}, id="what-is-left-by-name-among-equals"),
        pytest.param({"a": 10}, 10, {}, id="no-rest"),
        pytest.param({"a": 3}, 10, {}, id="fewer-rows-than-the-canary"),
        pytest.param({"a": 11}, 10, {"a": 10}, id="a-rest-of-one"),
        pytest.param({"a": 100}, 0, {}, id="off"),
        pytest.param({"a": 100, "b": 5}, -1, {}, id="below-off"),
        pytest.param({"a": 100}, 1, {"a": 1}, id="one-row"),
        pytest.param({}, 10, {}, id="nothing"),
    ],
)
def test_who_goes_first(rows: dict[str, int], canary: int, counts: dict[str, int]) -> None:
    assert canary_counts(rows, canary) == counts


@given(rows=lanes, canary=st.integers(-5, 500))
def test_they_are_as_many_as_asked_for_or_none(rows: dict[str, int], canary: int) -> None:
    counts = canary_counts(rows, canary)

    assert sum(counts.values()) == (canary if 0 < canary < sum(rows.values()) else 0)
    assert all(1 <= count <= rows[lane] for lane, count in counts.items())


@given(rows=lanes, canary=st.integers(1, 300))
def test_every_customer_has_one_before_any_has_two(rows: dict[str, int], canary: int) -> None:
    counts = canary_counts(rows, canary)

    if max(counts.values(), default=0) > 1:
        assert set(counts) == {lane for lane, waiting in rows.items() if waiting}


@given(rows=lanes, canary=st.integers(1, 300))
def test_a_larger_customer_or_an_earlier_name_never_has_fewer(rows: dict[str, int], canary: int) -> None:
    counts = canary_counts(rows, canary)

    ranked = [counts.get(lane, 0) for lane in sorted(rows, key=lambda lane: (-rows[lane], lane))]
    assert ranked == sorted(ranked, reverse=True)


@given(rows=lanes, canary=st.integers(1, 300))
def test_beyond_the_first_the_largest_share_goes_next(rows: dict[str, int], canary: int) -> None:
    """D'Hondt: no lane's last row had a smaller quotient than another lane's next one."""
    counts = canary_counts(rows, canary)

    for one, count in counts.items():
        for other, others in counts.items():
            if count > 1 and others < rows[other]:
                assert rows[one] * (others + 1) >= rows[other] * count


@given(rows=lanes, canary=st.integers(1, 300), data=st.data())
def test_the_order_of_the_input_does_not_matter(rows: dict[str, int], canary: int, data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(rows.items()))))

    assert canary_counts(shuffled, canary) == canary_counts(rows, canary)
