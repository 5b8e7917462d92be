"""`notify`: try the addresses before the night in which they matter."""

from collections.abc import Mapping
from pathlib import Path

import click

from batchreset.cli.announcing import announcing
from batchreset.cli.carrying_flags import job_flag
from batchreset.cli.environment import environment
from batchreset.cli.options import Terminal, section_flags, terminal_flags
from batchreset.cli.saying import tell
from batchreset.settings.sources import load_settings


@click.command()
@job_flag
@terminal_flags
@section_flags("output.notify", "partner_center.ca_file")
def notify(*, job: Path | None, terminal: Terminal, flags: Mapping[str, object]) -> None:
    """Send a test notice to every address of [output] notify.

    The monitor of [output] ping is left alone: a ping would tell it that the job ran. Exit code 2 when an address did
    not take the notice.
    """
    with announcing(terminal, flags=flags, job_file=job, silent=True) as told:
        told.begin(load_settings(flags=flags, environ=environment(), job_file=job), everybody=True)
        for line in told.trial():
            tell(line)
