"""What episodes of refusals teach of a limit."""

from dataclasses import replace

import pytest

from batchreset.core.pacing.gates.learning import news_of
from batchreset.core.pacing.limits import bucket, sliding
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.episode import Episode, Lately, guessed, snapped
from batchreset.core.pacing.limits.fixed import Fixed, borrowed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.history import NOTHING_SEEN
from batchreset.core.pacing.limits.lessons import SHAPES_TRIED_AT_MOST, Limit, taught
from batchreset.core.pacing.limits.rate import Rate
from batchreset.core.pacing.limits.reading import Reading, alignment_after, read
from batchreset.core.pacing.limits.shape import Known, Open, Standing
from batchreset.core.pacing.limits.sliding import Sliding
from batchreset.core.pacing.limits.span import Span

UNKNOWN = Alignment.UNKNOWN


@pytest.mark.parametrize(
    ("least", "most", "measured", "guess"),
    [
        pytest.param(58.0, 60.4, 60.0, 60.0, id="configured"),
        pytest.param(9.0, 11.0, 10.0, 10.0, id="configured-and-short"),
        pytest.param(43.9, 45.7, 45.0, 60.0, id="whole-seconds"),
        pytest.param(43.2, 43.8, 43.8, 60.0, id="no-whole-second-fits"),
        pytest.param(0.0, 0.01, 0.1, 1.0, id="nothing"),
        pytest.param(6.4, 7.9, 7.0, 10.0, id="the-rest-of-a-longer-one"),
        pytest.param(5000.0, 5002.5, 5002.0, 5002.5, id="longer-than-any"),
    ],
)
def test_a_window_is_what_people_configure_and_a_guess_no_shorter_than_what_was_seen_of_it(
    least: float, most: float, measured: float, guess: float
) -> None:
    assert snapped(Span(least, most)) == measured
    assert guessed(Span(least, most)) == guess


@pytest.mark.parametrize("window", [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600])
def test_these_are_the_windows_that_people_configure(window: int) -> None:
    assert guessed(Span(0.98 * window, 0.99 * window)) == window
    assert snapped(Span(0.98 * window, 0.99 * window)) == window


def episode(  # noqa: PLR0913 - one for each thing that may differ
    begin: float, refused: float, told: float, *, accepted: int = 10, prompt: bool = True, before: float = 0.0,
    expected: float = 0.0, last_begin: float = -1000.0, last_accepted: int = 10, put_off: bool = False,
) -> Episode:  # fmt: skip
    return Episode(
        prompt=prompt,
        ended_before_seconds=before,
        expected_seconds=expected,
        begin_seconds=begin,
        last_begin_seconds=last_begin,
        last_accepted=last_accepted,
        refused_at_seconds=refused,
        last_refused_at_seconds=refused,
        told_least_seconds=told,
        told_end=Span(refused + told - 1.0, refused + told + 1.0),
        put_off=put_off,
        reopened_at_seconds=refused + told + 0.2,
        accepted=accepted,
        refused=1,
        tries=1,
    )


def learned_window() -> Fixed:
    limit = taught(Open(), episode(0.0, 5.0, 55.0), UNKNOWN)
    limit = taught(limit, episode(60.0, 65.0, 55.0, expected=120.0), UNKNOWN)
    assert isinstance(limit, Fixed)
    assert (limit.count, limit.window_seconds, limit.standing) == (10, 60.0, Standing.MEASURED)
    return limit


def learned_sliding() -> Sliding:
    limit = taught(learned_window(), episode(120.0, 121.0, 1.0, expected=180.0, accepted=2), UNKNOWN)
    assert isinstance(limit, Sliding)
    assert limit.history.shapes_tried == 2
    return limit


