"""What is counted in the window under way, when it ends, and what a series of refusals teaches."""

import math

import pytest

from batchreset.core.pacing.gates.refusals import Refusal, Refusals, Series
from batchreset.core.pacing.gates.traffic import Traffic
from batchreset.core.pacing.gates.window import Window
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.shape import Open, Standing
from batchreset.core.pacing.limits.span import Span

MEASURED = Fixed(count=10, window_seconds=60.0, standing=Standing.MEASURED)
GUESSED = Fixed(count=10, window_seconds=60.0)


def begun(at_seconds: float = 100.0, number: int = 7, *, sent: int = 0, beyond: int = 0) -> Window:
    window = Window()
    window.begin(at_seconds, number, MEASURED, Alignment.UNKNOWN, prompt=True)
    for ordinal in range(sent + beyond):
        window.sent_one(number + ordinal, beyond=ordinal >= sent)
    return window


def test_a_window_that_begins_counts_anew_and_remembers_what_the_last_one_took() -> None:
    window = begun(sent=3, beyond=2)
    window.refused = 1
    window.begin(170.0, 20, MEASURED, Alignment.UNKNOWN, prompt=False)

    assert (window.first_number, window.sent, window.refused) == (20, 0, 0)
    assert (window.over_first, window.over_in_flight) == (0, 0)
    assert (window.last_begin_seconds, window.begin_seconds, window.ends_seconds) == (100.0, 170.0, 230.0)
    assert (window.last_accepted, window.prompt) == (4, False)


def test_what_goes_beyond_the_limit_is_awaited_by_its_numbers() -> None:
    window = begun(number=7, sent=3, beyond=2)
    assert (window.over_first, window.over_in_flight) == (10, 2)

    left = []
    for number in (9, 10, 11, 12):
        window.returned(number)
        left.append(window.over_in_flight)
    assert left == [2, 1, 0, 0]


@pytest.mark.parametrize(
    ("number", "limit", "at_seconds", "prompt"),
    [
        pytest.param(1, GUESSED, 500.0, True, id="the-very-first"),
        pytest.param(2, GUESSED, 160.0, False, id="nothing-measured"),
        pytest.param(2, MEASURED, 162.0, True, id="two-seconds-late"),
        pytest.param(2, MEASURED, 162.1, False, id="later"),
    ],
)
def test_a_window_that_begins_in_passing_is_prompt_where_it_cannot_have_begun_before(
    number: int, limit: Fixed, at_seconds: float, *, prompt: bool
) -> None:
    window = Window()
    window.ended_before_seconds = 160.0
    window.begin_in_passing(at_seconds, number, limit, Alignment.UNKNOWN)

    assert (window.prompt, window.begin_seconds, window.first_number) == (prompt, at_seconds, number)


@pytest.mark.parametrize(
    ("limit", "exact", "ended_before"), [(MEASURED, True, 160.0), (MEASURED, False, 0.0), (GUESSED, True, 0.0)]
)
def test_a_window_that_ran_out_by_itself_waits_for_its_first_request(
    limit: Fixed, ended_before: float, *, exact: bool
) -> None:
    window = begun(sent=4)
    window.roll(165.0, limit, exact=exact)

    assert (window.ended_before_seconds, window.ends_seconds) == (ended_before, 225.0)
    assert (window.first_number, window.sent, window.last_accepted) == (0, 0, 4)


@pytest.mark.parametrize(
    ("alignment", "limit", "prompt", "ends"),
    [
        pytest.param(Alignment.CLOCK, MEASURED, False, 180.0, id="by-the-clock"),
        pytest.param(Alignment.CLOCK, MEASURED, True, 205.0, id="prompt"),
        pytest.param(Alignment.CLOCK, GUESSED, False, 205.0, id="not-measured"),
        pytest.param(Alignment.UNKNOWN, MEASURED, False, 205.0, id="not-known"),
        pytest.param(Alignment.CLOCK, Open(), False, 145.0, id="no-limit"),
    ],
)
def test_only_a_late_window_that_is_aligned_for_sure_ends_by_the_clock(
    alignment: Alignment, limit: Fixed | Open, ends: float, *, prompt: bool
) -> None:
    window = Window()
    window.ended_before_seconds = 120.0
    window.begin(145.0, 7, limit, alignment, prompt=prompt)

    assert window.ends_seconds == ends


def test_surely_accepted_is_what_was_neither_refused_nor_is_under_way() -> None:
    traffic = Traffic(8)
    for number in range(1, 6):
        traffic.window.sent_one(number, beyond=False)
        traffic.sent_one(10.0 * number)
    traffic.window.refused = 1
    traffic.returned(1)
    traffic.returned(2)

    assert (traffic.in_flight, traffic.accepted, traffic.last_sent_seconds) == (3, 1, 50.0)
    traffic.window.refused = 4
    assert traffic.accepted == 0


def refused(sent_at_seconds: float, told_seconds: float | None = None) -> Refusal:
    return Refusal(
        number=1,
        at_seconds=sent_at_seconds + 0.5,
        sent_at_seconds=sent_at_seconds,
        retry_after_seconds=told_seconds,
    )


def test_a_series_counts_what_was_tried_in_vain_and_lasts_from_the_first_to_the_last_that_was_sent() -> None:
    series = Refusals()
    series.begin(refused(10.0), Series.BURST)
    series.one_more(refused(9.0))
    series.one_more(refused(9.5))
    assert (series.tries, series.first_at_seconds, series.last_at_seconds) == (1, 9.0, 10.0)
    series.tried_in_vain(refused(70.0))
    assert (series.tries, series.first_at_seconds, series.last_at_seconds) == (2, 9.0, 70.0)

    series.note(refused(70.0, 30.0))
    series.end()
    assert (series.tries, series.learns, series.told_until_seconds, series.first_end) == (0, False, None, None)


@pytest.mark.parametrize(
    ("begins", "over_seconds", "teaches"),
    [
        (Series.BURST, 0.1, True),
        (Series.OWN_WAIT, 3600.0, True),
        (Series.OWN_WAIT, 0.1, False),
        (Series.UNTAUGHT, 3600.0, False),
    ],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_a_series_teaches_unless_it_says_nothing_of_the_limit(
    begins: Series, over_seconds: float, *, teaches: bool
) -> None:
    series = Refusals()
    assert not series.teach(3600.0)
    series.begin(refused(100.0), begins)

    assert series.teach(100.0 + over_seconds) is teaches


def test_the_end_that_is_likeliest_is_that_of_the_answer() -> None:
    series = Refusals()
    series.begin(refused(100.0), Series.BURST)
    series.note(refused(100.0, 30.0))

    assert (series.told_until_seconds, series.told_least_seconds) == (130.5, 30.0)
    series.note(refused(101.0, 29.0))
    assert (series.told_end, series.told_least_seconds) == (Span(129.0, 131.5), 29.0)
    series.tried_in_vain(refused(131.0, 2.0))
    series.note(refused(131.0, 2.0))
    assert series.told_least_seconds == 29.0


def test_nothing_was_sent_before_the_first() -> None:
    traffic = Traffic(8)
    assert traffic.last_sent_seconds == traffic.window.begin_seconds == traffic.window.ends_seconds == -math.inf
    assert (traffic.window.last_accepted, traffic.window.prompt, traffic.accepted) == (0, True, 0)
