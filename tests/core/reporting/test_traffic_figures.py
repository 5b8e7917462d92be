"""Percentiles, histogram and bars say what the exchanges were."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.classify import Verdict
from batchreset.core.reporting.traffic import (
    SHARES,
    WIDTHS,
    Kind,
    Session,
    bar_width,
    bars,
    histogram,
    kind_of,
    latencies,
    percentile,
)

COUNTED = st.dictionaries(
    st.tuples(st.sampled_from(Kind), st.integers(0, 700_000)), st.integers(1, 50), min_size=1, max_size=30
)


def session(number: int, *, sent: int | None = 0) -> Session:
    return Session(
        number=number, began_at=0, ended_at=None, stop_reason=None, exchanges=sent is not None, throttled=0,
        first_sent_at=sent, last_ended_at=sent,
    )  # fmt: skip


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=200), st.integers(1, 100))
def test_a_percentile_is_the_nearest_rank_of_the_values_in_their_order(values: list[int], share: int) -> None:
    counts = sorted((value, values.count(value)) for value in set(values))
    rank = max(1, -(-len(values) * share // 100))
    assert percentile(counts, share) == sorted(values)[rank - 1]


@given(COUNTED)
def test_all_answers_are_those_of_each_kind_together(counted: dict[tuple[Kind, int], int]) -> None:
    everything, *kinds = latencies(counted)
    assert everything.kind is None
    assert everything.answers == sum(counted.values()) == sum(one.answers for one in kinds)
    assert everything.longest == max(milliseconds for _, milliseconds in counted)
    assert {one.kind for one in kinds} == {kind for kind, _ in counted}
    for one in (everything, *kinds):
        assert len(one.percentiles) == len(SHARES)
        assert [*one.percentiles, one.longest] == sorted([*one.percentiles, one.longest])


@given(COUNTED)
def test_every_answer_is_in_the_one_bin_that_it_belongs_to(counted: dict[tuple[Kind, int], int]) -> None:
    bins = histogram(counted)
    for one in bins:
        expected = sum(often for (_, ms), often in counted.items() if one.least <= ms < one.below)
        assert one.answers == expected
    assert sum(one.answers for one in bins) == sum(counted.values())
    assert bins[0].answers
    assert bins[-1].answers
    assert [one.below for one in bins[:-1]] == [one.least for one in bins[1:]]


def test_without_answers_there_is_nothing_to_tell() -> None:
    assert (latencies({}), histogram({})) == ((), ())


@pytest.mark.parametrize(
    ("active_seconds", "window_seconds", "width"),
    [
        pytest.param(0.0, None, 1, id="nothing was sent"),
        pytest.param(60.0, None, 1, id="a minute"),
        pytest.param(61.0, None, 2, id="a bit more"),
        pytest.param(600.0, 60.0, 60, id="as long as the window"),
        pytest.param(300.0, 60.0, 5, id="too few windows for that"),
        pytest.param(25_000.0, 60.0, 600, id="longer than the window"),
        pytest.param(1_500.0, 20.0, 40, id="two windows, not one and a half"),
        pytest.param(3_600.0, 62.5, 125, id="as many windows as make whole seconds"),
        pytest.param(3_600.0, 59.9871, 60, id="a window of which no number makes whole seconds"),
        pytest.param(1e9, None, 86_400, id="a clock that was wrong by years"),
    ],
)
def test_a_bar_is_as_long_as_can_be_read(active_seconds: float, window_seconds: float | None, width: int) -> None:
    assert bar_width(active_seconds, window_seconds) == width


@given(st.integers(1, 600), st.integers(6, 500))
def test_a_limit_that_is_kept_has_no_bar_above_it(window: int, windows: int) -> None:
    """Each window's requests go at its beginning, as they do."""
    width = bar_width(float(window * windows), float(window))
    fallen = Counter(number * window // width for number in range(windows))
    assert max(fallen.values()) * window <= width


@given(st.integers(0, 10**7))
def test_a_bar_without_a_limit_is_of_seconds_that_people_count_in(active_seconds: int) -> None:
    assert bar_width(active_seconds, None) in WIDTHS


def test_sessions_stand_one_after_another_with_their_gaps_and_without_the_pauses_between() -> None:
    counted = {(1, 0, Kind.DONE): 5, (1, 2, Kind.THROTTLED): 1, (3, 1, Kind.DONE): 2, (3, 1, Kind.UNCLEAR): 4}
    drawn, begins = bars([session(1), session(2, sent=None), session(3)], counted, width=10)
    assert [(bar.session, bar.at, dict(bar.counts)) for bar in drawn] == [
        (1, 0, {Kind.DONE: 5}),
        (1, 10, {}),
        (1, 20, {Kind.THROTTLED: 1}),
        (3, 30, {}),
        (3, 40, {Kind.DONE: 2, Kind.UNCLEAR: 4}),
    ]
    assert begins == {1: 0, 3: 30}


def test_a_session_is_as_long_as_from_its_first_request_to_its_last_answer() -> None:
    assert session(1, sent=None).active_seconds == 0
    one = Session(
        number=1, began_at=0, ended_at=None, stop_reason=None, exchanges=2, throttled=0, first_sent_at=1_500,
        last_ended_at=4_000,
    )  # fmt: skip
    assert one.active_seconds == 2.5


@pytest.mark.parametrize("verdict", [*(verdict.name.lower() for verdict in Verdict), "cancelled"])
def test_every_verdict_is_of_a_kind_and_only_clear_ones_are_refusals(verdict: str) -> None:
    unclear = {"server_error", "timeout", "connection_lost", "sender_lost", "cancelled"}
    others = {"succeeded": Kind.DONE, "throttled": Kind.THROTTLED, "not_sent": Kind.NOT_SENT}
    assert kind_of(verdict) is (Kind.UNCLEAR if verdict in unclear else others.get(verdict, Kind.REFUSED))
