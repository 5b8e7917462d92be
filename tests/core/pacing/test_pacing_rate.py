"""The pace at which a bucket is spent."""

import pytest

from batchreset.core.pacing.limits.episode import Episode, Lately
from batchreset.core.pacing.limits.rate import MEASURED_LEAST_SHARE, Rate
from batchreset.core.pacing.limits.span import Span


def refused(at: float, *, reopened: float | None = None, refused: int = 0, lately: tuple[Lately, ...] = ()) -> Episode:
    return Episode(
        prompt=True,
        ended_before_seconds=0.0,
        expected_seconds=0.0,
        begin_seconds=0.0,
        last_begin_seconds=-1000.0,
        last_accepted=1,
        refused_at_seconds=at,
        last_refused_at_seconds=at,
        told_least_seconds=1.0,
        told_end=Span(at, at + 2.0),
        put_off=False,
        reopened_at_seconds=at if reopened is None else reopened,
        accepted=1,
        refused=refused,
        tries=1,
        lately=lately,
    )


def spend(rate: Rate, begin: float, count: int, spacing: float) -> None:
    for step in range(count):
        rate.sent(begin + step * spacing)


def test_a_rate_is_what_came_in_between_two_empty_moments() -> None:
    rate = Rate(10.0, 4.0, taken=5, guessed=True)
    spend(rate, 11.0, 95, 0.1)
    rate.refused(refused(20.5))
    assert rate.per_second == pytest.approx(100 / 10.5)
    assert not rate.guessed

    spend(rate, 20.5, 20, 0.0)
    rate.refused(refused(20.5))
    assert rate.per_second == pytest.approx(100 / 10.5), "no time has passed"


def test_what_is_only_guessed_doubles_and_what_was_measured_is_kept_for_a_while() -> None:
    guessed = Rate(0.0, 10.0, guessed=True)
    assert guessed.now_per_second(0.0) == 10.0
    assert guessed.now_per_second(16.0) == pytest.approx(40.0)
    assert guessed.now_per_second(1e9) < float("inf")

    measured = Rate(0.0, 10.0)
    assert 9.0 < measured.now_per_second(0.0) < measured.now_per_second(5.0) < 10.0
    assert measured.now_per_second(25.0) > 40.0, "nothing is refused: it is left quickly"


def test_a_rate_that_was_measured_for_long_is_looked_beyond_later() -> None:
    brief, long = (Rate(0.0, 10.0) for _ in range(2))
    spend(brief, 0.0, 30, 0.1)
    brief.refused(refused(3.0))
    spend(long, 0.0, 1000, 0.1)
    long.refused(refused(100.0))

    assert brief.now_per_second(60.0) > 20.0
    assert long.now_per_second(157.0) < 10.0


def test_one_measurement_does_not_lower_a_rate_further_than_to_its_half() -> None:
    rate = Rate(0.0, 20.0)
    spend(rate, 0.0, 4, 1.0)
    rate.refused(refused(4.0))

    assert rate.per_second == MEASURED_LEAST_SHARE * 20.0


def test_what_passed_lately_shows_what_came_in_as_the_first_refusal_shows_the_most_a_bucket_holds() -> None:
    rate = Rate(0.0, 1.2, first=(12, 2.0))
    spend(rate, 0.0, 100, 1.0)
    rate.refused(
        refused(
            100.0,
            lately=(Lately(window_seconds=30.0, least=49, most=50), Lately(window_seconds=200.0, least=900, most=900)),
        )
    )

    assert rate.per_second == pytest.approx(1.3)


def test_a_slow_rate_is_never_caught_up_with_as_its_bucket_may_hold_one() -> None:
    rate = Rate(0.0, 1.0)
    rate.sent(0.0)
    late = rate.opens_seconds() + 0.2
    rate.sent(late)

    assert rate.opens_seconds() >= late + 1.0


def test_a_rate_of_an_earlier_run_counts_from_the_first_request() -> None:
    rate = Rate(None, 10.0)
    rate.sent(1e6)

    assert 9.0 < rate.now_per_second(1e6) < 10.0


def test_of_a_long_wait_little_is_counted_as_the_bucket_was_full_for_most_of_it() -> None:
    rate = Rate(0.0, 10.0, opened_at_seconds=3600.0, guessed=True)
    assert rate.now_per_second(3600.0) == 10.0, "it does not double while nothing is sent"

    spend(rate, 3600.0, 200, 0.05)
    rate.refused(refused(3610.0))
    assert rate.per_second == pytest.approx(200 / 40)


@pytest.mark.parametrize(
    ("per_second", "open_seconds", "reached_seconds"),
    [
        pytest.param(10.0, 4.0, 5.0, id="at-least-five-seconds"),
        pytest.param(10.0, 30.0, 15.0, id="half-the-time-it-was-measured-in"),
        pytest.param(10.0, 900.0, 60.0, id="at-most-a-minute"),
        pytest.param(0.5, 900.0, 200.0, id="or-a-hundred-requests"),
    ],
)
def test_what_was_measured_is_reached_again_after_a_while(
    per_second: float, open_seconds: float, reached_seconds: float
) -> None:
    """Another rate than before was found: 50 % more."""
    rate = Rate(100.0, per_second / 1.5, taken=0)
    spend(rate, 100.0, round(per_second * open_seconds), 1.0 / per_second)
    rate.refused(refused(100.0 + open_seconds))
    assert rate.per_second == pytest.approx(per_second)

    now = rate.now_per_second(100.0 + open_seconds + reached_seconds)

    assert now == pytest.approx(0.98 * per_second)
    assert rate.now_per_second(100.0 + open_seconds) == pytest.approx(0.98 * 0.93 * per_second)


def test_a_bucket_holds_one_at_the_least_however_little_passed_before_the_first_refusal() -> None:
    """20 sent in 10 s of the 30 s that it was open: 19 of them came in, as one it may have held."""
    rate = Rate(100.0, 0.1, first=(1, 50.0), guessed=True)
    rate.refused(refused(130.0, lately=(Lately(window_seconds=10.0, least=20, most=20),)))

    assert rate.per_second == pytest.approx(1.9)
