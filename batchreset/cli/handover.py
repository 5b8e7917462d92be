"""`handover`: the new passwords, for those who have a key. Nothing is sent."""

import csv
import os
import sys
from pathlib import Path
from typing import TextIO

import click

from batchreset.adapters.run_folder import find_folder
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import run_argument, runs_dir_flag
from batchreset.cli.streams import refuse_closed_output
from batchreset.core.columns import HANDOVER
from batchreset.durable import PRIVATE_FILE_MODE
from batchreset.errors import RunFolderError
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.handover import hand_over


@click.command(cls=HelpedCommand)
@run_argument
@click.option(
    "--identity",
    "identities",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="File of a secret key that the passwords were sealed to (age or SSH). May be repeated.",
)
@click.option("--customer", help="Only this customer's, by its tenant id.")
@click.option("--all", "superseded", is_flag=True, help="Also those that a later password of the run has replaced.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this new file (0600).")
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
            f"the hand-over could not be written to its end ({error.strerror}): what is there of it is incomplete",
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
