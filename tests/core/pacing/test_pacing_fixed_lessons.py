"""What refusals teach of a fixed window, at the very edge of each decision."""

from dataclasses import replace

import pytest

from batchreset.core.pacing.limits.episode import Episode
from batchreset.core.pacing.limits.fixed import Fixed, lent
from batchreset.core.pacing.limits.fixed_lessons import taught_fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.history import NOTHING_SEEN
from batchreset.core.pacing.limits.reading import Reading, alignment_after, read
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.limits.sliding import Sliding
from batchreset.core.pacing.limits.span import Span

UNKNOWN, CLOCK, FIRST_REQUEST = Alignment.UNKNOWN, Alignment.CLOCK, Alignment.FIRST_REQUEST
MEASURED, GUESSED = Standing.MEASURED, Standing.GUESSED


def ended(
    least: float, most: float, *, begin: float = 0.0, refused: float = 5.0, told: bool = True, wait: float = 30.0
) -> Episode:
    """A window that was begun promptly, took ten, and was expected to last a minute."""
    return Episode(
        prompt=True,
        ended_before_seconds=begin,
        expected_seconds=begin + 60.0,
        begin_seconds=begin,
        last_begin_seconds=-1000.0,
        last_accepted=10,
        refused_at_seconds=refused,
        last_refused_at_seconds=refused if told else least,
        told_least_seconds=wait,
        told_end=Span(least, most) if told else None,
        put_off=False,
        reopened_at_seconds=most,
        accepted=10,
        refused=1,
        tries=1,
    )


def late(least: float, most: float, *, before: float, begin: float, refused: float) -> Episode:
    """One that was begun long after the end of the last one."""
    met = ended(least, most, begin=begin, refused=refused)
    return replace(met, prompt=False, ended_before_seconds=before, expected_seconds=begin + 1000.0)


def window(seconds: float, *counts: int, standing: Standing = MEASURED) -> Fixed:
    counts = counts or (10,)
    limit = Fixed(count=counts[0], window_seconds=seconds, standing=standing)
    for count in counts:
        limit = limit.observed(count)
    return replace(limit, window_seconds=seconds)


def learned(limit: Fixed, met: Episode, alignment: Alignment = UNKNOWN) -> Fixed:
    taught = taught_fixed(limit, met, alignment)
    assert isinstance(taught, Fixed)
    return taught


@pytest.mark.parametrize(
    ("believed", "length", "after"),
    [
        pytest.param(window(60.0), (74.0, 75.0), 60.0, id="stretched-by-its-refusals"),
        pytest.param(window(60.0), (75.5, 76.5), 76.0, id="longer-than-that"),
        pytest.param(window(60.0), (54.2, 54.8), 60.0, id="it-began-a-little-earlier"),
        pytest.param(window(60.0), (53.2, 53.8), 53.8, id="much-shorter"),
        pytest.param(window(60.0), (54.0, 55.0), 54.0, id="shorter-and-in-whole-seconds"),
        pytest.param(window(60.0), (53.5, 54.0), 60.0, id="just-within-a-tenth"),
        pytest.param(window(45.0), (54.0, 55.0), 54.0, id="nobody-configured-what-was-believed"),
        pytest.param(window(60.0, standing=GUESSED), (74.0, 75.0), 74.0, id="only-guessed"),
        pytest.param(window(60.0, standing=GUESSED), (54.2, 54.8), 54.8, id="only-guessed-and-shorter"),
    ],
)
def test_a_window_of_another_length_is_believed_unless_services_are_known_to_do_so(
    believed: Fixed, length: tuple[float, float], after: float
) -> None:
    met = ended(*length)
    assert read(believed, met) is Reading.ANOTHER_LENGTH

    limit = learned(believed, met)

    assert (limit.window_seconds, limit.standing) == (after, MEASURED)


