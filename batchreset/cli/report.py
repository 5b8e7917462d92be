"""`report`: what a run came to, as a page for people; also while it goes on. Nothing is sent."""

import datetime as dt
from pathlib import Path

import click

from batchreset.adapters.run_folder import find_folder
from batchreset.cli.options import run_argument, runs_dir_flag
from batchreset.cli.saying import tell
from batchreset.errors import SettingsError
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.report import write_report


@click.command()
@run_argument
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here, over nothing but a report; default: report.html in the run's folder.",
)
@runs_dir_flag
def report(*, run_name: str, out: Path | None, runs_dir: Path) -> None:
    """Write the report: one HTML file that needs nothing beside it. Prints its path.

    Also of a run that goes on: then it tells what has been done so far.
    """
    if out == Path("-"):
        raise SettingsError(
            "--out - names no file, and a report is one, so that it is whole or not there",
            next_step="name a file, or leave --out away and take the file whose path is printed",
        )
    run = read_frozen(find_folder(run_name, runs_dir))
    destination = out or run.folder.report
    without_charts = write_report(run, destination, now=dt.datetime.now(dt.UTC))
    if without_charts:
        tell(f"warning: the report has no charts: {without_charts}", err=True)
    tell(destination)
