"""Flags that `run`, `plan` and `apply` share."""

from pathlib import Path
from typing import Final

import click

job_flag: Final = click.option(
    "--job", type=click.Path(dir_okay=False, path_type=Path), help="Settings from this TOML file."
)
run_id_flag: Final = click.option("--run-id", help="The run's name and folder; the same one again continues that run.")
yes_flag: Final = click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
dry_run_flag: Final = click.option(
    "--dry-run", is_flag=True, help="Read, check, plan and write the same files, but send nothing."
)
again_flag: Final = click.option(
    "--again", is_flag=True, help="Go on although the same accounts were reset in the last 24 hours."
)
online_flag: Final = click.option(
    "--online", is_flag=True, help="Read each account first: deleted, federated, synced, privileged, or not there."
)
json_flag: Final = click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
