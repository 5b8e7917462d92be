"""What `run` and `apply` have in common: show the plan, have it confirmed, carry it out, tell what came of it."""

import contextlib
import datetime as dt
import json
import os
import select
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import click

from batchreset.cli.environment import environment
from batchreset.cli.options import Terminal, command_log
from batchreset.cli.saying import tell, tell_lines
from batchreset.cli.streams import is_terminal
from batchreset.core.frozen_plan import age, is_old
from batchreset.core.take_up import TakeUp
from batchreset.errors import PlanRefusedError, sentence
from batchreset.wiring.announcing import Announcement
from batchreset.wiring.applying import How
from batchreset.wiring.applying import apply as carry_out
from batchreset.wiring.cluster import access_of, warnings_of
from batchreset.wiring.frozen import FrozenRun, Standing, standing
from batchreset.wiring.reading import Around
from batchreset.wiring.sign_in import nobody_has_signed_in
from batchreset.wiring.summary import plan_lines, summary_lines
from batchreset.wiring.unchanged import check_plan_is_unchanged

_TYPED_AT_ONCE: Final = 4_096
_SIGNALS_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a command was told to do.

    Attributes:
        told: hears how it ends.
    """

    yes: bool
    dry_run: bool
    again: bool
    as_json: bool
    terminal: Terminal
    told: Announcement
    old_plan: bool = False


@contextlib.contextmanager
def around(terminal: Terminal, *, online: bool) -> Iterator[Around | None]:
    """What reading users has around it; None where nothing is read."""
    if not online:
        yield None
        return
    with command_log(terminal, "online") as log:
        yield Around(environ=environment(), log=log, say=terminal.say)


def confirm_and_apply(planned: FrozenRun, take_up: TakeUp, choices: Choices, now: Standing | None = None) -> int:
    """Where the run stands `now` takes seconds to find out, of millions of rows: whoever knows it says so."""
    choices.told.run = planned
    terminal, now = choices.terminal, now or standing(planned)
    check_plan_is_unchanged(planned)
    access_of(planned.settings)  # before anybody types a number
    terminal.say(*(f"warning: {warning}" for warning in warnings_of(planned.settings)), *plan_lines(planned))
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
        say=terminal.say,
        display=terminal,
    )
    return report(carry_out(planned, how, environ=environment()), choices)


def _age_if_old(planned: FrozenRun) -> str | None:
    now = dt.datetime.now(dt.UTC)
    return age(planned.planned_at, now) if is_old(planned.planned_at, now) else None


def _confirm(planned: FrozenRun, accounts: int, *, old: str | None) -> None:
    """Have the number of accounts typed. `old`: how old the plan is, if that has to be said."""
    if old and not is_terminal():
        raise PlanRefusedError(
            f"the plan was made {old} ago, and nobody has begun it; nothing was sent",
            next_step=f"plan again; or, if it still holds, carry it out with"
            f" `{planned.apply_command} --yes --old-plan`",
        )
    if not is_terminal():
        raise PlanRefusedError(
            "there is no terminal to confirm on",
            next_step=f"look at the plan, then carry it out with `{planned.apply_command} --yes`",
        )
    if old:
        click.echo(f"This plan was made {old} ago.", err=True)
    if nobody_has_signed_in(planned.settings, environment()):
        click.echo(
            "Nobody has signed in yet: the run will end before its first request (`batchreset auth login`).", err=True
        )
    click.echo(f"Type the number of accounts ({accounts}) to reset their passwords: ", nl=False, err=True)
    typed = _typed()
    if typed not in {str(accounts), f"{accounts:,}"}:
        raise PlanRefusedError(
            f"not confirmed: {accounts} accounts would be reset, {typed!r} was typed; nothing was sent",
            next_step=f"look at the plan again, which is kept; carry it out with `{planned.apply_command}`",
        )


def _typed() -> str:
    """A line of the terminal, or what was typed when it ended. Ctrl-C is heard whenever it comes.

    Between Python's last look for signals and a read there is a moment in which one only leaves a note, and polars has
    interrupted reads go on (SA_RESTART); a byte in a pipe waits.
    """
    typed, terminal = b"", sys.stdin.fileno()
    heard, hears = os.pipe()
    os.set_blocking(hears, False)
    before = signal.set_wakeup_fd(hears)
    try:
        while not typed.endswith(b"\n"):
            ready, _, _ = select.select([terminal, heard], [], [])
            if heard in ready:
                os.read(heard, _SIGNALS_AT_ONCE)
            if terminal in ready:
                more = _more(terminal)
                if not more:
                    break
                typed += more
    finally:
        signal.set_wakeup_fd(before)
        os.close(heard)
        os.close(hears)
    return typed.decode(errors="replace").strip()


def _more(terminal: int) -> bytes:
    try:
        return os.read(terminal, _TYPED_AT_ONCE)
    except OSError:
        return b""  # it was closed


def report(summary: Mapping[str, Any], choices: Choices, *, repeated: bool = False) -> int:
    """Tell what came of it; the exit code. `repeated`: nothing was done this time."""
    choices.told.heard(summary, repeated=repeated)
    if choices.as_json:
        tell(json.dumps(summary, indent=2))
    else:
        tell_lines(summary_lines(summary, repeated=repeated))
    if summary["stop"]:
        lines = (f"error: {sentence(summary['stop']['what'])}", f"what to do: {sentence(summary['stop']['next_step'])}")
        tell_lines(lines, err=True)
    return int(summary["exit_code"])
