"""What must hold of a run's folder after any crash, before anybody carries the run on."""

import csv
import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

import click
from click.testing import CliRunner
from proof import hand_over, sha256

from batchreset.cli.results import results as results_command
from batchreset.cli.status import status as status_command
from batchreset.errors import RunFolderError
from batchreset.simulator.state import Applied


def complaints_about(
    folder: Path, key: Path, *, rows: int, applied: Sequence[Applied], sent: Collection[str] = (), scratch: Path
) -> tuple[list[str], set[str]]:
    """What does not hold, a line each; and the users who are recorded as succeeded.

    Args:
        folder: the run's, as the crash left it.
        key: opens its passwords.
        rows: of its input.
        applied: what the service had applied for this run by then.
        sent: users for whom it had heard a request by then.
        scratch: a folder that may be written to.
    """
    if not (folder / "run.json").exists():
        # Planned anew: then nothing may have been sent.
        found = [f"there is no run, and {len(applied)} passwords were applied"] if applied else []
        return found + _no_run(folder), set()
    handed = hand_over(folder, key, "--all")
    in_force = {line["user-id"]: sha256(line["password"]) for line in handed if line["certainty"] == "in_force"}
    return [
        *_handed_over(handed, applied),
        *(f"{user}: sent and not sealed" for user in set(sent) - {line["user-id"] for line in handed}),
        *_in_force(in_force, applied),
        *_commands(folder, rows, scratch),
        *_whole(folder, rows),
    ], set(in_force)


def _handed_over(handed: Sequence[dict[str, str]], applied: Sequence[Applied]) -> list[str]:
    """Of every account all that was applied is sealed; the last one is not called superseded."""
    sealed, listed = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for line in handed:
        sealed[line["user-id"]].add(sha256(line["password"]))
        if line["certainty"] != "superseded":
            listed[line["user-id"]].add(sha256(line["password"]))
    last = {one.user: one.sha256 for one in applied}
    lost = [f"{one.user}: applied and not sealed" for one in applied if one.sha256 not in sealed[one.user]]
    hidden = [f"{user}: in force and not handed over" for user, one in last.items() if one not in listed[user]]
    return lost + hidden


def _in_force(in_force: dict[str, str], applied: Sequence[Applied]) -> list[str]:
    last = {one.user: one.sha256 for one in applied}
    return [f"{user}: succeeded, but not in force" for user, one in in_force.items() if last.get(user) != one]


def _commands(folder: Path, rows: int, scratch: Path) -> list[str]:
    written = scratch / "looked-at.csv"
    _call(status_command, str(folder))
    _call(results_command, str(folder), "--results", str(written))
    with written.open(encoding="utf-8", newline="") as file:
        lines = len(list(csv.DictReader(file)))
    written.unlink()
    return [] if lines == rows else [f"`results` wrote {lines} lines, of {rows} rows"]


def _whole(folder: Path, rows: int) -> list[str]:
    """Results and summary are whole, or not there."""
    found = []
    results, summary = folder / "results.csv", folder / "summary.json"
    if results.exists():
        content = results.read_text(encoding="utf-8")
        lines = len(list(csv.DictReader(content.splitlines())))
        if lines != rows or not content.endswith("\n"):
            found.append(f"results.csv has {lines} lines, of {rows} rows")
    if summary.exists():
        try:
            json.loads(summary.read_text(encoding="utf-8"))
        except ValueError as error:
            found.append(f"summary.json is not whole: {error}")
    return found


def _no_run(folder: Path) -> list[str]:
    try:
        _call(status_command, str(folder))
    except RunFolderError:
        return []
    return ["`status` speaks of a run that is not there"]


def _call(command: click.Command, *arguments: str) -> None:
    called = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert called.exit_code == 0, called.output