def test_a_window_that_ends_too_early_slides_and_one_that_is_never_right_is_a_bucket() -> None:
    limit: Limit = learned_sliding()
    assert limit.known == Known(shape="sliding", count=9, window_seconds=60.0)

    for moment in range(125, 149, 4):
        limit = taught(limit, episode(120.0, float(moment), 1.0, accepted=2), UNKNOWN)
    assert isinstance(limit, Bucket)
    assert limit.known is not None
    assert limit.rate.per_second > 0.0


def test_a_wait_that_no_bucket_needs_is_a_window_unless_the_rate_was_measured() -> None:
    long_wait = episode(150.0, 160.0, 290.0, accepted=20)
    unmeasured = taught(Open(), episode(0.0, 5.0, 1.0), UNKNOWN)
    window = taught(unmeasured, long_wait, UNKNOWN)
    assert window.known == Known(shape="window", count=20, window_seconds=300.0)
    assert not window.sure

    assert isinstance(unmeasured, Bucket)
    for request in range(20):
        unmeasured.rate.sent(7.0 + 0.4 * request)
    measured = taught(unmeasured, episode(6.0, 15.0, 1.0, accepted=20), UNKNOWN)
    assert isinstance(measured, Bucket)
    assert measured.known is not None
    assert taught(measured, long_wait, UNKNOWN).known == measured.known


def test_a_wait_far_longer_than_a_window_that_slides_is_another_limits() -> None:
    limit = learned_sliding()
    assert taught(limit, episode(125.0, 130.0, 200.0), UNKNOWN) == limit


def test_a_guess_that_counted_two_windows_is_forgotten_when_one_takes_less() -> None:
    limit = taught(Open(), episode(0.0, 5.0, 55.0, accepted=100), UNKNOWN)
    limit = taught(limit, episode(60.0, 65.0, 55.0, expected=120.0, accepted=60), UNKNOWN)
    assert isinstance(limit, Fixed)
    assert (limit.count, limit.most_seen, limit.history.best) == (60, 60, 60)


def observed(*counts: int) -> Fixed:
    limit = Fixed(count=counts[0], window_seconds=60.0, standing=Standing.MEASURED)
    for count in counts:
        limit = limit.observed(count)
    return limit


def test_two_windows_that_agree_replace_a_limit_unless_it_changed_nearly_every_time() -> None:
    assert observed(150, 600, 600).count == 600

    by_chance = observed(300, 500, 400, 550, 550)
    assert (by_chance.count, by_chance.wild) == (300, True)
    assert not observed(300, 500, 400, 550, 300).steady

    calm_again = observed(300, 500, 400, 600, 600, 600, 600, 600, 600)
    assert (calm_again.count, calm_again.steady) == (600, True)


def test_where_limits_change_more_is_looked_for_than_the_few_windows_took() -> None:
    limit = taught(learned_window(), episode(120.0, 130.0, 50.0, expected=180.0, accepted=30), UNKNOWN)
    assert isinstance(limit, Fixed)
    assert limit.likely_most > limit.most_seen == 30
    assert learned_window().likely_most == 10


def test_ends_are_told_between_two_moments_and_refusals_that_count_put_them_off() -> None:
    told = episode(0.0, 5.0, 55.0)
    assert told.end.holds(60.0)
    assert not told.end.holds(62.0)
    assert not replace(told, last_refused_at_seconds=70.0, reopened_at_seconds=75.0).end.holds(60.0), "it was not true"
    put_off = replace(told, put_off=True, last_refused_at_seconds=70.0, reopened_at_seconds=75.0)
    assert put_off.end.holds(60.0)
    assert replace(told, told_end=None).end == Span(5.0, 60.2)
    assert put_off.end == Span(57.0, 61.0)


@pytest.mark.parametrize(("last_refused", "least"), [(62.0, 61.0), (62.1, 62.1)], ids=["nearly-true", "not-true"])
def test_an_end_that_was_told_is_no_end_when_a_row_more_than_a_second_later_was_still_refused(
    last_refused: float, least: float
) -> None:
    met = replace(episode(0.0, 5.0, 55.0), last_refused_at_seconds=last_refused, reopened_at_seconds=75.0)

    assert met.end.least_seconds == least


