"""`plan`: check an input and freeze what would be done."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

import click

from batchreset.cli.announcing import announcing
from batchreset.cli.carrying_flags import job_flag, json_flag, online_flag, run_id_flag
from batchreset.cli.carrying_out import around
from batchreset.cli.environment import environment
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import Terminal, command_log, setting_flags, terminal_flags
from batchreset.cli.saying import tell
from batchreset.cli.streams import standard_input
from batchreset.settings.sources import load_settings
from batchreset.wiring.planning import NewRun, new_run_id, plan_run
from batchreset.wiring.summary import plan_lines


@click.command(cls=HelpedCommand)
@click.argument("input_path", metavar="[INPUT]", required=False)
@job_flag
@run_id_flag
@online_flag
@json_flag
@terminal_flags
@setting_flags
def plan(
    *,
    input_path: str | None,
    job: Path | None,
    run_id: str | None,
    online: bool,
    as_json: bool,
    terminal: Terminal,
    flags: Mapping[str, object],
) -> int:
    """Check the input and freeze a plan; sends no reset. Without --online it sends nothing at all.

    Prints the run's folder, which `batchreset apply` takes.
    """
    given = {"input.path": input_path, **flags}
    with announcing(terminal, flags=given, job_file=job, silent=True) as told:
        settings = told.begin(load_settings(flags=given, environ=environment(), job_file=job))
    now = dt.datetime.now(dt.UTC)
    with command_log(terminal, "plan") as log, around(terminal, online=online) as reading:
        new_id = new_run_id(now) if run_id is None else run_id
        new = NewRun(run_id=new_id, now=now, recent_too=False, online=reading)
        planned = plan_run(settings, new, environ=environment(), stdin=standard_input())
        log.info("plan.made", folder=str(planned.folder.path), to_reset=planned.reset_count, sha256=planned.plan_sha256)
    terminal.say(*plan_lines(planned))
    if as_json:
        tell(json.dumps({"run_id": planned.folder.run_id, "folder": str(planned.folder.path), **planned.facts}))
    else:
        tell(planned.folder.path)
    terminal.say(
        f"carry it out with: {planned.apply_command}",
        f"or, this plan and no other: {planned.apply_command} --plan-sha256 {planned.plan_sha256}",
    )
    return 0
