"""`apply`: carry out a plan, or carry on with a run."""

from collections.abc import Mapping
from pathlib import Path

import click

from batchreset.adapters.run_folder import find_folder
from batchreset.cli.announcing import announcing
from batchreset.cli.carrying_flags import again_flag, dry_run_flag, json_flag, yes_flag
from batchreset.cli.carrying_out import Choices, confirm_and_apply, report
from batchreset.cli.environment import environment
from batchreset.cli.help import HelpedCommand
from batchreset.cli.options import Terminal, run_argument, runs_dir_flag, section_flags, terminal_flags
from batchreset.core.outcome import Reason
from batchreset.core.take_up import TakeUp
from batchreset.errors import SettingsError
from batchreset.settings.explain import LONGEST_WORD_SHOWN
from batchreset.settings.names import nearest
from batchreset.wiring.applying import summary_of
from batchreset.wiring.audience import NAMES
from batchreset.wiring.cluster import sent_as_given
from batchreset.wiring.concluding import Around
from batchreset.wiring.frozen import read_frozen, standing
from batchreset.wiring.unchanged import check_it_is_the_plan, check_plan_is_unchanged


@click.command(cls=HelpedCommand)
@run_argument
@click.option("--retry-failed", is_flag=True, help="Take the failed rows up again, too.")
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="REASON",
    help="With --retry-failed: only those that failed for this reason, such as forbidden. May be repeated.",
)
@click.option("--plan-sha256", metavar="HEX", help="Refuse any other plan than the one of this SHA-256.")
@click.option("--old-plan", is_flag=True, help="Go on although the plan is older than 24 hours.")
@yes_flag
@dry_run_flag
@again_flag
@json_flag
@runs_dir_flag
@terminal_flags
@section_flags(*NAMES, "cluster")
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
    flags: Mapping[str, object],
) -> int:
    """Carry out a plan, or carry on with a run that was interrupted or stopped.

    Rows in doubt are taken up again, with a new password; rows that succeeded never are. The run keeps the settings it
    was planned with; secrets come anew from the environment, those in addresses of notices and pings too, and the
    protected lists are read anew. Who sends (--cluster, --cluster none) may be said anew, for this once.
    """
    take_up = TakeUp(in_doubt=True, failed=retry_failed, reasons=_reasons(reasons, retry_failed=retry_failed))
    with announcing(terminal, flags=flags, job_file=None, silent=dry_run) as told:
        planned = read_frozen(find_folder(run_name, runs_dir))
        told.begin_again(planned)
        planned = sent_as_given(planned, flags=flags, environ=environment())
        if plan_sha256 is not None:
            check_plan_is_unchanged(planned)
            check_it_is_the_plan(planned, plan_sha256)
        choices = Choices(
            yes=yes, dry_run=dry_run, again=again, as_json=as_json, terminal=terminal, told=told, old_plan=old_plan
        )
        now = standing(planned)
        if not now.rows_to_send(take_up):
            return report(summary_of(planned, around=Around(say=choices.terminal.say)), choices, repeated=True)
        return confirm_and_apply(planned, take_up, choices, now)


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
