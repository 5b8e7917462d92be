"""What a run has done so far."""

import random

from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.outcome import Outcome
from batchreset.core.pacing import Learned, Pacer
from batchreset.core.progress import Progress


def test_before_the_first_wave_there_is_no_pace() -> None:
    progress = Progress(planned=10)

    assert (progress.planned, progress.before, progress.done, progress.waves_left) == (10, 0, 0, 0)
    assert progress.pace() is None
    assert progress.learned is None


@given(before=st.integers(0, 100), outcomes=st.lists(st.sampled_from(Outcome), max_size=50))
def test_what_is_done_counts_earlier_sessions_and_every_outcome(before: int, outcomes: list[Outcome]) -> None:
    progress = Progress(planned=200, before=before)
    for outcome in outcomes:
        progress.ended(outcome)

    assert progress.done == before + len(outcomes)
    assert all(progress.outcomes[outcome] == outcomes.count(outcome) for outcome in Outcome)


def test_the_pace_is_that_of_the_wave_under_way_as_it_stands() -> None:
    progress = Progress(planned=10)
    canary, rest = (Pacer({"a": rows}, max_concurrency=4, random=random.Random(1)) for rows in (2, 8))

    progress.wave_begins(canary, waves_left=1)
    assert progress.waves_left == 1
    assert progress.pace() == canary.snapshot()
    assert progress.learned == canary.learned == Learned()

    progress.wave_begins(rest, waves_left=0)
    rest.take(0.0)
    assert progress.waves_left == 0
    assert progress.pace() == rest.snapshot()
