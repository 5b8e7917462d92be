"""The pacer's parts, each by itself."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing import Answer, Learned, LearnedLimit, Pacer, Ticket
from batchreset.core.pacing.ceiling import Ceiling
from batchreset.core.pacing.concurrency import FEW_AT_ONCE, FIRST_AT_ONCE, LEAST_AT_ONCE, Concurrency
from batchreset.core.pacing.episode import Episode, snapped
from batchreset.core.pacing.limit import KINDS_TRIED_AT_MOST, Kind, Limit
from batchreset.core.pacing.outage import FAILURES_IN_A_ROW, WAIT_MOST_SECONDS, Outage
from batchreset.core.pacing.phases import TRANSITIONS, Cue, IllegalCueError, Phase, moved
from batchreset.core.pacing.rate import Rate
from batchreset.core.pacing.sendlog import SendLog
from batchreset.core.pacing.window import Window
from batchreset.core.pacing.wording import Wording


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("cue", Cue)
def test_a_gate_moves_by_its_table_only(phase: Phase, cue: Cue) -> None:
    if (phase, cue) in TRANSITIONS:
        assert moved(phase, cue) is TRANSITIONS[phase, cue]
    else:
        with pytest.raises(IllegalCueError, match=f"{phase.name} knows no {cue.name}"):
            moved(phase, cue)


@given(
    per_second=st.floats(0.01, 500.0),
    waits=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60),
    begins_seconds=st.floats(0.0, 1e6),
)
def test_no_second_anywhere_has_more_sends_than_the_ceiling(
    per_second: float, waits: list[float], begins_seconds: float
) -> None:
    ceiling, now, sent = Ceiling(per_second), begins_seconds, list[float]()
    for wait in waits:
        now = max(now + wait, ceiling.opens_seconds(now + wait))
        ceiling.sent(now)
        sent.append(now)

    for last in sent:
        assert len([one for one in sent if last - 1.0 < one <= last]) <= max(1, math.floor(per_second))


@given(
    gaps=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=200),
    most=st.sampled_from([2, 3, 8]),
    window_seconds=st.sampled_from([1.0, 10.0, 60.0]),
    limit=st.integers(1, 40),
)
def test_a_coarse_log_never_believes_too_few(gaps: list[float], most: int, window_seconds: float, limit: int) -> None:
    log, now, sent = SendLog(most), 0.0, list[float]()
    for gap in gaps:
        now += gap
        log.sent(now)
        sent.append(now)
    opens = log.opens_seconds(now, limit, window_seconds)

    assert opens >= now
    assert len([one for one in sent if one > opens - window_seconds + 1e-9]) <= limit - 1 or opens == now
    assert log.within(now, window_seconds) >= len([one for one in sent if one > now - window_seconds])
    assert len(log._groups) <= most


def test_sends_of_an_hour_ago_are_forgotten() -> None:
    log = SendLog(2)
    for now in (0.0, 1.0, 4000.0, 4001.0):
        log.sent(now)

    assert log.within(4001.0, 10.0) == 2


def climbed(most: int = 64, rows: int = 10_000, answers: int = 2000, latency_seconds: float = 0.25) -> Concurrency:
    level = Concurrency(most, rows)
    for _ in range(answers):
        level.succeeded(latency_seconds, level.at_once)
    return level


def test_concurrency_climbs_while_it_binds_and_no_higher_than_allowed() -> None:
    assert Concurrency(64, 10_000).at_once == FIRST_AT_ONCE
    assert climbed().at_once == 64
    assert climbed(most=3).at_once == 3

    idle = Concurrency(64, 10_000)
    for _ in range(500):
        idle.succeeded(0.25, 0)
    assert idle.at_once == FIRST_AT_ONCE


def test_few_rows_are_not_worth_many_at_once() -> None:
    level = climbed(rows=100)
    assert level.at_once == FEW_AT_ONCE

    level.expect(9_900)
    for _ in range(2000):
        level.succeeded(0.25, level.at_once)
    assert level.at_once == 64


def test_a_service_that_becomes_slow_because_of_us_is_given_less() -> None:
    level = climbed()
    for _ in range(4000):
        level.succeeded(0.25 * max(1.0, level.at_once / 20), level.at_once)

    assert LEAST_AT_ONCE < level.at_once < 40


def test_a_service_that_is_slow_of_itself_is_not_given_ever_less() -> None:
    level = climbed()
    for _ in range(6000):
        level.succeeded(1.0, level.at_once)

    assert level.at_once >= 50


def test_a_single_failure_is_no_reason_but_many_are_and_once_a_second() -> None:
    level = climbed()
    for moment in range(3):
        level.failed(float(moment))
    assert level.at_once == 64

    for _ in range(50):
        level.failed(10.0)
    assert level.at_once == 38

    for moment in range(20, 200):
        level.failed(float(moment))
    assert level.at_once == LEAST_AT_ONCE


def test_in_an_outage_one_goes_at_a_time_ever_more_rarely() -> None:
    outage = Outage(random.Random(1))
    for _ in range(FAILURES_IN_A_ROW - 1):
        outage.failed(0.0)
    assert outage.opens_seconds(0.0, 5) == 0.0

    waits, now = [], 0.0
    for _ in range(20):
        outage.failed(now)
        assert outage.opens_seconds(now, 1) == math.inf
        waits.append(outage.opens_seconds(now, 0) - now)
        now += waits[-1]
    assert 0.4 <= waits[0] <= 0.6
    assert max(waits) <= 1.2 * WAIT_MOST_SECONDS
    assert waits[-1] >= 0.8 * WAIT_MOST_SECONDS

    outage.over()
    assert outage.opens_seconds(now, 5) == now


def test_a_service_that_is_down_for_an_hour_is_asked_a_few_hundred_times() -> None:
    pacer, now, asked = Pacer({"a": 200}, max_concurrency=64, random=random.Random(1)), 0.0, 0
    while now < 3600.0:
        turn = pacer.take(now)
        if isinstance(turn, Ticket):
            asked += 1
            pacer.answer(now, turn, Answer.UNAVAILABLE, latency_seconds=0.1, again=True)
        else:
            now = turn
    assert 300 <= asked <= 600


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


@pytest.mark.parametrize(
    ("least", "most", "window"), [(58.0, 60.4, 60.0), (43.0, 44.0, 44.0), (0.0, 0.01, 0.1), (9.0, 11.0, 10.0)]
)
def test_a_measured_window_is_the_one_that_people_configure(least: float, most: float, window: float) -> None:
    assert snapped(least, most) == window


def episode(
    begin: float, refused: float, told: float, *, accepted: int = 10, prompt: bool = True, before: float = 0.0,
    expected: float = 0.0,
) -> Episode:  # fmt: skip
    return Episode(
        prompt=prompt,
        ended_before_seconds=before,
        expected_seconds=expected,
        begin_seconds=begin,
        refused_at_seconds=refused,
        last_refused_at_seconds=refused,
        told_least_seconds=told,
        told_until_seconds=refused + told,
        reopened_at_seconds=refused + told + 0.2,
        accepted=accepted,
        refused=1,
        tries=1,
    )


def learned_window(wording: Wording) -> Limit:
    limit = Limit()
    limit.learn(episode(0.0, 5.0, 55.0), wording)
    limit.learn(episode(60.0, 65.0, 55.0, expected=120.0), wording)
    assert (limit.kind, limit.count, limit.window_seconds, limit.sure) == (Kind.FIXED, 10, 60.0, True)
    return limit


def test_a_window_that_ends_too_early_slides_and_one_that_is_never_right_is_a_bucket() -> None:
    wording = Wording()
    limit = learned_window(wording)
    limit.learn(episode(120.0, 121.0, 1.0, expected=180.0, accepted=2), wording)
    assert limit.as_known() == ("sliding", 9, 60.0)

    for moment in range(125, 145, 4):
        limit.learn(episode(120.0, float(moment), 1.0, accepted=2), wording)
    assert limit.as_known()[0] == "bucket"
    assert limit.rate.per_second > 0.0

    limit.learn(episode(150.0, 160.0, 290.0, accepted=20), wording)
    assert limit.as_known() == ("window", 20, 300.0)
    assert not limit.sure


def test_a_service_that_contradicts_itself_for_ever_is_taken_for_a_bucket_for_good() -> None:
    wording, limit, now = Wording(), Limit(), 0.0
    for _ in range(40):
        for told in (1.0, 1.0, 1.0, 1.0, 1.0, 400.0):
            limit.learn(episode(now, now + 1.0, told, expected=now + 77.0), wording)
            now += told + 2.0
    assert limit.kind is Kind.BUCKET
    assert limit._kinds_tried <= KINDS_TRIED_AT_MOST + 4


@pytest.mark.parametrize(
    ("end", "aligned", "window"),
    [
        pytest.param(180.0, True, 60.0, id="when-the-clock-says"),
        pytest.param(160.0, False, 60.0, id="after-its-first-request"),
    ],
)
def test_a_window_that_was_begun_late_shows_whether_the_clock_decides(
    end: float, *, aligned: bool, window: float
) -> None:
    wording = Wording()
    limit = learned_window(wording)
    begin = 140.0 if aligned else 100.0
    limit.learn(episode(begin, end - 10.0, 10.0, prompt=False, before=120.0, expected=400.0), wording)

    assert wording.aligned is aligned
    assert limit.window_seconds == window


def test_a_late_window_ends_by_the_clock_when_windows_are_aligned() -> None:
    limit, window = learned_window(Wording()), Window()
    window.ended_before_seconds = 120.0
    window.begin(145.0, 7, limit, prompt=False, aligned=True)
    assert window.ends_seconds == 180.0

    window.begin(145.0, 7, limit, prompt=False, aligned=False)
    assert window.ends_seconds == 205.0


def test_a_sliding_limit_is_tried_a_little_higher_after_quiet_windows_only() -> None:
    wording = Wording()
    limit = learned_window(wording)
    limit.learn(episode(120.0, 121.0, 1.0, expected=180.0, accepted=2), wording)
    count = limit.count

    limit.sliding_raised(130.0)
    assert limit.count == count
    limit.sliding_raised(121.0 + 5 * 60.0)
    assert limit.count == count + 1
    limit.learn(episode(480.0, 500.0, 1.0), wording)
    assert limit.count == count


@pytest.mark.parametrize(
    ("shape", "limit", "window_seconds", "kind"),
    [
        ("window", 10, 60.0, Kind.FIXED),
        ("sliding", 10, 60.0, Kind.FIXED),
        ("bucket", 600, 60.0, Kind.BUCKET),
        ("", 0, 0.0, Kind.UNKNOWN),
        ("window", 0, 60.0, Kind.UNKNOWN),
        ("window", 10, math.nan, Kind.UNKNOWN),
        ("window", 10, 1e9, Kind.UNKNOWN),
    ],
)
def test_a_run_begins_with_what_can_be_believed(shape: str, limit: int, window_seconds: float, kind: Kind) -> None:
    earlier = LearnedLimit(
        scope="partner", shape=shape, limit=limit, window_seconds=window_seconds, refused=0, waited_seconds=0.0
    )
    pacer = Pacer({"a": 1}, max_concurrency=1, random=random.Random(1), start_from=Learned(partner=earlier))

    assert pacer._scopes.partner.limit.kind is kind
    assert isinstance(pacer.take(5e5), Ticket)