def test_what_a_window_took_that_turned_out_shorter_is_forgotten_and_that_of_a_longer_one_is_not() -> None:
    believed = window(60.0, 30)

    assert learned(believed, replace(ended(40.0, 41.0), accepted=7)).history.counts == (7,)
    assert learned(believed, replace(ended(90.0, 91.0), accepted=7)).history.counts == (30, 7)


@pytest.mark.parametrize(
    ("believed", "met", "after", "standing"),
    [
        pytest.param(
            window(60.0, standing=GUESSED), late(219.5, 220.2, before=100.0, begin=205.0, refused=215.0),
            60.0, MEASURED, id="two-of-what-was-believed",
        ),
        pytest.param(
            window(45.0, standing=GUESSED), late(219.5, 220.2, before=100.0, begin=205.0, refused=215.0),
            60.0, GUESSED, id="two-of-what-people-configure",
        ),
        pytest.param(
            window(30.0, standing=GUESSED), late(219.5, 220.2, before=100.0, begin=205.0, refused=215.0),
            60.0, GUESSED, id="the-longest-that-fits-within-a-minute",
        ),
        pytest.param(
            window(120.0, standing=GUESSED), late(219.5, 220.2, before=100.0, begin=205.0, refused=215.0),
            120.0, MEASURED, id="or-as-long-as-was-believed",
        ),
        pytest.param(
            window(10.0), late(219.5, 220.2, before=100.9, begin=205.0, refused=215.0),
            10.0, MEASURED, id="what-was-known-and-fits-is-kept",
        ),
        pytest.param(
            window(10.0, standing=GUESSED), late(219.5, 220.2, before=100.9, begin=205.0, refused=215.0),
            60.0, GUESSED, id="what-was-guessed-is-not",
        ),
        pytest.param(
            window(60.0, standing=GUESSED), late(219.5, 220.2, before=101.5, begin=205.0, refused=215.0),
            60.0, GUESSED, id="more-than-a-rounding-later-does-not-fit",
        ),
        pytest.param(
            window(60.0, standing=GUESSED), late(219.5, 220.2, before=100.0, begin=138.0, refused=140.0),
            81.0, GUESSED, id="none-fits-and-the-rest-was-longer-than-believed",
        ),
        pytest.param(
            window(60.0, standing=GUESSED), late(219.5, 220.2, before=220.0, begin=205.0, refused=215.0),
            60.0, GUESSED, id="no-window-at-all-lies-between",
        ),
        pytest.param(
            window(30.0, standing=GUESSED), late(159.5, 160.2, before=100.0, begin=98.0, refused=99.5),
            60.0, GUESSED, id="one-of-just-what-is-left",
        ),
    ],
)  # fmt: skip
def test_of_a_window_begun_late_the_longest_that_lies_a_whole_number_of_times_between_two_ends_is_believed(
    believed: Fixed, met: Episode, after: float, standing: Standing
) -> None:
    assert read(believed, met) is Reading.LATE

    limit = learned(believed, met)

    assert (limit.window_seconds, limit.standing) == (after, standing)


@pytest.mark.parametrize(
    ("prompt", "alignment", "accepted", "counts"),
    [
        pytest.param(True, UNKNOWN, 7, (10, 7), id="begun-by-us"),
        pytest.param(False, CLOCK, 7, (10, 7), id="begun-by-the-clock"),
        pytest.param(False, FIRST_REQUEST, 7, (10, 7), id="begun-by-the-first-request"),
        pytest.param(False, UNKNOWN, 7, (10,), id="begun-nobody-knows-when"),
        pytest.param(False, UNKNOWN, 10, (10, 10), id="nobody-knows-when-and-it-took-all"),
    ],
)
def test_what_a_window_took_counts_if_it_is_known_when_it_began_or_if_it_is_no_less(
    *,
    prompt: bool,
    alignment: Alignment,
    accepted: int,
    counts: tuple[int, ...],
) -> None:
    met = replace(ended(59.5, 60.2), prompt=prompt, accepted=accepted)

    assert learned(window(60.0), met, alignment).history.counts == counts


