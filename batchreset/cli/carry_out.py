"""`run`, `plan` and `apply`: the commands that lead to passwords being changed."""

import contextlib
import datetime as dt
import json
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import click

from batchreset.adapters.run_folder import RunFolder, check_run_id, find_folder
from batchreset.cli.environment import environment
from batchreset.cli.options import Terminal, command_log, runs_dir_flag, setting_flags, tell, terminal_flags
from batchreset.core.frozen_plan import age, is_old
from batchreset.core.outcome import Reason
from batchreset.core.take_up import TakeUp
from batchreset.errors import InputError, PlanRefusedError, SettingsError, sentence
from batchreset.settings.explain import LONGEST_WORD_SHOWN
from batchreset.settings.model import Settings
from batchreset.settings.names import nearest
from batchreset.settings.sources import load_settings
from batchreset.wiring.applying import How, summary_of
from batchreset.wiring.applying import apply as carry_out
from batchreset.wiring.frozen import (
    FrozenRun,
    check_it_is_the_plan,
    check_plan_is_unchanged,
    read_frozen,
    standing,
)
from batchreset.wiring.online import DRY_RUN_LINE
from batchreset.wiring.planning import NewRun, new_run_id, plan_run, runs_dir_of, same_input
from batchreset.wiring.reading import Around
from batchreset.wiring.recent import begun_before
from batchreset.wiring.summary import plan_lines, summary_lines

