"""`run`: the main job in one command."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import click

from batchreset.adapters.run_folder import RunFolder, check_run_id
from batchreset.cli.announcing import announcing
from batchreset.cli.carrying_flags import (
    again_flag,
    dry_run_flag,
    job_flag,
    json_flag,
    online_flag,
    run_id_flag,
    yes_flag,
)
from batchreset.cli.carrying_out import Choices, around, confirm_and_apply, report
from batchreset.cli.environment import environment
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import Terminal, setting_flags, terminal_flags
from batchreset.cli.streams import is_terminal, standard_input
from batchreset.core.take_up import TakeUp
from batchreset.errors import InputError, PlanRefusedError
from batchreset.settings.model import Settings
from batchreset.settings.sources import load_settings
from batchreset.wiring.applying import summary_of
from batchreset.wiring.cluster import access_of, sent_as_given
from batchreset.wiring.concluding import Around
from batchreset.wiring.frozen import FrozenRun, read_frozen, standing
from batchreset.wiring.online import DRY_RUN_LINE
from batchreset.wiring.planning import NewRun, new_run_id, plan_run, runs_dir_of, same_input
from batchreset.wiring.recent import begun_before


@click.command(cls=HelpedCommand)
@click.argument("input_path", metavar="[INPUT]", required=False)
@job_flag
@run_id_flag
@yes_flag
@dry_run_flag
@online_flag
@again_flag
@json_flag
@terminal_flags
@setting_flags
def run(
    *,
    input_path: str | None,
    job: Path | None,
    run_id: str | None,
    yes: bool,
    dry_run: bool,
    online: bool,
    again: bool,
    as_json: bool,
    terminal: Terminal,
    flags: Mapping[str, object],
) -> int:
    """Plan, show, confirm, apply, report.

    INPUT is a table (CSV, NDJSON, Parquet, Excel) with the columns customer-tenant-id, user-id and
    forceChangePassword; "-" is standard input. A setting's flag counts before its variable (BATCHRESET_SECTION__KEY),
    that before the job file, and that before the default.
    """
    given = {"input.path": input_path, **flags}
    with announcing(terminal, flags=given, job_file=job, silent=dry_run) as told:
        settings = told.begin(load_settings(flags=given, environ=environment(), job_file=job))
        choices = Choices(yes=yes, dry_run=dry_run, again=again, as_json=as_json, terminal=terminal, told=told)
        existing = _existing(run_id, settings)
        if existing is not None:
            return _run_again(sent_as_given(existing, flags=flags, environ=environment()), settings, choices)
        _refuse_without_terminal(settings, yes=yes or dry_run)
        return confirm_and_apply(_planned(settings, run_id, choices, online=online), TakeUp(), choices)


def _planned(settings: Settings, run_id: str | None, choices: Choices, *, online: bool) -> FrozenRun:
    now, terminal, dry_run = dt.datetime.now(dt.UTC), choices.terminal, choices.dry_run
    access_of(settings)  # of millions of rows a plan takes minutes
    if online and dry_run:
        terminal.say(DRY_RUN_LINE)
    with around(terminal, online=online and not dry_run) as reading:
        new_id = new_run_id(now) if run_id is None else run_id
        new = NewRun(run_id=new_id, now=now, again=choices.again, online=reading, unread=online and dry_run)
        planned = plan_run(settings, new, environ=environment(), stdin=standard_input())
    if (before := begun_before(planned)) is not None:
        terminal.say(
            f"note: the run {before.folder.run_id} of the same accounts was not finished; `{before.apply_command}`"
            " carries it on, and resets nobody twice"
        )
    return planned


def _existing(run_id: str | None, settings: Settings) -> FrozenRun | None:
    """The run of that id, when it has a whole plan. Raises SettingsError: it can be no id."""
    if run_id is None:
        return None
    check_run_id(run_id)
    folder = RunFolder(runs_dir_of(settings) / run_id)
    return read_frozen(RunFolder(folder.path.resolve())) if folder.holds_plan else None


def _run_again(run_: FrozenRun, settings: Settings, choices: Choices) -> int:
    choices.told.run = run_
    now = standing(run_)
    _refuse_other_input(run_, settings.input.path, finished=not now.rows_left)
    if not now.rows_left or now.stopped_by_safety:
        return report(summary_of(run_, around=Around(say=choices.terminal.say)), choices, repeated=True)
    choices.terminal.say(f"continuing the run {run_.folder.run_id} with the settings it was planned with")
    return confirm_and_apply(run_, TakeUp(), choices, now)


def _refuse_other_input(run_: FrozenRun, path: str, *, finished: bool) -> None:
    """A fixed run id with a new input (a cron job's) must not look as if the new one had been carried out."""
    if not path or (finished and path != "-" and not Path(path).exists()):
        return
    if not same_input(run_, path, stdin=standard_input()):
        raise InputError(
            f"the run {run_.folder.run_id} exists already and was planned from another input"
            f" ({run_.input_source}, SHA-256 {run_.input_sha256[:12]}…) than {path}",
            next_step=f"choose another --run-id; or continue that run with `{run_.apply_command}`",
        )


def _refuse_without_terminal(settings: Settings, *, yes: bool) -> None:
    if yes or (is_terminal() and settings.input.path != "-"):
        return
    raise PlanRefusedError(
        "there is no terminal to confirm on; nothing was planned and nothing was sent",
        next_step="give --yes if the accounts in the input really are to be reset, or --dry-run to try it",
    )
