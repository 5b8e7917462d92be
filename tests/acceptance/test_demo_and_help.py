"""What a newcomer tries first: the demonstration, --help, --version."""

import csv
import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from acceptance_world import COMMAND, World, accounts
from proof import page_complaints

MakeWorld = Callable[..., World]
SLOW = {
    "polars",
    "httpx",
    "pydantic",
    "anyio",
    "rich",
    "asyncio",
    "pyrage",
    "structlog",
    "uvicorn",
    "jinja2",
}
COMMANDS = (
    "run",
    "plan",
    "apply",
    "roster",
    "status",
    "results",
    "report",
    "handover",
    "reconcile",
    "notify",
    "auth",
    "simulate",
    "demo",
    "completion",
)


def program(*arguments: str, folder: Path, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, *COMMAND[1:], *arguments],
        capture_output=True, text=True, cwd=folder, env={"PATH": "/usr/bin:/bin"}, timeout=60, check=False,
    )  # fmt: skip


def test_the_demonstration_proves_what_it_shows(tmp_path: Path, make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(40, 30, 10))
    shown = program("demo", "--folder", "demo", "--input", str(source), folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    proof = re.search(r"proof: all (\d+) passwords in force there are those of the hand-over", shown.stdout)
    assert proof
    assert int(proof[1]) == 79
    assert "Run demo: finished, 1 of 80 accounts need a look (exit 3)" in shown.stdout
    assert len(re.findall(r"^   \S{36}  \S{20}  in_force$", shown.stdout, re.MULTILINE)) == 3
    for said in re.findall(r"   (?:results|log) +less (\S+)", shown.stdout):
        assert (tmp_path / said).is_file()
    to_go_on_with = re.findall(r"   (?:samples|job files) +cp -r (\S+) \.", shown.stdout)
    assert [Path(folder).name for folder in to_go_on_with if Path(folder).is_dir()] == ["sample_inputs", "jobs"]
    run = tmp_path / "demo" / "runs" / "demo"
    report, summary = (run / "report.html").read_text(encoding="utf-8"), json.loads((run / "summary.json").read_bytes())
    with (run / "results.csv").open(encoding="utf-8", newline="") as results:
        assert list(page_complaints(report, list(csv.DictReader(results)), summary)) == []
    assert report.count("<svg") == 4, "with its charts, each for a narrow and for a wide window"
    assert stat.S_IMODE((tmp_path / "demo").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "demo" / "helpdesk.key").stat().st_mode) == 0o600
    assert made.requests == 0


def test_the_demonstration_makes_no_folder_over(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    refused = program("demo", "--folder", "demo", folder=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: the demo's folder demo cannot be made (File exists)")
    assert list((tmp_path / "demo").iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    shown = program(command, "--help", folder=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"Usage: batchreset {command} ")
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_command_and_without_a_command_it_is_shown_as_a_mistake(tmp_path: Path) -> None:
    shown, bare = program("--help", folder=tmp_path), program(folder=tmp_path)
    listed = re.findall(r"^  ([a-z]+)  ", shown.stdout.partition("Commands:")[2], re.MULTILINE)
    assert tuple(listed) == COMMANDS
    assert (shown.returncode, bare.returncode) == (0, 2)
    assert bare.stderr.strip() == shown.stdout.strip()


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_a_quick_question_waits_for_no_large_library(flag: str, tmp_path: Path) -> None:
    shown = program(flag, folder=tmp_path, python=("-X", "importtime"))
    assert shown.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in shown.stderr.splitlines()}
    assert "click" in imported
    assert imported & SLOW == set()


def test_version_is_one_line(tmp_path: Path) -> None:
    shown = program("--version", folder=tmp_path)
    assert re.fullmatch(r"batchreset, version \d+\.\d+\.\d+\S*\n", shown.stdout)
