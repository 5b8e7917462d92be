"""`demo`: the main job, shown."""

import datetime as dt
from pathlib import Path

import click

from batchreset.cli.help import HelpedCommand
from batchreset.cli.wrapping import tell_people
from batchreset.core.places import LocalWorkers
from batchreset.errors import SettingsError
from batchreset.settings.sources import load_settings
from batchreset.wiring.demo import Demo, sample_input


@click.command(cls=HelpedCommand)
@click.option("--input", "input_path", type=click.Path(path_type=Path), help="Default: sample_inputs/incident.csv.")
@click.option("--folder", type=click.Path(path_type=Path), help="Default: demo/ and the time.")
@click.option("--cluster", metavar="local:N", help="Have N worker processes of this machine send.")
def demo(*, input_path: Path | None, folder: Path | None, cluster: str | None) -> int:
    """A whole run against the simulator, nothing to configure.

    Starts the simulator, makes a key pair, resets the sample's accounts, opens the hand-over, and checks that what is
    handed over is what is in force. It touches nothing outside its folder and sends nothing beyond this machine.
    """
    chosen = folder or Path("demo") / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
    return Demo(
        folder=chosen,
        input=input_path or sample_input(),
        cluster=_checked(cluster),
        say=lambda line: tell_people([line]),
    ).play()


def _checked(cluster: str | None) -> str:
    """Raises SettingsError: it would leave this machine, or there are no such workers."""
    settings = load_settings(flags={"cluster.scheduler": cluster}, environ={}, job_file=None)
    if not isinstance(settings.cluster.place, LocalWorkers | None):
        raise SettingsError(
            "the demo sends nothing beyond this machine, and a cluster may lie elsewhere",
            next_step="give --cluster local:N, N worker processes of this machine",
        )
    return settings.cluster.scheduler
