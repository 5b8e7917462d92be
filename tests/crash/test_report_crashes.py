"""Killed, without power or without room while the report is written: all that counts is there already."""

import errno
import json
import random
from pathlib import Path

import pytest
from crashing import Crashing, crashing_runs
from power import look_at_moments
from syscalls import Fail, Kill, Kind, Match, Rule

ROWS = (3, 2)
LOOKS = 6
WRITING = ".report.html.*"
POINTS = {
    "not renamed": Rule(match=Match(kinds=frozenset({Kind.RENAME}), name="report.html"), do=Kill(before=True)),
    "not written": Rule(match=Match(kinds=frozenset({Kind.WRITE}), name=WRITING), do=Kill(before=True)),
    "not synced": Rule(match=Match(kinds=frozenset({Kind.SYNC}), name=WRITING), do=Kill(before=True)),
    "renamed": Rule(match=Match(kinds=frozenset({Kind.RENAME}), name="report.html"), do=Kill(before=False)),
    "not in the summary": Rule(
        match=Match(kinds=frozenset({Kind.RENAME}), name="summary.json"), nth=2, do=Kill(before=True)
    ),
}


def finished_summary(crashing: Crashing) -> dict[str, object]:
    """Results and summary are there, and say that all rows have ended."""
    summary: dict[str, object] = json.loads((crashing.folder / "summary.json").read_text(encoding="utf-8"))
    assert (summary["state"], len((crashing.folder / "results.csv").read_bytes().splitlines())) == ("finished", 6)
    return summary


CASES = [
    pytest.param("not renamed", id="not renamed"),
    *(pytest.param(name, id=name, marks=pytest.mark.torture) for name in POINTS if name != "not renamed"),
]


@pytest.mark.parametrize("name", CASES)
def test_killed_over_its_report_a_run_has_ended_all_the_same(tmp_path: Path, name: str) -> None:
    with crashing_runs(tmp_path, 20261126) as crashing:
        crashing.rows, crashing.report = ROWS, True
        crashing.begin()
        started = crashing.start([POINTS[name]], f"killed: report {name}")
        assert started.killed
        look_at_moments(crashing, started.disk, started.recording, looks=LOOKS, chance=random.Random(1))
        summary = finished_summary(crashing)
        assert (crashing.folder / "report.html").exists() == (name in {"renamed", "not in the summary"})
        crashing.look()
        again = crashing.start([], "asked again")
        assert (again.ended.code, again.sent) == (summary["exit_code"], 0)


def test_without_room_for_its_report_a_run_ends_as_it_would(tmp_path: Path) -> None:
    with crashing_runs(tmp_path, 20261126) as crashing:
        crashing.rows, crashing.report = ROWS, True
        crashing.begin()
        full = Rule(match=Match(kinds=frozenset({Kind.WRITE}), name=WRITING), do=Fail(errno.ENOSPC, lasting=True))
        ended = crashing.start([full], "no room for the report").ended
        assert ended.code == 0
        assert "warning: there is no report (the report could not be written to " in ended.stderr
        assert "No space left on device" in ended.stderr
        assert "files" in finished_summary(crashing)
        assert [path.name for path in crashing.folder.iterdir() if "report" in path.name] == []
        crashing.ended(ended)
