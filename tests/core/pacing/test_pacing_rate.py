"""The pace at which a bucket is spent."""

import pytest

from batchreset.core.pacing.limits.rate import Rate


def test_a_rate_is_what_came_in_between_two_empty_moments() -> None:
    rate = Rate(10.0, taken=5)
    assert rate.opens_seconds(11.0) == 11.0
    for step in range(95):
        rate.sent(11.0 + step / 10)
    rate.refused(20.0, 0)
    assert rate.per_second == pytest.approx(9.8)

    for _ in range(4):
        rate.sent(20.0)
    assert rate.opens_seconds(20.0) > 20.0
    rate.refused(20.0, 0)
    assert rate.per_second == pytest.approx(9.8), "no time has passed"


def test_a_rate_grows_beyond_what_was_measured_and_is_not_halved_twice_by_one_refusal() -> None:
    rate = Rate(0.0, 10.0)

    assert rate.now_per_second(0.0) == pytest.approx(9.3)
    assert rate.now_per_second(40.0) == pytest.approx(10.0)
    assert rate.now_per_second(240.0) > 50.0
    rate.refused(100.0, 0)
    assert rate.per_second == pytest.approx(4.9)


def test_a_rate_of_an_earlier_run_counts_from_the_first_request() -> None:
    rate = Rate(None, 10.0)
    rate.sent(1e6)

    assert rate.now_per_second(1e6) == pytest.approx(9.3)
