"""`handover`: the new passwords, for those who have a key. Nothing is sent."""

import contextlib
import datetime as dt
import os
import sys
from pathlib import Path
from typing import BinaryIO

import click

from batchreset.adapters.handover import FORMATS
from batchreset.adapters.run_folder import find_folder
from batchreset.adapters.sealing import resolve_recipients
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import run_argument, runs_dir_flag
from batchreset.cli.saying import tell
from batchreset.cli.streams import refuse_closed_output
from batchreset.errors import SettingsError
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.giving import Giving, give, refuse_destination
from batchreset.wiring.handover import wanted_of


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
@click.option("--customer", "customers", multiple=True, help="Only this customer's, by its tenant id. May be repeated.")
@click.option("--all", "superseded", is_flag=True, help="Also those that a later password of the run has replaced.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="csv, json (a list, one object a line) or letters (HTML to print, one page a person).",
)
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    help="Seal it again, to this public key (age1…, ssh-ed25519, ssh-rsa, or a file of them): nothing is in clear."
    " `age -d` opens it. May be repeated.",
)
@click.option("--armor", is_flag=True, help="Sealed as text, as on standard output, also in --out.")
@click.option("--out", type=click.Path(path_type=Path), help="Write to this new file (0600), whole or not at all.")
@runs_dir_flag
def handover(
    *,
    run_name: str,
    identities: tuple[Path, ...],
    customers: tuple[str, ...],
    superseded: bool,
    form: str,
    recipients: tuple[str, ...],
    armor: bool,
    out: Path | None,
    runs_dir: Path,
) -> None:
    """Open the sealed passwords, all or some customers'. Who opened them is noted in the run's log.

    certainty is in_force (the reset succeeded with it), possible (sent without a clear yes or no) or superseded.
    """
    _refuse_what_makes_no_sense(form, superseded=superseded, armor=armor, sealed=bool(recipients), out=out)
    keys = resolve_recipients(recipients, where="--recipient")
    run = read_frozen(find_folder(run_name, runs_dir))
    if out is not None:
        refuse_destination(run, out)
    wanted = wanted_of(run, identities=identities, customers=customers, superseded=superseded)
    giving = Giving(
        form=form,
        recipients=keys,
        armored=armor or out is None,
        out=out,
        stdout=_standard_output,
        now=dt.datetime.now(dt.UTC),
        warn=lambda line: tell(line, err=True),
    )
    # A reader that has gone (`… | head`) has what it wanted.
    with contextlib.suppress(BrokenPipeError):
        give(run, wanted, giving)
    if out is None and not keys and sys.stdout.isatty():
        tell("note: these passwords stay in clear in this terminal's memory; --out FILE keeps them off it", err=True)


def _refuse_what_makes_no_sense(form: str, *, superseded: bool, armor: bool, sealed: bool, out: Path | None) -> None:
    if out is None:
        refuse_closed_output("the passwords")
    if armor and not sealed:
        raise SettingsError(
            "--armor says how a sealed hand-over is written, and nothing is sealed without --recipient",
            next_step="give --recipient, or leave --armor out",
        )
    if form == "letters" and superseded:
        raise SettingsError(
            "letters tell people which password to use, and --all adds those that are surely not in force",
            next_step="leave --all out, or take them as csv or json",
        )
    if form == "letters" and out is None and not sealed and sys.stdout.isatty():
        raise SettingsError(
            "letters are a page for a browser and a printer, not for a terminal",
            next_step="give --out letters.html",
        )


def _standard_output() -> BinaryIO:
    return os.fdopen(os.dup(sys.stdout.fileno()), "wb")
