"""A disk that is full, over quota, read-only or broken: the run stops in order, and goes on when the disk is well."""

import errno
from dataclasses import dataclass
from pathlib import Path

import pytest
from chances import usual_and_torture
from crashing import AT_ONCE, Crashing, Started, crashing_runs
from points import LEDGER, LOG, RUN
from power import look_at_moments
from syscalls import Fail, Kind, Match, Remove, Rule, Shorten
from syscalls.operations import CHANGES

LOOKS = 5
STOPPED, REFUSED = frozenset({1}), frozenset({2})
WENT_ON = frozenset({0, 3})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One that is put in the run's way.

    Attributes:
        places: at which of the operations that match it begins, the first and the last.
        codes: with which of these the process ends.
    """

    match: Match
    do: Fail | Shorten
    places: tuple[int, int] = (1, 1)
    codes: frozenset[int] = STOPPED


def _full(*kinds: Kind, name: str = "*", places: tuple[int, int] = (1, 1), codes: frozenset[int] = STOPPED) -> Fault:
    match = Match(kinds=frozenset(kinds), name=name)
    return Fault(match=match, do=Fail(errno.ENOSPC, lasting=True), places=places, codes=codes)


def _once(
    number: int, kind: Kind, name: str, *, places: tuple[int, int] = (1, 1), codes: frozenset[int] = STOPPED
) -> Fault:
    match = Match(kinds=frozenset({kind}), name=name)
    return Fault(match=match, do=Fail(number), places=places, codes=codes)


_AFTER_RUN_JSON = Match(kinds=frozenset({Kind.RENAME}), name="run.json")

# In the order in which a run comes upon them.
FAULTS = {
    "no folder can be made": _once(errno.EROFS, Kind.MKDIR, RUN, codes=REFUSED),
    "no lock can be made": _once(errno.EROFS, Kind.OPEN, "lock", codes=REFUSED),
    "no room for the plan": _full(Kind.WRITE, name=".plan.parquet.*", codes=REFUSED),
    "the plan is not synced": _once(errno.EIO, Kind.SYNC, ".plan.parquet.*", codes=REFUSED),
    "run.json is not renamed": _once(errno.EIO, Kind.RENAME, "run.json", codes=REFUSED),
    "the folder is not synced after run.json": Fault(
        match=Match(kinds=frozenset({Kind.SYNC}), name=RUN, since=_AFTER_RUN_JSON), do=Fail(errno.EIO), codes=REFUSED
    ),
    "no room for the rows that wait": _full(Kind.WRITE, name="#*", places=(1, 2), codes=REFUSED),
    "no room for a ledger": _full(Kind.WRITE, name=".ledger.sqlite.*", places=(2, 12)),
    "the new ledger is not renamed": _once(errno.EIO, Kind.RENAME, LEDGER),
    "the shared memory is refused": _once(errno.EACCES, Kind.OPEN, f"{LEDGER}-shm"),
    "no room for the session": _full(Kind.WRITE, name=LOG),
    "the log is not synced": _once(errno.EIO, Kind.SYNC, LOG, places=(3, 5)),
    "no room in the log": _full(Kind.WRITE, name=LOG, places=(8, 30)),
    "over quota in the log": _once(errno.EDQUOT, Kind.WRITE, LOG, places=(8, 30)),
    "the log is broken": _once(errno.EIO, Kind.WRITE, LOG, places=(8, 30)),
    "no sync any more": Fault(
        match=Match(kinds=frozenset({Kind.SYNC}), name=f"{LEDGER}*"), do=Fail(errno.EIO, lasting=True), places=(3, 5)
    ),
    "no room anywhere": _full(Kind.WRITE, Kind.OPEN, Kind.MKDIR, places=(8, 120), codes=STOPPED | REFUSED),
    "read-only from now on": Fault(
        match=Match(kinds=CHANGES - {Kind.MAP}), do=Fail(errno.EROFS, lasting=True), places=(60, 200),
        codes=STOPPED | REFUSED,
    ),
    "writes are cut short": Fault(
        match=Match(kinds=frozenset({Kind.WRITE}), name=LOG), do=Shorten(), places=(8, 30), codes=WENT_ON
    ),
    "the ledger cannot be copied back": _full(Kind.WRITE, name=LEDGER, codes=WENT_ON),
    "no room for the results": _full(Kind.WRITE, name=".results.csv.*"),
    "the results are not synced": _once(errno.EIO, Kind.SYNC, ".results.csv.*"),
    "the results are not renamed": _once(errno.EROFS, Kind.RENAME, "results.csv"),
    "the summary is not synced": _once(errno.EIO, Kind.SYNC, ".summary.json.*"),
    "no room for events": _full(Kind.WRITE, name="log.ndjson", codes=WENT_ON),
}  # fmt: skip
USUAL = [
    "no room for the plan",
    "the folder is not synced after run.json",
    "no room for the rows that wait",
    "no room for a ledger",
    "no room for the session",
    "the log is not synced",
    "over quota in the log",
    "no sync any more",
    "read-only from now on",
    "writes are cut short",
    "the results are not synced",
    "no room for the results",
]


@pytest.mark.parametrize(
    ("seed", "names"), [(1, USUAL), *(pytest.param(s, list(FAULTS), marks=pytest.mark.torture) for s in range(2, 18))]
)
def test_a_disk_that_fails_stops_the_run_in_order_and_a_well_one_carries_it_on(
    tmp_path: Path, seed: int, names: list[str]
) -> None:
    """One fault after another, each on the same run as long as it is not at its end."""
    with crashing_runs(tmp_path, seed) as crashing:
        for name in names:
            meet(crashing, name, FAULTS[name])
        crashing.finish()


def meet(crashing: Crashing, name: str, fault: Fault) -> None:
    """A run that comes to its end first is proved, and the next one meets the fault."""
    for _ in range(3):
        place = crashing.chance.randint(*fault.places)
        started = crashing.start([Rule(match=fault.match, nth=place, do=fault.do)], f"{name} ({place})")
        if started.recording.done:
            assert_in_order(crashing, started, fault.codes)
            # What was not synced, as the program was told, counts for nothing. First of all, as reading leaves files.
            look_at_moments(crashing, started.disk, started.recording, looks=LOOKS, chance=crashing.chance)
            crashing.look()
            if started.ended.code in WENT_ON:
                crashing.ended(started.ended)
            return
        crashing.ended(started.ended)
    pytest.fail(f"no process meets the fault: {name}")


def assert_in_order(crashing: Crashing, started: Started, codes: frozenset[int]) -> None:
    ended = started.ended
    told = f"{crashing.history}: {ended.code}\n{ended.stderr}"
    assert ended.code in codes, told
    assert "Traceback" not in ended.stderr, told
    assert "This is a bug" not in ended.stderr, told
    if ended.code not in WENT_ON:
        assert "\nerror: " in f"\n{ended.stderr}", told
        assert "\nwhat to do: " in ended.stderr, told
    if ended.code in REFUSED:
        assert not started.sent, told


@pytest.mark.parametrize("seed", usual_and_torture([1], range(2, 12)))
def test_a_folder_that_is_removed_under_a_run_stops_it_and_nothing_more_is_sent(tmp_path: Path, seed: int) -> None:
    """Files that have lost their names take whatever is written to them, and nobody finds it again."""
    with crashing_runs(tmp_path, seed) as crashing:
        place = crashing.chance.randint(7, 12)
        removed = Rule(match=Match(kinds=frozenset({Kind.SEND})), nth=place, do=Remove(crashing.run))
        started = crashing.start([removed], f"removed at request {place}")
        sends = [one for one in started.recording.operations if one.kind is Kind.SEND]
        later = [one for one in crashing.sent() if one.at.timestamp() > sends[place - 1].began]
        assert_in_order(crashing, started, STOPPED)
        assert len(later) <= AT_ONCE
        assert "ledger.sqlite is not there any more" in started.ended.stderr
        assert "what to do: bring the run's folder back, with all its files, from " in started.ended.stderr
        assert f"continue the run with `batchreset apply {crashing.folder}`" in started.ended.stderr
