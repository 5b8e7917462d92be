"""What a run has done so far."""

import datetime as dt
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.figures import Cause, Pace, Phase, Waiting, Wave
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import Learned, Outlook, Pacer, PaceSnapshot, Pause
from batchreset.core.progress import Progress, waiting
from batchreset.core.senders import SenderFigures, SenderState

NOW = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)


def pacer(rows: int = 10) -> Pacer:
    return Pacer({"a": rows}, max_concurrency=4, random=random.Random(1))


def pace_of(progress: Progress, now_seconds: float = 0.0) -> Pace:
    pace = progress.figures(now_seconds, NOW).pace
    assert pace is not None
    return pace


def test_before_the_first_wave_there_is_no_pace() -> None:
    progress = Progress(planned=10)

    assert (progress.planned, progress.done, progress.pace(), progress.learned) == (10, 0, None, None)
    assert pace_of(progress) == Pace(phase=Phase.SIGN_IN)


@given(
    earlier=st.dictionaries(st.sampled_from(Outcome), st.integers(0, 100)),
    outcomes=st.lists(st.sampled_from(Outcome), max_size=50),
)
def test_what_is_done_counts_earlier_sessions_and_every_outcome(
    earlier: dict[Outcome, int], outcomes: list[Outcome]
) -> None:
    progress = Progress(planned=2000, earlier=earlier)
    for outcome in outcomes:
        progress.ended(outcome)

    assert progress.done == sum(earlier.values()) + len(outcomes)
    told = progress.figures(0.0, NOW).outcomes
    assert all(told.get(one, 0) == earlier.get(one, 0) + outcomes.count(one) for one in Outcome)


def test_the_pace_is_that_of_the_pacer_as_it_stands() -> None:
    progress, paced = Progress(planned=10, refused_before=7), pacer()
    progress.begins(paced, waves=[10])
    progress.wave_begins()
    assert progress.pace() == paced.snapshot()
    assert progress.learned == paced.learned == Learned()

    paced.take(0.0)
    assert (pace_of(progress).in_flight, pace_of(progress).refused) == (1, 7)


def test_a_wave_tells_how_many_of_its_rows_are_done() -> None:
    progress = Progress(planned=20, earlier={Outcome.SUCCEEDED: 3})
    progress.begins(pacer(), waves=[2, 15])
    progress.wave_begins()
    progress.ended(Outcome.SUCCEEDED)
    assert pace_of(progress).wave == Wave(number=1, of=2, done=1, rows=2)

    progress.ended(Outcome.FAILED)
    progress.wave_begins()
    progress.ended(Outcome.SUCCEEDED)
    assert pace_of(progress).wave == Wave(number=2, of=2, done=1, rows=15)


class Asked(Pacer):
    """Takes down of how many rows to come it is told."""

    rows_to_come = -1

    def outlook(self, now_seconds: float, *, rows_to_come: int) -> Outlook:
        self.rows_to_come = rows_to_come
        return super().outlook(now_seconds, rows_to_come=rows_to_come)


def test_the_time_left_counts_the_rows_of_waves_to_come() -> None:
    progress, paced = Progress(planned=20), Asked({"a": 2}, max_concurrency=4, random=random.Random(1))
    progress.begins(paced, waves=[2, 18])
    asked = []
    for _ in range(2):
        progress.wave_begins()
        pace_of(progress)
        asked.append(paced.rows_to_come)
    assert asked == [18, 0]


def test_phases_follow_one_another() -> None:
    progress = Progress(planned=1)
    phases = [pace_of(progress).phase]
    progress.begins(pacer(), waves=[1])
    phases.append(pace_of(progress).phase)
    progress.stops(40.0)
    stopping = pace_of(progress, 15.5)
    phases.append(stopping.phase)
    progress.ended(Outcome.SUCCEEDED)
    phases.append(pace_of(progress).phase)

    assert phases == [Phase.SIGN_IN, Phase.SENDING, Phase.STOPPING, Phase.ENDING]
    assert (stopping.stopping_seconds, stopping.left) == (24.5, None)
    assert pace_of(progress, 41.0).stopping_seconds == 0.0


def test_a_run_that_ended_early_is_ending_too() -> None:
    """A request that was broken off never came back; the ledger tells what became of its row."""
    progress, paced = Progress(planned=5, earlier={Outcome.SUCCEEDED: 1}), pacer()
    progress.begins(paced, waves=[4])
    progress.wave_begins()
    paced.take(0.0)
    progress.stops(30.0)
    progress.ending = True
    progress.concluded = {Outcome.SUCCEEDED: 1, Outcome.IN_DOUBT: 1, Outcome.NOT_ATTEMPTED: 3}
    assert (pace_of(progress).phase, pace_of(progress).in_flight) == (Phase.ENDING, 0)
    assert progress.figures(0.0, NOW).done == 2


def test_a_process_that_was_stopped_for_a_while_goes_as_fast_as_before() -> None:
    """Ten rows a second for twenty seconds, two minutes of nothing, and twenty seconds more: half of them are done."""
    progress = Progress(planned=800)
    progress.begins(pacer(), waves=[800])
    progress.wave_begins()
    for second in [*range(20), *range(140, 160)]:
        pace = pace_of(progress, float(second))
        progress.outcomes[Outcome.SUCCEEDED] += 10
    assert pace.per_second == pytest.approx(10.0, rel=0.1)
    assert pace.left is not None
    assert pace.left.seconds == pytest.approx(41.0, rel=0.1)


