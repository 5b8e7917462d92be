"""How long a gate stays closed after a refusal, and what a refusal tells."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing.gates.pauses import pause_seconds
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.habits import Habits
from batchreset.core.pacing.limits.span import Span

HOUR_SECONDS = 3600.0


def refusal(retry_after_seconds: float | None, *, under_way_seconds: float = 0.5) -> Refusal:
    return Refusal(
        number=1,
        at_seconds=100.0 + under_way_seconds,
        sent_at_seconds=100.0,
        retry_after_seconds=retry_after_seconds,
    )


def pause(
    told: float | None,
    tries: int = 1,
    *,
    left: float = 0.0,
    slack: float = 0.0,
    drawn: float = 0.5,
    under_way: float = 0.5,
) -> float:
    came = refusal(told, under_way_seconds=under_way)
    return pause_seconds(came, tries, left_seconds=left, slack_seconds=slack, drawn=drawn)


@pytest.mark.parametrize(
    ("told", "waited"),
    [(57.0, 57.0), (0.25, 0.25), (0.0, 0.0), (-5.0, 0.0), (3600.0, 3600.0), (604800.0, 3600.0)],
    ids=["seconds", "decimals", "none", "negative", "an-hour", "a-week-is-asked-about-again-after-an-hour"],
)
def test_what_is_told_is_waited_and_slack_and_a_little_chance_are_added(told: float, waited: float) -> None:
    assert pause(told, drawn=0.0) == waited
    assert pause(told, drawn=0.0, slack=1.5) == waited + 1.5
    assert pause(told, drawn=1.0) == pytest.approx(waited + 0.2)
    assert pause(told, left=900.0, drawn=0.0) == waited


@pytest.mark.parametrize(("under_way", "waited"), [(2.0, 57.0), (5.0, 54.0), (60.0, 0.0)])
def test_what_was_told_by_a_slow_answer_has_partly_passed(under_way: float, waited: float) -> None:
    assert pause(57.0, drawn=0.0, under_way=under_way) == pytest.approx(waited)


@pytest.mark.parametrize("told", [None, math.nan, math.inf], ids=str)
def test_untold_it_grows_by_six_tenths_to_a_quarter_of_a_minute_a_fifth_more_or_less(told: float | None) -> None:
    waits = [pause(told, tries) for tries in range(1, 21)]

    assert waits[:4] == pytest.approx([1.0, 1.6, 2.56, 4.096])
    assert waits[6:] == pytest.approx([15.0] * 14)
    assert pause(told, 0) == 1.0
    assert (pause(told, drawn=0.0), pause(told, drawn=1.0)) == pytest.approx((0.8, 1.2))


def test_untold_the_first_pause_lasts_to_the_end_of_a_window_that_is_known() -> None:
    assert pause(None, left=40.0) == pytest.approx(40.0)
    assert pause(None, left=0.5) == pytest.approx(1.0)
    assert pause(None, left=9999.0) == pytest.approx(HOUR_SECONDS)
    assert pause(None, 2, left=40.0) == pytest.approx(1.6)


def test_after_two_refusals_one_after_another_what_is_told_is_no_longer_believed() -> None:
    assert [pause(0.0, tries, drawn=0.0) for tries in (1, 2)] == [0.0, 0.0]
    assert [pause(0.0, tries, drawn=0.0) for tries in (3, 4)] == pytest.approx([1.6, 2.56])
    assert pause(57.0, 4, drawn=0.0) == 57.0


def test_where_every_try_is_refused_the_waits_grow_to_an_hour() -> None:
    """Refused requests may count: who asks every quarter of a minute keeps a window of five minutes shut for ever."""
    assert [pause(None, tries) for tries in (20, 21, 22)] == pytest.approx([15.0, 19.5, 25.35])
    assert pause(None, 1000) == pytest.approx(HOUR_SECONDS)
    assert pause(5.0, 21, drawn=0.0) == pytest.approx(19.5 / 1.6)
    assert pause(15.0, 21, drawn=0.0) == 15.0


def test_where_a_longer_wait_is_told_it_is_believed_for_a_hundred_tries() -> None:
    assert pause(16.0, 100, drawn=0.0) == 16.0
    assert pause(16.0, 103, drawn=0.0) == pytest.approx(15.0 * 1.3**3 / 1.6)
    assert pause(16.0, 1000, drawn=0.0) == pytest.approx(HOUR_SECONDS / 1.6)


@given(told=st.none() | st.floats(), tries=st.integers(0, 10**6), left=st.floats(-60, 10**6), drawn=st.floats(0, 1))
def test_no_pause_is_negative_or_longer_than_an_hour_and_its_chance(
    told: float | None, tries: int, left: float, drawn: float
) -> None:
    assert 0.0 <= pause(told, tries, left=left, drawn=drawn) <= HOUR_SECONDS * 1.2 + 1e-6


def test_a_window_ends_between_what_was_told_of_the_sending_and_of_the_answer() -> None:
    assert refusal(30.0).told_end == Span(129.0, 131.5)
    assert refusal(None).told_end is None
    assert (refusal(30.0).end_seconds, refusal(-1.0).end_seconds) == (130.5, 100.5)
    assert refusal(None).end_seconds is refusal(math.inf).end_seconds is None


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [(30.0, 30.0, False), (30.0, 32.0, False), (30.0, 32.5, True), (32.5, 30.0, True), (None, 30.0, False)],
)
def test_two_refusals_are_of_different_windows_where_their_ends_are_surely_apart(
    one: float | None, other: float | None, *, apart: bool
) -> None:
    assert refusal(one).ends_apart(refusal(other)) is apart
    assert refusal(other).ends_apart(refusal(one)) is apart


def test_what_is_added_to_a_wait_grows_when_it_proved_too_short() -> None:
    habits, added = Habits(), []
    assert (habits.slack_seconds, habits.own_slack_seconds) == (0.1, 0.1)
    for _ in range(7):
        habits.measured_too_early()
        added.append(habits.own_slack_seconds)
    habits.told_too_early()

    assert added == pytest.approx([0.3, 0.5, 0.7, 0.9, 1.1, 1.1, 1.1])
    assert habits.slack_seconds == 1.1