@pytest.mark.parametrize(
    ("told", "tries", "end", "short"),
    [(2.0, 3, 99.0, True), (2.1, 3, 6.0, False), (2.0, 4, 7.0, True), (2.0, 4, 7.1, False), (None, 1, 7.0, True)],
)
def test_a_wait_is_short_if_it_was_told_so_or_proved_to_be(
    *, told: float | None, tries: int, end: float, short: bool
) -> None:
    met = replace(episode(0.0, 5.0, 1.0), told_end=None, reopened_at_seconds=end, tries=tries)

    assert replace(met, told_least_seconds=told).short is short


def test_a_service_that_contradicts_itself_for_ever_is_taken_for_a_bucket_for_good() -> None:
    limit: Limit = Open()
    now = 0.0
    for _ in range(40):
        for told in (1.0, 1.0, 1.0, 1.0, 1.0, 400.0):
            limit = taught(limit, episode(now, now + 1.0, told, expected=now + 77.0), UNKNOWN)
            now += told + 2.0
    assert isinstance(limit, Bucket)
    assert limit.history.shapes_tried <= SHAPES_TRIED_AT_MOST + 4


@pytest.mark.parametrize(
    ("begin", "end", "alignment"),
    [
        pytest.param(140.0, 180.0, Alignment.CLOCK, id="when-the-clock-says"),
        pytest.param(100.0, 160.0, Alignment.FIRST_REQUEST, id="after-its-first-request"),
    ],
)
def test_a_window_that_was_begun_late_shows_what_windows_follow(begin: float, end: float, alignment: Alignment) -> None:
    limit = learned_window()
    late = episode(begin, end - 10.0, 10.0, prompt=False, before=120.0, expected=400.0)

    assert alignment_after(limit, late, UNKNOWN) is alignment
    assert taught(limit, late, UNKNOWN).window_seconds == 60.0


def test_a_sliding_limit_is_tried_a_little_higher_after_quiet_windows_only() -> None:
    limit = learned_sliding()
    count = limit.count

    assert limit.raised(130.0) == limit
    raised = limit.raised(121.0 + 5 * 60.0)
    assert raised.count == count + 1
    assert taught(raised, episode(480.0, 500.0, 1.0), UNKNOWN).count == count


BORROWED = borrowed(10, 60.0, history=NOTHING_SEEN, measured=True)


@pytest.mark.parametrize(
    ("before", "met", "after", "standing"),
    [
        pytest.param(Open(), episode(0.0, 5.0, 55.0, accepted=0), Open, Standing.GUESSED, id="others-had-spent-it"),
        pytest.param(Open(), episode(0.0, 5.0, 1.0), Bucket, Standing.GUESSED, id="a-short-wait"),
        pytest.param(Open(), episode(0.0, 5.0, 55.0), Fixed, Standing.GUESSED, id="a-long-wait"),
        pytest.param(BORROWED, episode(0.0, 5.0, 55.0), Fixed, Standing.MEASURED, id="borrowed-and-right"),
        pytest.param(BORROWED, episode(0.0, 5.0, 295.0), Fixed, Standing.GUESSED, id="borrowed-and-wrong"),
        pytest.param(BORROWED, episode(0.0, 5.0, 1.0), Bucket, Standing.GUESSED, id="borrowed-and-no-window"),
    ],
)
def test_what_the_first_refusals_teach(before: Limit, met: Episode, after: type[Limit], standing: Standing) -> None:
    limit = taught(before, met, UNKNOWN)

    assert type(limit) is after
    assert limit.standing is standing


