"""The parts of a gate: its phases, what it remembers of what was sent, when its window ends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing.gates import spending
from batchreset.core.pacing.gates.door import Cause, Door
from batchreset.core.pacing.gates.phases import TRANSITIONS, Cue, Phase, moved
from batchreset.core.pacing.gates.refusals import Refusal, Refusals, Series
from batchreset.core.pacing.gates.sendlog import SendLog
from batchreset.core.pacing.gates.traffic import Traffic
from batchreset.core.pacing.gates.window import Window
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.shape import Standing
from batchreset.core.pacing.limits.span import Span
from batchreset.core.transitions import IllegalMoveError


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("cue", Cue)
def test_a_gate_moves_by_its_table_only(phase: Phase, cue: Cue) -> None:
    if (phase, cue) in TRANSITIONS:
        assert moved(phase, cue) is TRANSITIONS[phase, cue]
    else:
        with pytest.raises(IllegalMoveError, match=f"{phase.name} knows no {cue.name}"):
            moved(phase, cue)


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


def test_a_late_window_ends_by_the_clock_when_windows_are_aligned() -> None:
    limit, window = Fixed(count=10, window_seconds=60.0, standing=Standing.MEASURED), Window()
    window.ended_before_seconds = 120.0
    window.begin(145.0, 7, limit, Alignment.CLOCK, prompt=False)
    assert window.ends_seconds == 180.0

    window.begin(145.0, 7, limit, Alignment.FIRST_REQUEST, prompt=False)
    assert window.ends_seconds == 205.0


def told(sent_at_seconds: float, at_seconds: float, retry_after_seconds: float) -> Refusal:
    return Refusal(
        number=1, at_seconds=at_seconds, sent_at_seconds=sent_at_seconds, retry_after_seconds=retry_after_seconds
    )


def series(*refusals: Refusal) -> Refusals:
    series = Refusals()
    series.begin(refusals[0], Series.BURST)
    for refusal in refusals:
        series.note(refusal)
    return series


def test_an_end_is_told_between_two_moments_also_by_an_answer_that_was_long_under_way() -> None:
    slow = series(told(10.0, 19.0, 45.0))
    assert slow.told_end == Span(54.0, 65.0)

    both = series(told(10.0, 19.0, 45.0), told(10.0, 10.2, 50.0))
    assert both.told_end == Span(59.0, 61.2)
    assert not both.put_off


def test_ends_that_move_away_are_put_off_unless_a_constant_is_told() -> None:
    moving = series(told(10.0, 10.2, 50.0), told(12.0, 12.2, 53.0))
    assert moving.put_off
    assert moving.first_end == Span(59.0, 61.2)

    constant = series(told(10.0, 10.2, 30.0), told(14.0, 14.2, 30.0))
    assert not constant.put_off
    assert constant.told_end == Span(39.0, 41.2)
    overtaken = series(told(14.0, 14.2, 30.0), told(10.0, 10.2, 30.0))
    assert not overtaken.put_off
    assert overtaken.told_end == Span(39.0, 41.2)
    assert series(told(14.0, 14.2, 30.0), told(10.0, 10.2, 29.0)).put_off


def test_the_first_row_beyond_a_well_known_limit_waits_for_those_under_way() -> None:
    limit = Fixed(count=10, window_seconds=60.0, standing=Standing.MEASURED).observed(10).observed(10)
    traffic = Traffic(8)
    for _ in range(10):
        traffic.sent_one(0.0)
        traffic.window.sent_one(1, beyond=False)
    assert spending.in_window(1.0, limit, traffic, spurts=False) == math.inf

    traffic.in_flight = 0
    assert spending.in_window(1.0, limit, traffic, spurts=False) == 1.0


def test_a_guess_is_spent_by_a_few_at_once_and_faster_when_nothing_is_left_behind() -> None:
    limit, traffic = Fixed(count=10, window_seconds=60.0), Traffic(8)
    traffic.window.begin(0.0, 1, limit, Alignment.UNKNOWN, prompt=True)
    traffic.in_flight = spending.GUESSED_AT_ONCE
    assert spending.in_window(1.0, limit, traffic, spurts=False) == math.inf
    assert spending.in_window(1.0, limit, traffic, spurts=True) == 1.0


def spacing_seconds(*counts: int) -> float:
    """After the first send of a window, where the last ones took so many."""
    limit = Fixed(count=counts[0], window_seconds=60.0, standing=Standing.MEASURED)
    for count in counts:
        limit = limit.observed(count)
    traffic = Traffic(8)
    traffic.sent_one(100.0)
    traffic.window.sent_one(1, beyond=False)
    opens = spending.in_window(100.0, limit, traffic, spurts=False)
    assert opens is not None
    return (opens - 100.0) * limit.count / 60.0


def test_a_limit_is_spent_so_that_one_that_fell_costs_little_and_its_least_fast_where_it_changes_at_random() -> None:
    assert spacing_seconds(600, 600) == pytest.approx(spending.SPEND_SHARE)
    assert spacing_seconds(600) == pytest.approx(spending.SPEND_SHARE_UNSTEADY)
    assert spacing_seconds(300, 500, 400, 600) == pytest.approx(spending.SPEND_SHARE_WILD)


def test_a_log_counts_no_more_between_two_moments_than_was_sent_then() -> None:
    log = SendLog(8)
    for second in range(100):
        log.sent(float(second))

    assert 0 < log.counted(50.0, 90.0, partly=False) <= 40 <= log.counted(50.0, 90.0, partly=True) + 16
    assert log.counted(50.0, 90.0, partly=False) < log.counted(50.0, 90.0, partly=True)
    assert log.counted(-1.0, 200.0, partly=False) <= 100
    assert log.counted(200.0, 300.0, partly=True) == 0


@pytest.mark.parametrize(("cause", "paused"), [(Cause.REFUSED, True), (Cause.SPENT, False)])
def test_while_one_row_sees_a_refused_gate_is_paused_and_one_that_waited_of_itself_is_not(
    cause: Cause, *, paused: bool
) -> None:
    door = Door()
    seen = [door.paused]
    door.close(0.0, 60.0, cause)
    seen.append(door.paused)
    door.sent_to_see(60.0, 7)
    seen.append(door.paused)

    assert seen == [False, True, paused]
    assert math.isinf(door.opens_seconds()) is paused


def test_a_door_that_waits_on_after_lost_rows_was_closed_no_longer_than_it_was() -> None:
    """Each wait is told from its beginning; in all it is counted once."""
    door = Door()
    door.close(0.0, 10.0, Cause.REFUSED)
    told = []
    for number, at_seconds in enumerate((10.0, 12.0, 15.0), start=1):
        door.sent_to_see(at_seconds, number)
        told.append(door.last_wait_seconds)
        door.lost(at_seconds, number)
    assert told == [10.0, 12.0, 15.0]
    assert door.waited_seconds == 15.0


def test_a_door_tells_as_news_that_it_closes_and_that_it_does_for_another_cause() -> None:
    door = Door()

    assert [door.close(1.0, 60.0, cause) for cause in (Cause.SPENT, Cause.SPENT, Cause.REFUSED, Cause.REFUSED)] == [
        True, False, True, False,
    ]  # fmt: skip


def test_a_closed_door_is_put_off_and_never_brought_forward_until_it_closes_anew() -> None:
    door = Door()
    door.close(1.0, 60.0, Cause.REFUSED)
    door.close(2.0, 30.0, Cause.REFUSED)
    assert (door.opens_seconds(), door.due_seconds) == (60.0, 60.0)
    door.close(3.0, 90.0, Cause.REFUSED)
    assert (door.opens_seconds(), door.due_seconds) == (90.0, 90.0)

    door.sent_to_see(92.0, 7)
    assert (door.last_wait_seconds, door.waited_seconds, door.trying_late_seconds) == (91.0, 91.0, 2.0)
    door.passed()
    door.close(100.0, 110.0, Cause.REFUSED)
    door.sent_to_see(110.5, 9)

    assert (door.last_wait_seconds, door.waited_seconds, door.trying_late_seconds) == (10.5, 101.5, 0.5)
    assert door.trying_sent == 1


def test_a_door_that_closed_again_while_a_row_sees_waits_for_that_row_too() -> None:
    door = Door()
    door.close(0.0, 60.0, Cause.REFUSED)
    door.sent_to_see(60.0, 7)
    door.close(60.5, 120.0, Cause.REFUSED)
    assert door.opens_seconds() == math.inf
    door.returned(6)
    assert door.opens_seconds() == math.inf
    door.returned(7)
    assert door.opens_seconds() == 120.0


def test_after_a_wait_of_its_own_another_row_follows_when_the_first_is_not_heard_of() -> None:
    door = Door()
    door.close(0.0, 60.0, Cause.SPENT)
    door.sent_to_see(60.0, 7)
    assert door.opens_seconds() == 61.0
    door.sent_to_see(61.0, 8)
    assert (door.opens_seconds(), door.trying_sent, door.waited_seconds) == (62.0, 2, 60.0)

    assert [door.tries(number) for number in (6, 7, 8)] == [False, True, True]
    door.passed()
    assert (door.opened_number, door.tries(7)) == (7, False)


def test_a_row_that_is_lost_while_it_sees_is_followed_at_once_by_another() -> None:
    door = Door()
    door.close(0.0, 60.0, Cause.REFUSED)
    door.sent_to_see(60.0, 7)
    door.lost(70.0, 6)
    assert door.opens_seconds() == math.inf
    door.returned(7)
    door.lost(70.0, 7)
    assert (door.opens_seconds(), door.due_seconds) == (70.0, 60.0)


def test_a_door_that_opened_does_not_wait_for_others_that_went_to_see() -> None:
    door = Door()
    door.close(0.0, 60.0, Cause.SPENT)
    for number in (7, 8):
        door.sent_to_see(60.0 + number, number)
    door.returned(7)
    door.passed()
    door.close(70.0, 120.0, Cause.REFUSED)

    assert door.opens_seconds() == 120.0


def test_a_gate_that_nothing_passed_is_open_and_knows_of_no_wait_no_window_and_no_refusal() -> None:
    door, window, refusals = Door(), Window(), Refusals()

    assert (door.phase, door.cause, door.opened_number, door.until_seconds) == (Phase.OPEN, Cause.SPENT, 0, -math.inf)
    assert (door.waited_seconds, door.last_wait_seconds, door.due_seconds) == (0.0, 0.0, 0.0)
    assert (door.trying_sent, door.trying_late_seconds) == (0, 0.0)
    assert (window.begin_seconds, window.last_begin_seconds, window.ends_seconds) == (-math.inf,) * 3
    assert (window.first_number, window.sent, window.refused, window.last_accepted) == (0, 0, 0, 0)
    assert (window.over_first, window.over_in_flight, window.ended_before_seconds, window.prompt) == (0, 0, 0.0, True)
    assert (refusals.tries, refusals.series, refusals.learns, refusals.put_off) == (0, Series.NONE, False, False)
    assert (refusals.told_end, refusals.first_end, refusals.told_least_seconds) == (None, None, None)
    assert (refusals.first_at_seconds, refusals.last_at_seconds) == (0.0, 0.0)