@pytest.mark.parametrize("begin", [100.0, 140.0], ids=["after-its-first-request", "by-the-clock"])
def test_a_window_begun_late_that_took_less_says_nothing_of_the_count(begin: float) -> None:
    end = 160.0 if begin == 100.0 else 180.0
    met = late(end - 0.5, end + 0.2, before=120.0, begin=begin, refused=end - 10.0)

    assert learned(window(60.0), replace(met, accepted=4), CLOCK) == window(60.0)
    assert learned(window(60.0), replace(met, accepted=12), CLOCK).history.counts[-1] == 12


def test_a_guess_that_ended_when_it_should_is_measured() -> None:
    assert learned(window(60.0, standing=GUESSED), ended(59.5, 60.2)).standing is MEASURED


def test_what_others_lent_is_measured_from_the_first_refusal_on_whatever_that_says() -> None:
    believed = lent(10, 60.0, history=NOTHING_SEEN, unprobed_windows=1)
    another = ended(95.0, 96.0)

    assert read(believed, another) is Reading.ANOTHERS
    assert learned(believed, another) == replace(believed, standing=MEASURED)


def test_the_first_contradiction_is_kept_in_mind_and_nothing_else_changes() -> None:
    believed = window(60.0, 10, 10, 10)
    met = ended(40.0, 41.0)
    assert read(believed, met) is Reading.DOUBTED

    doubted = learned(believed, met)

    assert doubted == replace(believed, history=replace(believed.history, doubted=True))
    assert read(doubted, met) is Reading.ANOTHER_LENGTH
    assert read(window(60.0, 10, 10), met) is Reading.ANOTHER_LENGTH, "two that agree are not yet much"
    assert read(lent(10, 60.0, history=NOTHING_SEEN, unprobed_windows=1), met) is Reading.DOUBTED


def test_a_window_that_slides_takes_as_much_as_ever_it_did_in_the_next_longer_one() -> None:
    limit = taught_fixed(window(45.0, 30, 20), ended(6.0, 6.5, wait=1.0), UNKNOWN)

    assert isinstance(limit, Sliding)
    assert limit.window_seconds == 45.0
    assert limit.refused_at_seconds == 5.0
    assert limit.history.shapes_tried == window(45.0, 30, 20).history.shapes_tried + 1
    assert 20 < limit.count <= 30


# How an episode is read.

STEADY = window(60.0, 10, 10)
SHORT_STEADY = window(6.0, 10, 10)


@pytest.mark.parametrize(
    ("believed", "least", "reading"),
    [
        pytest.param(STEADY, 90.1, Reading.ANOTHERS, id="half-a-window-later"),
        pytest.param(STEADY, 90.0, Reading.ANOTHER_LENGTH, id="just-half"),
        pytest.param(window(60.0), 90.1, Reading.ANOTHER_LENGTH, id="not-seen-again"),
        pytest.param(replace(STEADY, standing=GUESSED), 90.1, Reading.ANOTHER_LENGTH, id="guessed"),
        pytest.param(SHORT_STEADY, 64.1, Reading.ANOTHERS, id="of-a-short-one-four-seconds"),
        pytest.param(SHORT_STEADY, 63.9, Reading.ANOTHER_LENGTH, id="less"),
    ],
)
def test_an_end_told_much_later_than_a_well_known_windows_is_another_limits(
    believed: Fixed, least: float, reading: Reading
) -> None:
    assert read(believed, ended(least, least + 1.0)) is reading


@pytest.mark.parametrize(
    "met",
    [
        pytest.param(ended(100.0, 101.0, told=False), id="not-told"),
        pytest.param(replace(ended(102.0, 103.0), put_off=True), id="put-off-by-refusals"),
        pytest.param(replace(ended(100.0, 101.0), tries=2), id="tried-in-vain"),
    ],
)
def test_a_late_end_is_no_other_limits_where_it_was_not_told_or_was_made_late_by_us(met: Episode) -> None:
    assert read(STEADY, met) is Reading.ANOTHER_LENGTH
    assert read(STEADY, ended(100.0, 101.0)) is Reading.ANOTHERS


