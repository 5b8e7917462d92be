"""`status`: what a run has come to, also while it goes on. Nothing is sent."""

import json
from pathlib import Path

import click

from batchreset.adapters.run_folder import all_folders, find_folder, lost_folders
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import no_color_flag, runs_dir_flag
from batchreset.cli.saying import tell, tell_lines
from batchreset.cli.watching import look_at, tell_look, watch
from batchreset.errors import BatchresetError, ExitCode
from batchreset.wiring.status import Looking, list_line, newest_running


@click.command(cls=HelpedCommand)
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option(
    "--watch",
    "keeps_up",
    is_flag=True,
    help="Keep the picture up until the run ends; without RUN, of the newest one under way.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON; with --watch a line every 30 seconds.")
@no_color_flag
@runs_dir_flag
def status(*, run_name: str | None, keeps_up: bool, as_json: bool, color: bool, runs_dir: Path) -> int:
    """What has been done, also while it runs, from another terminal. Without RUN: one line for each run.

    Counts come from the run's ledger and are true at any time; rate, waiting and time left are what the process that
    carries the run out tells of itself, once a second.

    Looking changes nothing about a run, and the exit code is 0 however the run goes or went (`--json` has its state and
    stop_reason). Ctrl-C ends --watch (130), not the run.
    """
    if keeps_up:
        return _watch(run_name, runs_dir, color=color, as_json=as_json)
    if run_name:
        look = look_at(Looking(find_folder(run_name, runs_dir)))
        if as_json:
            tell(json.dumps(look.status, indent=2))
        else:
            tell_look(look, color=color)
    else:
        _list(runs_dir, as_json=as_json)
    return ExitCode.OK


def _watch(run_name: str | None, runs_dir: Path, *, color: bool, as_json: bool) -> int:
    folder = find_folder(run_name, runs_dir) if run_name else newest_running(runs_dir)
    if folder is None:
        tell(f"no run in {runs_dir} is under way", err=True)
        return ExitCode.OK
    return watch(Looking(folder), color=color, as_json=as_json)


def _list(runs_dir: Path, *, as_json: bool) -> None:
    found = []
    for folder in all_folders(runs_dir):
        try:
            found.append(look_at(Looking(folder)).status)
        except BatchresetError as error:
            tell_lines([f"{folder.run_id}: {error.what}"], err=True)
    lost = [folder.run_id for folder in lost_folders(runs_dir)]
    if lost:
        line = (
            f"{', '.join(lost)}: {'has' if len(lost) == 1 else 'have'} lost run.json and cannot be read; restore it"
            " from a copy (the ledger beside it holds the only passwords of whoever was reset)"
        )
        tell_lines([line], err=True)
    if as_json:
        tell(json.dumps(found, indent=2))
    elif not found:
        tell(f"no runs in {runs_dir}", err=True)
    else:
        tell_lines(map(list_line, found))