_JOB = click.option("--job", type=click.Path(dir_okay=False, path_type=Path), help="Settings from this TOML file.")
_RUN_ID = click.option("--run-id", help="The run's name and folder; the same one again continues that run.")
_YES = click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Everything but the requests.")
_AGAIN = click.option("--again", is_flag=True, help="Although the same accounts were reset in the last 24 hours.")
_ONLINE = click.option(
    "--online", is_flag=True, help="Read each account first: deleted, federated, synced, privileged, or not there."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")


@click.command()
@click.argument("input_path", metavar="[INPUT]", required=False)
@_JOB
@_RUN_ID
@_YES
@_DRY_RUN
@_ONLINE
@_AGAIN
@_JSON
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
    forceChangePassword; "-" is standard input. Settings: flag over environment (BATCHRESET_SECTION__KEY) over job
    file over default.
    """
    settings = load_settings(flags={"input.path": input_path, **flags}, environ=environment(), job_file=job)
    choices = _Choices(yes=yes, dry_run=dry_run, again=again, as_json=as_json, terminal=terminal)
    existing = _existing(run_id, settings)
    if existing is not None:
        return _run_again(existing, settings, choices)
    _refuse_without_terminal(settings, yes=yes or dry_run)
    now = dt.datetime.now(dt.UTC)
    if online and dry_run:
        terminal.say(DRY_RUN_LINE)
    with _around(terminal, online=online and not dry_run) as around:
        new_id = new_run_id(now) if run_id is None else run_id
        new = NewRun(run_id=new_id, now=now, again=again, online=around, unread=online and dry_run)
        planned = plan_run(settings, new, environ=environment(), stdin=_stdin())
    if (before := begun_before(planned)) is not None:
        terminal.say(
            f"note: the run {before.folder.run_id} of the same accounts was not finished; `{before.apply_command}`"
            " carries it on, and resets nobody twice"
        )
    return _confirm_and_apply(planned, TakeUp(), choices)


@click.command()
@click.argument("input_path", metavar="[INPUT]", required=False)
@_JOB
@_RUN_ID
@_ONLINE
@_JSON
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
    settings = load_settings(flags={"input.path": input_path, **flags}, environ=environment(), job_file=job)
    now = dt.datetime.now(dt.UTC)
    with _around(terminal, online=online) as around:
        new_id = new_run_id(now) if run_id is None else run_id
        new = NewRun(run_id=new_id, now=now, recent_too=False, online=around)
        planned = plan_run(settings, new, environ=environment(), stdin=_stdin())
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


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--retry-failed", is_flag=True, help="Take the failed rows up again, too.")
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="REASON",
    help="With --retry-failed: only those that failed for this reason, such as forbidden. May be repeated.",
)
@click.option("--plan-sha256", metavar="HEX", help="Refuse any other plan than the one of this SHA-256.")
@click.option("--old-plan", is_flag=True, help="Although the plan is older than 24 hours.")
@_YES
@_DRY_RUN
@_AGAIN
@_JSON
@runs_dir_flag
@terminal_flags
def apply(
    *,
    run_name: str,
    retry_failed: bool,
    reasons: tuple[str, ...],
    plan_sha256: str | None,
    old_plan: bool,
    yes: bool,
    dry_run: bool,
    again: bool,
    as_json: bool,
    runs_dir: Path,
    terminal: Terminal,
) -> int:
    """Carry out a plan, or carry on with a run that was interrupted or stopped.

    Rows in doubt are taken up again, with a new password; rows that succeeded never are. The run keeps the settings it
    was planned with; secrets come anew from the environment, and the protected lists are read anew.
    """
    take_up = TakeUp(in_doubt=True, failed=retry_failed, reasons=_reasons(reasons, retry_failed=retry_failed))
    planned = read_frozen(find_folder(run_name, runs_dir))
    if plan_sha256 is not None:
        check_plan_is_unchanged(planned)
        check_it_is_the_plan(planned, plan_sha256)
    choices = _Choices(yes=yes, dry_run=dry_run, again=again, as_json=as_json, terminal=terminal, old_plan=old_plan)
    if not standing(planned).rows_to_send(take_up):
        return _report(summary_of(planned), choices)
    return _confirm_and_apply(planned, take_up, choices)


@contextlib.contextmanager
def _around(terminal: Terminal, *, online: bool) -> Iterator[Around | None]:
    """What reading users has around it; None where nothing is read."""
    if not online:
        yield None
        return
    with command_log(terminal, "online") as log:
        yield Around(environ=environment(), log=log, say=terminal.say)


def _reasons(named: tuple[str, ...], *, retry_failed: bool) -> frozenset[Reason]:
    """Raises SettingsError: there is no such reason, or nothing that it could narrow down."""
    if named and not retry_failed:
        raise SettingsError(
            "--reason says which of the failed rows are taken up again, and --retry-failed is not given",
            next_step="give --retry-failed too, or leave --reason out",
        )
    words = [reason.value for reason in Reason]
    for name in named:
        if name not in words:
            right = nearest(name, words)
            shown = repr(name) if len(name) <= LONGEST_WORD_SHOWN else "of a text that is not shown"
            raise SettingsError(
                f"--reason: there is no reason {shown}{f'; did you mean {right}?' if right else ''}",
                next_step="give one that stands in the results file's column reason, such as forbidden or throttled",
            )
    return frozenset(map(Reason, named))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    yes: bool
    dry_run: bool
    again: bool
    as_json: bool
    terminal: Terminal
    old_plan: bool = False


def _existing(run_id: str | None, settings: Settings) -> FrozenRun | None:
    """The run of that id, when it has a whole plan. Raises SettingsError: it can be no id."""
    if run_id is None:
        return None
    check_run_id(run_id)
    folder = RunFolder(runs_dir_of(settings) / run_id)
    return read_frozen(RunFolder(folder.path.resolve())) if folder.holds_plan else None


def _run_again(run_: FrozenRun, settings: Settings, choices: _Choices) -> int:
    now = standing(run_)
    _refuse_other_input(run_, settings.input.path, finished=not now.rows_left)
    if not now.rows_left or now.stopped_by_safety:
        return _report(summary_of(run_), choices)
    choices.terminal.say(f"continuing the run {run_.folder.run_id} with the settings it was planned with")
    return _confirm_and_apply(run_, TakeUp(), choices)


def _refuse_other_input(run_: FrozenRun, path: str, *, finished: bool) -> None:
    """A fixed run id with a new input (a cron job's) must not look as if the new one had been carried out."""
    if not path or (finished and path != "-" and not Path(path).exists()):
        return
    if not same_input(run_, path, stdin=_stdin()):
        raise InputError(
            f"the run {run_.folder.run_id} exists already and was planned from another input"
            f" ({run_.input_source}, SHA-256 {run_.input_sha256[:12]}…) than {path}",
            next_step=f"choose another --run-id; or continue that run: {run_.apply_command}",
        )


def _confirm_and_apply(planned: FrozenRun, take_up: TakeUp, choices: _Choices) -> int:
    terminal, now = choices.terminal, standing(planned)
    check_plan_is_unchanged(planned)
    terminal.say(*plan_lines(planned))
    if not choices.dry_run:
        # Whoever has begun it has looked at it; a plan that has lain about is looked at again.
        old = now.last is None and not choices.old_plan and _age_if_old(planned)
        if old or not choices.yes:
            _confirm(planned, now.rows_to_send(take_up), old=old or None)
    how = How(
        take_up=take_up,
        dry_run=choices.dry_run,
        again=choices.again,
        log_files=terminal.log_files,
        log_level=terminal.log_level,
        stderr=sys.stderr,
        shown=terminal.shown,
        display=terminal,
    )
    return _report(carry_out(planned, how, environ=environment()), choices)


def _age_if_old(planned: FrozenRun) -> str | None:
    now = dt.datetime.now(dt.UTC)
    return age(planned.planned_at, now) if is_old(planned.planned_at, now) else None


def _confirm(planned: FrozenRun, accounts: int, *, old: str | None) -> None:
    """Have the number of accounts typed. `old`: how old the plan is, if that has to be said."""
    if old and not _is_terminal():
        raise PlanRefusedError(
            f"the plan was made {old} ago, and nobody has begun it; nothing was sent",
            next_step=f"plan again; or, if it still holds, carry it out with: {planned.apply_command} --yes --old-plan",
        )
    if not _is_terminal():
        raise PlanRefusedError(
            "there is no terminal to confirm on",
            next_step=f"look at the plan, then carry it out with: {planned.apply_command} --yes",
        )
    # polars has interrupted reads go on (SA_RESTART): Ctrl-C would be heard only after the next Enter.
    signal.siginterrupt(signal.SIGINT, True)
    if old:
        click.echo(f"This plan was made {old} ago.", err=True)
    click.echo(f"Type the number of accounts ({accounts}) to reset their passwords: ", nl=False, err=True)
    typed = sys.stdin.readline().strip()
    if typed not in {str(accounts), f"{accounts:,}"}:
        raise PlanRefusedError(
            f"not confirmed: {accounts} accounts would be reset, {typed!r} was typed; nothing was sent",
            next_step=f"the plan is kept; carry it out with: {planned.apply_command}",
        )


def _stdin() -> BinaryIO | None:
    """None where it is closed, as some daemons have it."""
    return sys.stdin.buffer if sys.stdin else None


def _is_terminal() -> bool:
    return bool(sys.stdin) and sys.stdin.isatty()


def _refuse_without_terminal(settings: Settings, *, yes: bool) -> None:
    if yes or (_is_terminal() and settings.input.path != "-"):
        return
    raise PlanRefusedError(
        "there is no terminal to confirm on; nothing was planned and nothing was sent",
        next_step="give --yes if the accounts in the input really are to be reset, or --dry-run to try it",
    )


def _report(summary: Mapping[str, Any], choices: _Choices) -> int:
    tell(json.dumps(summary, indent=2) if choices.as_json else "\n".join(summary_lines(summary)))
    if summary["stop"]:
        tell(f"error: {sentence(summary['stop']['what'])}", err=True)
        tell(f"what to do: {sentence(summary['stop']['next_step'])}", err=True)
    return int(summary["exit_code"])
