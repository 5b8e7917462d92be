"""The power goes: of what was not synced any part may be there, and nothing is lost that was sent for."""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from chances import usual_and_torture
from crashing import Crashing, Started, crashing_runs
from looking import complaints_about
from syscalls import Kill, Kind, Match, Operation, Rule

from batchreset.simulator.state import Applied

FAULTS = {"applied_error_share": 0.05, "lost_applied_share": 0.05}
ANY = Match(kinds=frozenset(Kind))
LATEST = 260
"""Call at which the power is cut; a run of this size makes about as many again."""


@pytest.mark.parametrize("drawn", usual_and_torture([(1, 4, 8), (2, 4, 8)], [(seed, 12, 40) for seed in range(3, 13)]))
def test_whenever_the_power_is_cut_all_that_was_applied_is_there_and_the_run_goes_on(
    tmp_path: Path, drawn: tuple[int, int, int]
) -> None:
    """Each time the folder is looked at as several moments would have left it, and the run goes on from the last."""
    seed, cuts, looks = drawn
    with crashing_runs(tmp_path, seed, **FAULTS) as crashing:
        for cut in range(cuts):
            # The first cuts fall into planning and the beginning, later ones into whatever is left to do.
            place = crashing.chance.randint(1, LATEST)
            started = crashing.start([Rule(match=ANY, nth=place, do=Kill(before=True))], f"power cut at call {place}")
            look_at_moments(crashing, started, looks, f"{seed}.{cut}")
            if started.killed:
                go_on_without_power(crashing, started)
            else:
                crashing.ended(started.ended)
        crashing.finish()


def look_at_moments(crashing: Crashing, started: Started, looks: int, seed: str) -> None:
    """As `looks` moments of what was recorded would have left the folder."""
    operations, chance = started.recording.operations, random.Random(seed)
    moments = sorted(chance.choices(range(len(operations) + 1), k=looks))
    started.disk.begin(started.recording)
    done = 0
    for number, moment in enumerate(moments):
        for operation in operations[done:moment]:
            started.disk.carry_out(operation)
        done = moment
        image = crashing.made.folder / "image"
        started.disk.cut_power(chance, image)
        found, _ = complaints_about(
            image / crashing.run,
            crashing.made.key,
            rows=sum(crashing.rows),
            applied=applied_by(crashing, operations, moment),
            scratch=crashing.made.folder,
        )
        shutil.rmtree(image)
        assert not found, "\n".join([f"{crashing.history}: image {number}, seed {seed}, after {moment} calls", *found])
    for operation in operations[done:]:
        started.disk.carry_out(operation)
    missed = started.disk.is_as(crashing.made.runs)
    assert not missed, f"what was recorded is not what was done: {missed}"


def applied_by(crashing: Crashing, operations: Sequence[Operation], moment: int) -> list[Applied]:
    """What the service had applied just before the next call; after the last one, all."""
    applied = crashing.made.simulator.state.applied[crashing.before.applied :]
    if moment == len(operations):
        return applied
    return [one for one in applied if one.at.timestamp() <= operations[moment].began]


def go_on_without_power(crashing: Crashing, started: Started) -> None:
    """What is there from now on is what the disk holds."""
    shutil.rmtree(crashing.made.runs)
    started.disk.cut_power(crashing.chance, crashing.made.runs)
    crashing.look()
