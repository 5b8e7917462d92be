"""`status`, `results` and `handover`: looking at a run. Nothing is sent."""

import csv
import json
import os
import sys
from pathlib import Path
from typing import TextIO

import click

from batchreset.adapters.run_folder import all_folders, find_folder
from batchreset.cli.options import runs_dir_flag, tell
from batchreset.cli.streams import refuse_closed_output
from batchreset.core.columns import HANDOVER
from batchreset.durable import PRIVATE_FILE_MODE
from batchreset.errors import BatchresetError, RunFolderError
from batchreset.wiring.frozen import read_frozen, standing
from batchreset.wiring.handover import hand_over
from batchreset.wiring.results import write_results_of
from batchreset.wiring.status import status_lines, status_of

_RUN = click.argument("run_name", metavar="RUN")


@click.command()
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


@click.command()
@_RUN
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


@click.command()
@_RUN
@click.option(
    "--identity",
    "identities",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="File of a secret key that the passwords were sealed to (age or SSH). May be repeated.",
)
@click.option("--customer", help="Only this customer's, by its tenant id.")
@click.option("--all", "superseded", is_flag=True, help="Those too that a later password of the run has replaced.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file (0600).")
@runs_dir_flag
def handover(
    *,
    run_name: str,
    identities: tuple[Path, ...],
    customer: str | None,
    superseded: bool,
    out: Path | None,
    runs_dir: Path,
) -> None:
    """Open the sealed passwords: CSV on standard output, all or one customer's.

    certainty is in_force (the reset succeeded with it), possible (sent without a clear yes or no) or superseded.
    """
    if out is None:
        refuse_closed_output("the passwords")
    run = read_frozen(find_folder(run_name, runs_dir))
    # All of it is opened before a line is written: a key that does not fit leaves no half hand-over behind.
    lines = list(hand_over(run, identities=identities, customer=customer, superseded=superseded))
    try:
        with _opened(out) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(HANDOVER)
            writer.writerows(line.values() for line in lines)
    except BrokenPipeError:
        # A reader that has gone (`… | head`) has what it wanted.
        return
    except OSError as error:
        if out is not None:
            out.unlink(missing_ok=True)
        raise RunFolderError(
            f"the hand-over could not be written to its end ({error.strerror}): what is there of it is not all",
            next_step="make room, then do it again",
        ) from error


def _opened(out: Path | None) -> TextIO:
    if out is None:
        return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="")
    try:
        descriptor = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE_MODE)
    except FileExistsError as error:
        raise RunFolderError(
            f"{out} exists already, and nothing is written over it", next_step="choose another file, or remove that one"
        ) from error
    except OSError as error:
        raise RunFolderError(
            f"{out} could not be made ({error.strerror})",
            next_step="choose a file that does not exist yet, in a folder that you may write to",
        ) from error
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")
