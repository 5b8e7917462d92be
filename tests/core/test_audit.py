"""For which days, and of whom, Partner Center's records are asked."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.audit import CUSTOMERS_MOST, KEPT_DAYS, WINDOW_DAYS, queries_of, spans_of

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"2026-{text}")


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-{text}Z")


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ([("11-19T08:00", "11-19T09:00")], [("11-19", "11-20")]),
        ([("11-21T08:00", "11-21T09:00")], [("11-21", "11-21")]),
        ([("11-19T00:05", "11-19T23:55")], [("11-18", "11-21")]),
        ([("11-10T08:00", "11-10T09:00"), ("11-19T08:00", "11-19T09:00")], [("11-10", "11-11"), ("11-19", "11-20")]),
        ([("10-01T08:00", "11-10T08:00")], [("10-01", "10-30"), ("10-31", "11-11")]),
        ([("05-01T08:00", "05-01T08:00")], []),
        ([("05-01T08:00", "11-01T08:00")], [("08-24", "09-22"), ("09-23", "10-22"), ("10-23", "11-02")]),
    ],
    ids=["and the day after", "not after today", "near midnight", "two sessions", "a window", "too old", "partly"],
)
def test_the_days_on_which_something_was_done_are_asked_for(
    moments: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    spans = spans_of([(moment(first), moment(last)) for first, last in moments], now=NOW)
    assert spans == tuple((day(start), day(end)) for start, end in expected)


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(0, 20)), max_size=6))
def test_every_moment_that_is_kept_is_within_one_span_and_no_span_is_refused(ago: list[tuple[int, float]]) -> None:
    moments = [(NOW - days * DAY, min(NOW, NOW - days * DAY + lasted * DAY)) for days, lasted in ago]
    spans = spans_of(moments, now=NOW)
    for start, end in spans:
        assert NOW.date() - KEPT_DAYS * DAY <= start <= end <= NOW.date()
        assert (end - start).days < WINDOW_DAYS
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))
    for moment_ in (moment_ for pair in moments for moment_ in pair):
        if moment_.date() >= NOW.date() - KEPT_DAYS * DAY:
            assert any(start <= moment_.date() <= end for start, end in spans)


def test_many_customers_are_asked_for_all_at_once_and_few_one_by_one() -> None:
    span = (day("11-19"), day("11-20"))
    few = [f"customer-{number}" for number in range(CUSTOMERS_MOST)]
    assert [query.customer_tenant_id for query in queries_of(few, [span])] == few
    assert [(query.customer_tenant_id, query.start, query.end) for query in queries_of([*few, "x"], [span])] == [
        ("", *span)
    ]
