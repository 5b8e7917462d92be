"""How long a service asks to be left alone."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.retry_after import retry_after_seconds

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("57", 57.0, id="seconds"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param(" 1.5 ", 1.5, id="decimals"),
        pytest.param("Sat, 21 Nov 2026 12:01:30 GMT", 90.0, id="a date"),
        pytest.param("Saturday, 21-Nov-26 12:01:30 GMT", 90.0, id="an old date"),
        pytest.param("Sat, 21 Nov 2026 11:00:00 GMT", 0.0, id="a date that is past"),
        pytest.param("Sat, 21 Nov 2026 13:00:30 +0100", 30.0, id="another zone"),
        pytest.param("Sat, 21 Nov 2026 12:01:30", None, id="no zone"),
        pytest.param("-5", None, id="negative"),
        pytest.param("-0.5", None, id="a little negative"),
        pytest.param("nan", None, id="nan"),
        pytest.param("inf", None, id="without end"),
        pytest.param("soon", None, id="a word"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="missing"),
        pytest.param("Sat, 21 Nov 99999 12:00:00 GMT", None, id="a year that is none"),
    ],
)
def test_retry_after_is_read_in_every_form(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, now=NOW) == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        pytest.param("Sat, 21 Nov 2026 12:01:00 GMT", 30.0, id="their clock is a minute ahead"),
        pytest.param("Sat, 21 Nov 2026 09:00:00 GMT", 10890.0, id="or hours behind"),
        pytest.param("Sat, 21 Nov 2026 12:01:00", 90.0, id="no zone"),
        pytest.param("yesterday", 90.0, id="unreadable"),
        pytest.param("", 90.0, id="empty"),
    ],
)
def test_a_date_is_measured_by_the_clock_of_whoever_said_it(date: str, seconds: float) -> None:
    assert retry_after_seconds("Sat, 21 Nov 2026 12:01:30 GMT", now=NOW, date=date) == seconds


@given(
    st.one_of(
        st.text(),
        st.from_regex(r"\w{0,4},? ?[-+]?\d{0,5}[ -]\w{0,3}[ -]\d{0,5} [\d:.]{0,9} ?[-+A-Z\d]{0,5}", fullmatch=True),
    )
)
def test_any_retry_after_is_a_time_to_come_or_nothing(value: str) -> None:
    seconds = retry_after_seconds(value, now=NOW)
    assert seconds is None or 0 <= seconds < float("inf")