@pytest.mark.parametrize(
    ("last_begin", "last_accepted", "accepted", "reading"),
    [
        pytest.param(-10.0, 514, 500, Reading.NOT_OVER, id="both-took-as-much-as-one"),
        pytest.param(-10.0, 516, 500, Reading.ANOTHER_LENGTH, id="they-took-more"),
        pytest.param(-18.9, 1, 1, Reading.NOT_OVER, id="lasted-a-quarter-more"),
        pytest.param(-19.0, 1, 1, Reading.ANOTHER_LENGTH, id="lasted-longer"),
        pytest.param(-3.0, 1, 1, Reading.ANOTHER_LENGTH, id="no-longer-than-one"),
    ],
)
def test_with_the_last_one_it_was_one_window_if_both_took_and_lasted_little_more_than_one(
    last_begin: float, last_accepted: int, accepted: int, reading: Reading
) -> None:
    met = replace(
        ended(56.0, 57.0),
        expected_seconds=200.0,
        last_begin_seconds=last_begin,
        last_accepted=last_accepted,
        accepted=accepted,
    )

    assert read(window(60.0, 1000), met) is reading
    assert read(window(60.0, 1000, standing=GUESSED), met) is Reading.ANOTHER_LENGTH


@pytest.mark.parametrize(
    ("wait", "length", "reading"),
    [
        pytest.param(2.0, 50.0, Reading.TOO_SOON, id="a-short-wait"),
        pytest.param(2.1, 50.0, Reading.ANOTHER_LENGTH, id="a-longer-wait"),
        pytest.param(2.0, 60.0, Reading.ANOTHER_LENGTH, id="the-window-was-as-long-as-believed"),
    ],
)
def test_an_end_before_its_time_after_a_short_wait_is_of_a_window_that_slides(
    wait: float, length: float, reading: Reading
) -> None:
    met = replace(ended(length - 1.0, length, wait=wait), expected_seconds=200.0)

    assert read(window(60.0), met) is reading


@pytest.mark.parametrize(
    ("begin", "met_by_clock"),
    [(113.1, True), (112.9, False), (160.9, True), (161.1, False)],
    ids=["a-tenth-later", "less", "a-tenth-earlier", "less-early"],
)
def test_a_begin_tells_what_windows_follow_when_a_tenth_off_the_clocks(begin: float, *, met_by_clock: bool) -> None:
    met = late(166.5, 167.2, before=107.0, begin=begin, refused=163.0)

    assert read(STEADY, met) is Reading.LATE_BY_CLOCK
    assert alignment_after(STEADY, met, UNKNOWN) is (CLOCK if met_by_clock else UNKNOWN)


@pytest.mark.parametrize(
    ("believed", "prompt", "before", "after"),
    [
        pytest.param(STEADY, False, UNKNOWN, FIRST_REQUEST, id="as-measured-from-its-begin"),
        pytest.param(STEADY, False, CLOCK, CLOCK, id="the-clock-was-seen"),
        pytest.param(STEADY, True, UNKNOWN, UNKNOWN, id="it-was-begun-promptly"),
        pytest.param(replace(STEADY, standing=GUESSED), True, UNKNOWN, UNKNOWN, id="guessed"),
        pytest.param(replace(STEADY, standing=Standing.BORROWED), False, UNKNOWN, UNKNOWN, id="borrowed"),
    ],
)
def test_a_window_that_began_late_and_lasted_as_expected_follows_its_first_request(
    *,
    believed: Fixed,
    prompt: bool,
    before: Alignment,
    after: Alignment,
) -> None:
    met = replace(ended(189.5, 190.2, begin=130.0, refused=140.0), prompt=prompt, ended_before_seconds=100.0)

    assert alignment_after(believed, met, before) is after
