"""kill -9 at every named point of the way, and at any call: nothing is lost, no account that succeeded reset again."""

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from chances import usual_and_torture
from crashing import Crashing, crashing_runs
from points import BEGINNING, CONCLUDING, ENDING, PLANNING, POINTS, SENDING, Point
from syscalls import Kill, Kind, Match, Recording, Rule, Watch

FAULTS = {"applied_error_share": 0.05, "lost_applied_share": 0.05}
FIRST_HALF = [*PLANNING, *BEGINNING, *list(SENDING)[:3]]
# Where the ledger is closed all rows have ended: each of those points needs a run of its own.
SECOND_HALF = [
    *list(SENDING)[3:],
    *(name for two in zip(ENDING, list(CONCLUDING)[::2], list(CONCLUDING)[1::2], strict=True) for name in two),
]
KILLS_A_RUN, RUNS = 10, 3
"""Of a seed in torture: a third of them at any call."""


@pytest.mark.parametrize("names", [FIRST_HALF, SECOND_HALF], ids=["first half", "second half"])
def test_killed_at_every_named_point_the_run_is_carried_on_to_its_end(tmp_path: Path, names: Sequence[str]) -> None:
    with crashing_runs(tmp_path, 20261126, **FAULTS) as crashing:
        for name in names:
            kill(crashing, name, POINTS[name])
        crashing.finish()


def test_every_named_point_is_killed_at() -> None:
    assert {*FIRST_HALF, *SECOND_HALF} == POINTS.keys()
    assert len(POINTS) >= 30


@pytest.mark.parametrize("seed", usual_and_torture([], range(34)))
def test_killed_at_points_and_calls_by_chance_the_run_is_carried_on_to_its_end(tmp_path: Path, seed: int) -> None:
    names = [*POINTS, *(f"call {number}" for number in range(len(POINTS) // 2))]
    with crashing_runs(tmp_path, seed, **FAULTS) as crashing:
        crashing.at_once = crashing.chance.choice((1, 3, 16))
        for _ in range(RUNS):
            for name in sorted(crashing.chance.sample(names, KILLS_A_RUN), key=names.index):
                kill(crashing, name, POINTS.get(name) or any_call(crashing.chance.randint(1, 300)))
            crashing.finish()


def any_call(place: int) -> Point:
    return Point(where="any", match=Match(kinds=frozenset(Kind)), before=place % 2 == 0, places=(place, place))


def kill(crashing: Crashing, name: str, point: Point) -> None:
    """Kill it there and look; a run that comes to its end first is proved, and the next one killed there."""
    place = crashing.chance.randint(*point.places)
    for _ in range(3):
        started = crashing.start([point.rule(place)], f"killed at {name} ({place})")
        if started.killed:
            crashing.look()
            return
        crashing.ended(started.ended)
        place = max(1, place // 2) if name not in POINTS else point.places[0]
    pytest.fail(f"no process comes to the point {name} ({point.where})")


def test_a_kill_is_before_or_right_after_the_call_that_is_meant(tmp_path: Path) -> None:
    """Of the tools: killed before a rename, the old name stands; right after it, the new one."""
    match = Match(kinds=frozenset({Kind.RENAME}), name="run.json")
    with crashing_runs(tmp_path, 1) as crashing:
        crashing.start([Rule(match=match, do=Kill(before=True))], "before")
        assert not (crashing.folder / "run.json").exists()
        crashing.start([Rule(match=match, do=Kill(before=False))], "after")
        assert (crashing.folder / "run.json").exists()
        assert crashing.made.requests == 0


def test_a_program_that_does_not_end_is_killed_by_who_watches_it_and_fails_the_test(tmp_path: Path) -> None:
    """Of the tools."""
    with crashing_runs(tmp_path, 1) as crashing:
        watch = Watch(root=crashing.made.runs, recording=tmp_path / "recording", seconds=1)
        assert crashing.made.batchreset("simulate", "--port", "0", watch=watch).code == -signal.SIGKILL
        with pytest.raises(AssertionError, match="could not be watched: it did not come to its end"):
            Recording.read(watch.recording)
