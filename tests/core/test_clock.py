"""Times as every file of a run writes them."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.clock import rfc3339

moments = st.datetimes(
    min_value=dt.datetime(1, 1, 3),  # noqa: DTZ001  hypothesis adds the zone
    max_value=dt.datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.builds(dt.timezone, st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23))),
)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        pytest.param(
            dt.datetime(2026, 11, 21, 8, 40, 0, 123999, dt.UTC), "2026-11-21T08:40:00.123Z", id="milliseconds-cut"
        ),
        pytest.param(dt.datetime(2026, 11, 21, tzinfo=dt.UTC), "2026-11-21T00:00:00.000Z", id="always-three-digits"),
        pytest.param(
            dt.datetime(2026, 1, 1, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "2025-12-31T23:30:00.000Z",
            id="from-another-zone",
        ),
    ],
)
def test_a_moment_is_written_in_utc(moment: dt.datetime, written: str) -> None:
    assert rfc3339(moment) == written


@given(moments)
def test_it_is_rfc_3339_and_loses_less_than_a_millisecond(moment: dt.datetime) -> None:
    written = rfc3339(moment)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", written)
    assert dt.timedelta(0) <= moment - dt.datetime.fromisoformat(written) < dt.timedelta(milliseconds=1)


@given(moments, moments)
def test_texts_sort_as_their_moments(one: dt.datetime, other: dt.datetime) -> None:
    if one <= other:
        assert rfc3339(one) <= rfc3339(other)