def snapshot(*pauses: Pause, outage: float | None = None) -> PaceSnapshot:
    whole = PaceSnapshot(concurrency=4, in_flight=1, waiting=1, per_second=None, refused=0, pauses=pauses)
    return replace(whole, outage_until_seconds=outage)


def pause(scope: str, until_seconds: float, *, told: bool) -> Pause:
    return Pause(scope=scope, until_seconds=until_seconds, told=told)


def wait(cause: Cause, scope: str, seconds: float, others: int = 0) -> Waiting:
    until = NOW + dt.timedelta(seconds=seconds)
    return Waiting(cause=cause, scope=scope, seconds=-int(-seconds // 1), until=until, others=others)


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        pytest.param(None, None, id="before the first wave"),
        pytest.param(snapshot(), None, id="nobody waits"),
        pytest.param(snapshot(pause("c1", 157, told=True)), wait(Cause.THROTTLED, "c1", 57), id="one waits"),
        pytest.param(
            snapshot(pause("c1", 105, told=True), pause("partner", 190, told=True)),
            wait(Cause.THROTTLED, "partner", 90, 1),
            id="the longest of several",
        ),
        pytest.param(
            snapshot(pause("c1", 105, told=True), pause("c2", 190, told=False)),
            wait(Cause.THROTTLED, "c1", 5),
            id="what was refused before what is spent",
        ),
        pytest.param(
            snapshot(pause("partner", 111.2, told=False)), wait(Cause.WINDOW, "partner", 11.2), id="spent, rounded up"
        ),
        pytest.param(snapshot(pause("c1", 105, told=True), outage=107), wait(Cause.OUTAGE, "", 7), id="outage"),
        pytest.param(snapshot(pause("c1", 99, told=True)), wait(Cause.THROTTLED, "c1", 0), id="over"),
    ],
)
def test_what_is_waited_for_and_until_when(pace: PaceSnapshot | None, expected: Waiting | None) -> None:
    found = waiting(pace, 100.0, NOW)
    assert found == (expected and replace(expected, until=found.until if found else NOW))
    if found and expected:
        assert abs((found.until - expected.until).total_seconds()) < 1e-3


def test_who_sends_is_asked_at_each_look_and_their_names_are_others_words() -> None:
    found: list[SenderFigures] = []
    progress = Progress(planned=10, senders=lambda: found)
    assert pace_of(progress).senders == ()
    found.append(SenderFigures(name="w\x1b[2J", host="h\n", state=SenderState.SILENT, lost=3))
    assert pace_of(progress).senders == (SenderFigures(name="w?[2J", host="h?", state=SenderState.SILENT, lost=3),)


def test_why_a_worker_is_refused_does_not_name_it_once_more() -> None:
    refused = SenderFigures(
        name="10.0.0.9:8790",
        host="",
        state=SenderState.REFUSED,
        why="the worker 10.0.0.9:8790 cannot \x1b make a sender",
    )
    progress = Progress(planned=10, senders=lambda: [refused])
    assert [one.why for one in pace_of(progress).senders] == ["cannot ? make a sender"]


def test_a_run_that_is_held_says_until_when_and_then_no_more() -> None:
    progress = Progress(planned=10)
    progress.held(112.0)
    told = pace_of(progress, 100.5)
    assert told.phase is Phase.SIGN_IN
    assert told.waiting == Waiting(cause=Cause.LEASE, seconds=12, until=NOW + dt.timedelta(seconds=11.5))
    progress.held(None)
    assert pace_of(progress, 100.5).waiting is None


def test_without_senders_a_run_says_when_it_ends_and_no_time_left() -> None:
    alone: list[float | None] = [160.0]
    progress = Progress(planned=10, gives_up=lambda: alone[0])
    told = pace_of(progress, 100.5)
    assert told.waiting == Waiting(cause=Cause.SENDER, seconds=60, until=NOW + dt.timedelta(seconds=59.5))
    assert told.left is None
    alone[0] = None
    assert pace_of(progress, 100.5).waiting is None


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], Phase.CLUSTER),
        ([SenderState.REFUSED, SenderState.GONE], Phase.CLUSTER),
        ([SenderState.REFUSED, SenderState.SENDING], Phase.SIGN_IN),
        ([SenderState.SILENT], Phase.SIGN_IN),
    ],
)
def test_no_sign_in_is_checked_while_nobody_is_there_who_could_do_it(
    states: list[SenderState], expected: Phase
) -> None:
    senders = [SenderFigures(name="w", host="h", state=state) for state in states]
    progress = Progress(planned=10, others_send=True, senders=lambda: senders, gives_up=lambda: 160.0)
    pace = pace_of(progress, 100.5)
    assert pace.phase is expected
    assert pace.waiting is not None
    assert pace.waiting.cause is Cause.SENDER
    progress.begins(pacer(), waves=[10])
    assert pace_of(progress).phase is Phase.SENDING


def test_a_run_that_stops_does_not_wait_for_senders() -> None:
    progress = Progress(planned=10, gives_up=lambda: 160.0)
    progress.stops(120.0)
    assert pace_of(progress, 100.5).waiting is None
