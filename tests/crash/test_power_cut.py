"""The power goes: of what was not synced any part may be there, and nothing is lost that was sent for."""

import errno
import random
import shutil
from pathlib import Path

import pytest
from chances import usual_and_torture
from crashing import Crashing, Started, crashing_runs
from points import LEDGER, LOG
from power import look_at_moments
from syscalls import Fail, Kill, Kind, Match, Rule

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
            look_at_moments(
                crashing, started.disk, started.recording, looks=looks, chance=random.Random(f"{seed}.{cut}")
            )
            if started.killed:
                go_on_without_power(crashing, started)
            else:
                crashing.ended(started.ended)
        crashing.finish()


def go_on_without_power(crashing: Crashing, started: Started) -> None:
    """What is there from now on is what the disk holds."""
    shutil.rmtree(crashing.made.runs)
    started.disk.cut_power(crashing.chance, crashing.made.runs)
    crashing.look()


@pytest.mark.parametrize("drawn", usual_and_torture([(1, 30)], [(seed, 60) for seed in range(2, 22)]))
def test_what_was_written_before_a_sync_that_failed_is_not_taken_for_safe_later(
    tmp_path: Path, drawn: tuple[int, int]
) -> None:
    """A system takes the pages of a failed sync for clean: a later sync that works does not write them.

    The ledger's log is such a file here, to the end of the process; the next one finds a disk that is well, and goes
    on from what it reads, which the disk need not hold.
    """
    seed, looks = drawn
    with crashing_runs(tmp_path, seed) as crashing:
        failing = [
            Rule(match=Match(kinds=frozenset({Kind.SYNC}), name=name), nth=nth, do=Fail(errno.EIO, lasting=True))
            for name, nth in ((LOG, crashing.chance.randint(4, 6)), (LEDGER, 1))
        ]
        first = crashing.start(failing, "syncs fail")
        assert first.ended.code == 1, first.ended.stderr
        look_at_moments(crashing, first.disk, first.recording, looks=looks // 3, chance=crashing.chance)
        second = crashing.start([], "the disk is well")
        look_at_moments(crashing, first.disk, second.recording, looks=looks - looks // 3, chance=crashing.chance)
        crashing.ended(second.ended)
