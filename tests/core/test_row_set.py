"""A set of row numbers is one, whatever it is asked."""

from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.row_set import RowSet

NUMBERS = st.integers(-3, 45)


@given(last=st.integers(0, 40), first=st.lists(NUMBERS), then=st.lists(NUMBERS))
def test_it_holds_what_a_set_of_the_plans_rows_would(last: int, first: list[int], then: list[int]) -> None:
    rows = RowSet(last, first)
    rows.update(then)

    expected = {row for row in (*first, *then) if 1 <= row <= last}
    assert {row for row in range(-3, 46) if row in rows} == expected
    assert (len(rows), bool(rows)) == (len(expected), bool(expected))
    assert rows.lacks(range(1, last + 1)) == [row not in expected for row in range(1, last + 1)]
    assert "1" not in rows