@pytest.mark.parametrize(
    ("met", "reading"),
    [
        pytest.param(episode(120.0, 130.0, 50.0, expected=180.0), Reading.EXPECTED, id="in-time"),
        pytest.param(episode(120.0, 130.0, 1.0, expected=180.0), Reading.TOO_SOON, id="much-too-soon"),
        pytest.param(episode(120.0, 130.0, 20.0, expected=180.0), Reading.ANOTHER_LENGTH, id="shorter"),
        pytest.param(episode(120.0, 130.0, 75.0, expected=180.0), Reading.ANOTHER_LENGTH, id="longer"),
        pytest.param(episode(120.0, 130.0, 90.0, expected=180.0), Reading.ANOTHERS, id="far-longer"),
        pytest.param(
            episode(120.0, 130.0, 90.0, expected=180.0, put_off=True), Reading.ANOTHER_LENGTH, id="longer-by-refusals"
        ),
        pytest.param(
            episode(120.0, 120.5, 1.0, expected=180.0, accepted=1, last_begin=57.0, last_accepted=9),
            Reading.NOT_OVER,
            id="the-last-one-was-longer",
        ),
        pytest.param(
            episode(120.0, 120.5, 1.0, expected=180.0, accepted=1, last_begin=57.0, last_accepted=10),
            Reading.TOO_SOON,
            id="the-last-one-had-taken-all",
        ),
        pytest.param(
            episode(140.0, 170.0, 10.0, expected=400.0, prompt=False, before=120.0), Reading.LATE_BY_CLOCK, id="clock"
        ),
        pytest.param(
            episode(100.0, 150.0, 10.0, expected=400.0, prompt=False, before=120.0),
            Reading.LATE_BY_FIRST_REQUEST,
            id="first-request",
        ),
        pytest.param(
            episode(140.0, 150.0, 17.0, expected=400.0, prompt=False, before=120.0), Reading.LATE, id="nothing-fits"
        ),
    ],
)
def test_how_an_episode_is_read_beside_the_window_that_was_known(met: Episode, reading: Reading) -> None:
    assert read(learned_window(), met) is reading


def test_a_window_that_was_not_over_is_longer() -> None:
    early = episode(120.0, 120.5, 1.0, expected=180.0, accepted=1, last_begin=57.0, last_accepted=9)
    limit = taught(learned_window(), early, UNKNOWN)
    assert limit.known == Known(shape="window", count=10, window_seconds=64.0)


def test_windows_that_agreed_are_not_contradicted_by_one_row_that_came_too_soon() -> None:
    limit: Limit = learned_window()
    limit = taught(limit, episode(120.0, 125.0, 55.0, expected=180.0), UNKNOWN)
    limit = taught(limit, episode(180.0, 181.0, 1.0, expected=240.0, accepted=2), UNKNOWN)
    assert limit.known == Known(shape="window", count=10, window_seconds=60.0)

    limit = taught(limit, episode(190.0, 191.0, 1.0, expected=250.0, accepted=2), UNKNOWN)
    assert isinstance(limit, Sliding)


def test_what_was_borrowed_is_given_up_when_twice_as_much_passed() -> None:
    assert not BORROWED.disproved(20)
    assert BORROWED.disproved(21)
    assert BORROWED.given_up().refuted
    assert not learned_window().disproved(1000)


def test_a_belief_is_never_changed_in_place() -> None:
    before = learned_window()
    copy = learned_window()
    taught(before, episode(120.0, 130.0, 50.0, expected=180.0, accepted=7), UNKNOWN)
    before.window_over(99)
    before.next_window()

    assert before == copy


def test_a_bucket_is_told_when_its_rate_is_first_known_and_when_it_is_another() -> None:
    limit = taught(Open(), episode(0.0, 5.0, 1.0), UNKNOWN)
    assert isinstance(limit, Bucket)
    assert limit.known is None
    assert news_of("c", Open(), limit) is None

    def met(limit: Limit, begin: int, seconds: int) -> Limit:
        assert isinstance(limit, Bucket)
        for second in range(begin, begin + seconds):
            for _ in range(4):
                limit.rate.sent(float(second))
        return taught(limit, episode(float(begin), float(begin + seconds), 1.0), UNKNOWN)

    measured = met(limit, 7, 20)
    assert news_of("c", limit, measured) is not None
    same = met(measured, 28, 50)
    assert news_of("c", measured, same) is None
    assert isinstance(same, Bucket)
    faster = replace(same, rate=Rate(80.0, 20.0))
    assert news_of("c", same, met(faster, 80, 50)) is not None


