"""`results`: the results file once more, in any format. Nothing is sent."""

from pathlib import Path

import click

from batchreset.adapters.run_folder import find_folder
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import run_argument, runs_dir_flag
from batchreset.cli.saying import tell
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.results import write_results_of


@click.command(cls=HelpedCommand)
@run_argument
@click.option(
    "--results",
    "destination",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write here (.csv, .parquet or .ndjson); default: results.csv in the run's folder.",
)
@runs_dir_flag
def results(*, run_name: str, destination: Path | None, runs_dir: Path) -> None:
    """Write the results file again, in any format. Prints the path of the file."""
    run = read_frozen(find_folder(run_name, runs_dir))
    tell(write_results_of(run, destination or run.folder.results))
