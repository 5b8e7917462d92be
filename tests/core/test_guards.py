"""What stops a run before it does harm: the boundaries, exactly."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.guards import WINDOW_OUTCOMES, FailureGuard
from batchreset.core.outcome import Reason

OK, BAD = True, False


def guard(rate: float = 1.0, *, max_failures: int = 0) -> FailureGuard:
    return FailureGuard(max_failure_rate=rate, max_failures=max_failures)


def stops(watched: FailureGuard, outcomes: Sequence[bool]) -> list[Reason | None]:
    return [watched.saw(succeeded=succeeded) for succeeded in outcomes]


def test_the_window_is_two_hundred_outcomes() -> None:
    assert WINDOW_OUTCOMES == 200


@pytest.mark.parametrize(
    ("rate", "borne"),
    [(0.0, 0), (0.005, 1), (0.0099, 1), (0.07, 14), (0.1, 20), (0.145, 29), (0.29, 58), (0.57, 114), (0.995, 199)],
)
def test_the_rate_is_borne_to_the_last_outcome_and_not_one_further(rate: float, borne: int) -> None:
    assert stops(guard(rate), [BAD] * (borne + 1)) == [None] * borne + [Reason.FAILURE_RATE]


def test_a_rate_of_one_bears_everything() -> None:
    assert set(stops(guard(1.0), [BAD] * 500)) == {None}


@pytest.mark.parametrize(
    ("rate", "canary", "borne"),
    [
        pytest.param(0.1, 10, 1, id="the-defaults"),
        pytest.param(0.1, 9, 0, id="less-than-one"),
        pytest.param(0.3, 10, 3, id="0.3-of-10"),
        pytest.param(0.29, 100, 29, id="0.29-of-100"),
        pytest.param(0.07, 100, 7, id="0.07-of-100"),
        pytest.param(0.57, 100, 57, id="0.57-of-100"),
        pytest.param(0.0, 10, 0, id="none"),
    ],
)
def test_the_canary_bears_its_share_and_not_one_more(rate: float, canary: int, borne: int) -> None:
    watched = guard(rate)
    watched.expect_canary(canary)

    assert stops(watched, [BAD] * (borne + 1)) == [None] * borne + [Reason.CANARY]


def test_a_canary_of_failures_borne_at_rate_one_passes() -> None:
    watched = guard(1.0)
    watched.expect_canary(10)

    assert set(stops(watched, [BAD] * 10)) == {None}


def test_once_the_canary_passed_the_window_alone_decides() -> None:
    watched = guard(0.1)
    watched.expect_canary(10)
    stops(watched, [BAD] + [OK] * 9)
    watched.canary_passed()

    assert stops(watched, [BAD] * 20) == [None] * 19 + [Reason.FAILURE_RATE]


def test_failures_leave_the_window_after_two_hundred_outcomes() -> None:
    assert stops(guard(0.1), [BAD] * 20 + [OK] * 180 + [BAD])[-1] is None


def test_failures_are_in_the_window_until_two_hundred_outcomes_came() -> None:
    assert stops(guard(0.1), [BAD] * 20 + [OK] * 179 + [BAD])[-1] is Reason.FAILURE_RATE


def test_the_window_slides_one_outcome_at_a_time() -> None:
    watched = guard(0.1)
    stops(watched, [BAD] * 20 + [OK] * 180)

    assert set(stops(watched, [BAD] * 20)) == {None}
    assert watched.saw(succeeded=BAD) is Reason.FAILURE_RATE


@pytest.mark.parametrize("borne", [1, 2, 7])
def test_the_number_of_failures_in_all_is_borne_exactly(borne: int) -> None:
    outcomes = ([OK] * 300 + [BAD]) * (borne + 1)

    assert [reason for reason in stops(guard(0.1, max_failures=borne), outcomes) if reason] == [Reason.MAX_FAILURES]


def test_no_number_of_failures_means_no_such_limit() -> None:
    assert set(stops(guard(1.0, max_failures=0), [BAD] * 1000)) == {None}


def test_the_canary_is_named_before_the_number_and_the_number_before_the_rate() -> None:
    watched = guard(0.0, max_failures=1)
    watched.expect_canary(10)
    first, second = stops(watched, [BAD] * 2)
    watched.canary_passed()

    assert (first, second, watched.saw(succeeded=BAD)) == (Reason.CANARY, Reason.CANARY, Reason.MAX_FAILURES)
    assert guard(0.0, max_failures=1).saw(succeeded=BAD) is Reason.FAILURE_RATE


@given(outcomes=st.lists(st.booleans(), max_size=700), permille=st.integers(0, 1000), most=st.integers(0, 50))
def test_every_outcome_is_judged_as_by_counting(outcomes: list[bool], permille: int, most: int) -> None:
    """The rate as thousandths, so that the count here is exact."""
    for count, reason in enumerate(stops(guard(permille / 1000, max_failures=most), outcomes), start=1):
        failed = outcomes[:count].count(BAD)
        window = outcomes[max(0, count - 200) : count].count(BAD)
        if outcomes[count - 1] is OK:
            assert reason is None
        elif most and failed > most:
            assert reason is Reason.MAX_FAILURES
        elif window * 1000 > permille * 200:
            assert reason is Reason.FAILURE_RATE
        else:
            assert reason is None


@given(rows=st.integers(1, 10_000), permille=st.integers(0, 1000))
def test_every_canary_is_judged_as_by_counting(rows: int, permille: int) -> None:
    borne = min(permille * rows // 1000, 300)
    watched = guard(permille / 1000)
    watched.expect_canary(rows)

    assert Reason.CANARY not in stops(watched, [BAD] * borne)
    if borne < 300:
        assert watched.saw(succeeded=BAD) is Reason.CANARY


@pytest.mark.parametrize("rate", [0.0, 0.1, 1.0])
def test_a_success_never_stops_a_run(rate: float) -> None:
    watched = guard(rate, max_failures=1)
    stops(watched, [BAD] * 300)

    assert set(stops(watched, [OK] * 300)) == {None}