def test_a_borrowed_bucket_is_not_told_and_one_refused_at_once_is_forgotten() -> None:
    limit = bucket.borrowed(20.0, history=NOTHING_SEEN)
    assert limit.known is None

    refuted = taught(limit, episode(0.0, 3.0, 1.0), UNKNOWN)
    assert isinstance(refuted, Bucket)
    assert refuted.rate.guessed
    assert refuted.rate.per_second < 2.0
    assert refuted.standing is Standing.MEASURED
    later = taught(bucket.borrowed(20.0, history=NOTHING_SEEN), episode(0.0, 10.0, 1.0), UNKNOWN)
    assert isinstance(later, Bucket)
    assert not later.rate.guessed


@pytest.mark.parametrize(
    ("per_second", "count"), [(1 / 3600, 1), (0.02, 1), (0.03, 2), (1.0, 60)], ids=["one-an-hour", "1", "2", "60"]
)
def test_a_bucket_is_told_as_so_many_a_minute_and_no_less_than_one(per_second: float, count: int) -> None:
    assert Bucket(rate=Rate(0.0, per_second)).known == Known(shape="bucket", count=count, window_seconds=60.0)


def test_a_borrowed_sliding_limit_is_verified_then_left_fast_and_told_only_when_it_was_met() -> None:
    limit = sliding.borrowed(100, 60.0, history=NOTHING_SEEN)
    counts = []
    for window in range(4):
        limit = limit.raised(1000.0 + 12.0 * window)
        counts.append(limit.count)
    assert counts == [100, 150, 250, 450]
    assert limit.known is None

    met = taught(limit, replace(episode(1200.0, 1230.0, 1.0), lately=counted(w60=300)), UNKNOWN)
    assert met.known == Known(shape="sliding", count=297, window_seconds=60.0)
    assert isinstance(met, Sliding)
    assert met.strikes == 0


def test_one_in_a_window_that_was_borrowed_is_tried_higher_too() -> None:
    limit = sliding.borrowed(1, 60.0, history=NOTHING_SEEN).raised(0.0)

    assert limit.raised(100.0).count == 2


def counted(**most: int) -> tuple[Lately, ...]:
    return tuple(Lately(window_seconds=float(name[1:]), least=sent, most=sent) for name, sent in most.items())


@pytest.mark.parametrize(("sent", "count"), [(600, 594), (550, 544), (100, 504), (0, 594)])
def test_a_sliding_limit_falls_to_what_was_sent_before_the_refusal_but_not_far_at_once(sent: int, count: int) -> None:
    limit = replace(learned_sliding(), count=600, trusted_count=600)

    assert limit.settled(replace(episode(0.0, 90.0, 1.0), lately=counted(w60=sent))).count == count


@pytest.mark.parametrize(("looks", "window"), [(54.7, 60.0), (60.0, 60.0), (42.0, 42.0), (9e9, 9e9)])
def test_a_window_that_slides_is_the_next_longer_one_that_people_configure(looks: float, window: float) -> None:
    assert sliding.configured_above(looks) == window


