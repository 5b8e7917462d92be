"""The parts of a gate: its phases, what it remembers of what was sent, when its window ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.pacing.gates.phases import TRANSITIONS, Cue, IllegalCueError, Phase, moved
from batchreset.core.pacing.gates.sendlog import SendLog
from batchreset.core.pacing.gates.window import Window
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.shape import Standing


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("cue", Cue)
def test_a_gate_moves_by_its_table_only(phase: Phase, cue: Cue) -> None:
    if (phase, cue) in TRANSITIONS:
        assert moved(phase, cue) is TRANSITIONS[phase, cue]
    else:
        with pytest.raises(IllegalCueError, match=f"{phase.name} knows no {cue.name}"):
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


def test_a_log_counts_no_more_between_two_moments_than_was_sent_then() -> None:
    log = SendLog(8)
    for second in range(100):
        log.sent(float(second))

    assert 0 < log.counted(50.0, 90.0, partly=False) <= 40 <= log.counted(50.0, 90.0, partly=True) + 16
    assert log.counted(50.0, 90.0, partly=False) < log.counted(50.0, 90.0, partly=True)
    assert log.counted(-1.0, 200.0, partly=False) <= 100
    assert log.counted(200.0, 300.0, partly=True) == 0
