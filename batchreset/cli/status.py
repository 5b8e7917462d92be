"""`status`: what a run has come to, also while it goes on. Nothing is sent."""

import json
from pathlib import Path

import click

from batchreset.adapters.run_folder import all_folders, find_folder
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import runs_dir_flag, tell
from batchreset.errors import BatchresetError
from batchreset.wiring.frozen import read_frozen, standing
from batchreset.wiring.status import status_lines, status_of


@click.command(cls=HelpedCommand)
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@runs_dir_flag
def status(*, run_name: str | None, as_json: bool, runs_dir: Path) -> None:
    """What has been done, also while it runs, from another terminal. Without RUN: one line for each run."""
    folders = [find_folder(run_name, runs_dir)] if run_name else all_folders(runs_dir)
    found = []
    for folder in folders:
        try:
            frozen = read_frozen(folder)
            found.append(status_of(frozen, standing(frozen)))
        except BatchresetError as error:
            if run_name:
                raise
            click.echo(f"{folder.run_id}: {error.what}", err=True)
    if as_json:
        tell(json.dumps(found[0] if run_name else found, indent=2))
    elif run_name:
        tell("\n".join(status_lines(found[0])))
    elif not found:
        click.echo(f"no runs in {runs_dir}", err=True)
    else:
        for one in found:
            tell(f"{one['run_id']:<28} {one['state']:<12} {one['done']:>9,} of {one['to_reset']:>9,} accounts")
