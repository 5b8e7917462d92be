"""A moment's text is the same, however it is made."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.ledger.times import milliseconds, moment_of, text_of
from batchreset.core.clock import rfc3339

YEAR_2200 = milliseconds(dt.datetime(2200, 1, 1, tzinfo=dt.UTC))


@given(kept=st.integers(-YEAR_2200, YEAR_2200))
@settings(max_examples=50)
def test_a_text_is_that_of_its_moment(kept: int) -> None:
    assert text_of(kept) == rfc3339(moment_of(kept))


def test_a_time_beyond_all_times_is_refused() -> None:
    with pytest.raises((ValueError, OverflowError)):
        text_of(1 << 60)
