"""`roster`: an input file from the service itself."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from batchreset.cli.environment import environment
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import Terminal, command_log, section_flags, terminal_flags
from batchreset.cli.streams import refuse_closed_output
from batchreset.settings.sources import load_settings
from batchreset.wiring.reading import Around
from batchreset.wiring.roster import roster as write_roster


@click.command(cls=HelpedCommand)
@click.option("--job", type=click.Path(dir_okay=False, path_type=Path), help="Settings from this TOML file.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this new file (.csv, .parquet or .ndjson; 0600).",
)
@terminal_flags
@section_flags("input.customers", "partner_center", "auth", "pace")
def roster(*, job: Path | None, out: Path | None, terminal: Terminal, flags: Mapping[str, object]) -> None:
    """Write an input file of customers' users, as the service lists them; sends no reset.

    CSV on standard output, or --out. Of the customers given with --customer, or of all the partner has. Nothing is
    written unless all could be read. Take out who is not to be reset, then `batchreset run` takes it as it is.
    """
    if out is None:
        refuse_closed_output("the list")
    settings = load_settings(flags=flags, environ=environment(), job_file=job)
    with command_log(terminal, "roster") as log:
        around = Around(environ=environment(), log=log, say=terminal.say)
        counts = write_roster(settings, out=out, stdout=sys.stdout.buffer, around=around)
    terminal.say(counts.line())
