"""A command that tells how it ended, also where it ends by an error: that is what nobody would hear of otherwise."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from batchreset.cli.ending import Ended
from batchreset.cli.environment import environment
from batchreset.cli.options import Terminal
from batchreset.cli.streams import is_terminal
from batchreset.cli.telling import is_interruption
from batchreset.cli.usage import TELLING
from batchreset.core.notice import Ending
from batchreset.errors import BatchresetError, ExitCode
from batchreset.wiring.announcing import Announcement, Given

_SEE_DETAILS: Final = (
    "see what it wrote to standard error (cron's mail, the journal, the CI log): all of it stands there"
)


@contextlib.contextmanager
def announcing(
    terminal: Terminal, *, flags: Mapping[str, object], job_file: Path | None, silent: bool
) -> Iterator[Announcement]:
    """Around all that the command does, settings and all. `silent`: nobody is told (a dry run)."""
    given = Given(flags=flags, environ=environment(), job_file=job_file, silent=silent)
    announcement = Announcement(given, terminal)
    try:
        yield announcement
    except BaseException as error:
        run = announcement.run
        announcement.end(ending_of(error, carry_on=None if run is None else run.apply_command))
        raise
    announcement.end(None)


def announce_refused_words(error: click.UsageError, words: Sequence[str]) -> None:
    """That the command line itself was refused, which leaves no settings to ask but the environment's and the job's.

    Whoever sits at a terminal has seen it.
    """
    if TELLING.isdisjoint(words[:1]) or is_terminal() or "--dry-run" in words:
        return
    given = Given(flags={}, environ=environment(), job_file=_job_in(words), silent=False)
    Announcement(given, Terminal(verbosity=0, color=False, log_files=())).end(ending_of(error))


def _job_in(words: Sequence[str]) -> Path | None:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--job" and following:
            return Path(following)
        if word.startswith("--job="):
            return Path(word.removeprefix("--job="))
    return None


def ending_of(error: BaseException, *, carry_on: str | None = None) -> Ending:
    """What an error that ends a command is told as; as `cli.main` will put it in an exit code.

    `carry_on`: the command that carries the run on; None: there is no run yet.
    """
    status = "no run was planned yet, and nothing was sent: start it again when it suits"
    if carry_on is not None:
        status = (
            f"see with `{carry_on.replace(' apply ', ' status ', 1)}` what was done, then carry it on with `{carry_on}`"
        )
    match error:
        case BatchresetError():
            # Details quote the input; and what to do about them speaks of lines that stand there.
            next_step = _SEE_DETAILS if error.details else error.next_step
            return Ending(exit_code=error.exit_code, what=error.what, next_step=next_step)
        case Ended():
            return Ending(exit_code=ExitCode.TERMINATED, what=f"{error.name} was received", next_step=status)
        case click.Abort():
            return Ending(exit_code=ExitCode.INTERRUPTED, what="it was interrupted", next_step=status)
        case _ if is_interruption(error):
            return Ending(exit_code=ExitCode.INTERRUPTED, what="it was interrupted", next_step=status)
        case click.ClickException():
            return Ending(exit_code=ExitCode.REFUSED, what="the command line was refused", next_step=_SEE_DETAILS)
        case _:
            # Its text may carry what was being sent.
            return Ending(
                exit_code=ExitCode.UNEXPECTED,
                what=f"an unexpected {type(error).__name__} ended it; this is a bug",
                next_step=f"see what it wrote to standard error; {status}",
            )