@pytest.mark.parametrize(
    ("sent", "accepted", "told", "shape"),
    [
        pytest.param(10, 2, None, Sliding, id="the-window-before-still-counts"),
        pytest.param(10, 10, None, Fixed, id="it-took-what-it-should"),
        pytest.param(5, 2, None, Fixed, id="the-limit-fell"),
        pytest.param(10, 2, 59.0, Fixed, id="a-wait-was-told-for-the-whole-window"),
        pytest.param(10, 2, 20.0, Sliding, id="it-was-over-early"),
        pytest.param(5, 2, 20.0, Fixed, id="it-was-over-early-and-little-was-sent-before"),
    ],
)
def test_a_window_that_took_little_slides_if_with_the_one_before_it_took_as_much_as_ever(
    sent: int, accepted: int, told: float | None, shape: type[Limit]
) -> None:
    met = episode(120.0, 121.0, told or 55.0, expected=180.0, accepted=accepted)
    if told is None:
        met = replace(met, told_least_seconds=None, told_end=None)
    limit = taught(learned_window(), replace(met, lately=counted(w60=sent)), UNKNOWN)

    assert isinstance(limit, shape)
    if shape is Sliding:
        assert (limit.count, limit.window_seconds) == (9, 60.0)


def test_a_borrowed_guess_that_is_refused_with_a_short_wait_is_a_bucket_whatever_window_would_fit() -> None:
    guess = borrowed(10, 5.0, history=NOTHING_SEEN, measured=False)
    measured = borrowed(10, 5.0, history=NOTHING_SEEN, measured=True)
    met = episode(0.0, 4.0, 1.0)

    assert isinstance(taught(guess, met, UNKNOWN), Bucket)
    assert isinstance(taught(measured, met, UNKNOWN), Fixed)


@pytest.mark.parametrize(
    ("told", "tries", "shape"),
    [
        pytest.param(290.0, 1, Fixed, id="told"),
        pytest.param(290.0, 4, Fixed, id="told-and-tried-in-vain"),
        pytest.param(None, 1, Fixed, id="untold-and-waited-once"),
        pytest.param(None, 4, Bucket, id="untold-and-tried-again-and-again"),
    ],
)
def test_a_long_wait_that_we_did_not_make_long_by_trying_is_a_windows(
    told: float | None, tries: int, shape: type[Limit]
) -> None:
    guessed = taught(Open(), episode(0.0, 5.0, 1.0), UNKNOWN)
    met = replace(episode(150.0, 160.0, 290.0, accepted=20), told_least_seconds=told, tries=tries)

    assert isinstance(taught(guessed, met, UNKNOWN), shape)


@pytest.mark.parametrize(("shapes_tried", "doubtful"), [(2, True), (3, False)])
def test_one_that_slides_is_doubted_until_its_mind_was_changed_a_third_time(
    *, shapes_tried: int, doubtful: bool
) -> None:
    limit = learned_sliding()

    assert replace(limit, history=replace(limit.history, shapes_tried=shapes_tried)).doubtful is doubtful


def test_a_sliding_limit_of_a_short_window_is_not_tried_higher_every_second() -> None:
    limit = replace(learned_sliding(), count=20, window_seconds=2.0).settled(episode(120.0, 130.0, 1.0))
    quiet_seconds = limit.quiet_until_seconds - 131.2

    assert quiet_seconds == pytest.approx(40.0)
    raised = limit.raised(180.0)
    assert raised.count > limit.count
    assert raised.raised(183.0) is raised


def test_refusals_one_window_and_more_apart_are_no_strikes_against_a_limit_that_slides() -> None:
    limit = learned_sliding()
    assert (limit.refused_at_seconds, limit.strikes) == (121.0, 0)

    soon = taught(limit, episode(125.0, 180.9, 1.0), UNKNOWN)
    later = taught(soon, episode(185.0, 240.9, 1.0), UNKNOWN)

    assert isinstance(soon, Sliding)
    assert isinstance(later, Sliding)
    assert (soon.strikes, later.strikes) == (1, 0)


def test_a_limit_that_slides_falls_to_one_at_the_least() -> None:
    limit = replace(learned_sliding(), count=1, trusted_count=1)

    assert limit.settled(episode(0.0, 90.0, 1.0)).count == 1
