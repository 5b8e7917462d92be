"""The command line's door: commands are imported when they are asked for; the process exits here and nowhere else."""

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn, TextIO, cast

import click

from batchreset import __version__
from batchreset.cli.ending import ending_in_order
from batchreset.cli.environment import COMPLETE, hold_secrets_back
from batchreset.cli.prepared_help import prepared_help
from batchreset.cli.saying import tell
from batchreset.cli.streams import stand_in_for_closed
from batchreset.cli.telling import interrupted, is_interruption, tell_places_only, unexpected
from batchreset.cli.usage import TELLING, told
from batchreset.cli.wrapping import tell_people
from batchreset.errors import BatchresetError, ExitCode, RefusedError
from batchreset.undumped import never_dumped

_COMMANDS: Final = {
    "run": "batchreset.cli.run:run",
    "plan": "batchreset.cli.plan:plan",
    "apply": "batchreset.cli.apply:apply",
    "roster": "batchreset.cli.roster:roster",
    "status": "batchreset.cli.status:status",
    "results": "batchreset.cli.results:results",
    "report": "batchreset.cli.report:report",
    "handover": "batchreset.cli.handover:handover",
    "reconcile": "batchreset.cli.reconcile:reconcile",
    "notify": "batchreset.cli.notify:notify",
    "auth": "batchreset.cli.auth:auth",
    "simulate": "batchreset.cli.simulate:simulate",
    "demo": "batchreset.cli.demo:demo",
    "completion": "batchreset.cli.completion:completion",
}
_NOT_OURS: Final = ("pygments", "rich", "trio")
"""Libraries that structlog, httpx and httpcore import where they happen to be installed, to colour what this program
never shows and for a loop that it never uses: a sixth of the time until a run begins."""
_HELP: Final = frozenset({"-h", "--help", "--version"})
_SHORT_HELP: Final = {
    "run": "Plan, show, confirm, apply, report.",
    "plan": "Check the input and freeze a plan; sends no reset.",
    "apply": "Carry out a plan, or carry on with a run that was interrupted.",
    "roster": "Write an input file of customers' users; sends no reset.",
    "status": "What has been done, also while it runs.",
    "results": "Write the results file again, in any format.",
    "report": "Write the report for people, also while it runs.",
    "handover": "Open the sealed passwords.",
    "reconcile": "Compare with Partner Center's own records; settles rows in doubt.",
    "notify": "Send a test notice to the addresses of [output] notify.",
    "auth": "Sign in once, see who is signed in, sign out.",
    "simulate": "Partner Center on this machine, with faults on demand.",
    "demo": "A whole run against the simulator, nothing to configure.",
    "completion": "The script by which a shell completes these words.",
}


class _Commands(click.Group):
    """Imports a command when it is called, so that `--help` and `--version` stay fast."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        with _nothing_thrown_away():
            command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SHORT_HELP.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="batchreset")
def cli() -> None:
    """Reset many customers' passwords through the Microsoft Partner Center API: nothing lost, nothing leaked,
    nothing done twice.

    Start with `batchreset demo`. RUN is the path of a run's folder, or its id.
    """  # noqa: D205  one sentence on two lines, as click shows it


@contextlib.contextmanager
def _nothing_thrown_away() -> Iterator[None]:
    """What is imported stays: nobody looks through it for garbage meanwhile, nor each time that a run's own is looked
    for.
    """  # noqa: D205  one sentence on two lines
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main() -> None:
    """The `batchreset` program."""
    stand_in_for_closed()
    _leave_out_what_is_not_ours()
    if asked := os.environ.get(COMPLETE):
        _complete(asked)
    _keep_secrets_in_memory()
    hold_secrets_back()
    tell_places_only()
    code = _exit_code()
    for stream in (sys.stdout, sys.stderr):
        _let_go_of(stream)
    # The interpreter would look through all that was ever imported before it ends: a fifth of a second.
    gc.freeze()
    sys.exit(code)


def _leave_out_what_is_not_ours() -> None:
    for name in _NOT_OURS:
        # So Python's import system is told that there is no such module.
        sys.modules.setdefault(name, cast("ModuleType", None))
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _complete(asked: str) -> NoReturn:
    from batchreset.cli.completing import answer  # noqa: PLC0415  only for a shell that asks

    with contextlib.suppress(OSError):
        click.echo(answer(asked))
    sys.exit(ExitCode.OK)


def _let_go_of(stream: TextIO | None) -> None:
    """Write out what is buffered; when its reader has gone, the interpreter must not end with a code of its own."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def _exit_code() -> int:
    try:
        with ending_in_order():
            _refuse_lost_folder(sys.argv[1:])
            if (text := prepared_help(sys.argv[1:], click.Context(cli, **cli.context_settings))) is not None:
                tell(text)
                return ExitCode.OK
            returned = cli.main(prog_name="batchreset", standalone_mode=False)
    except BatchresetError as error:
        tell_people(error.lines(), err=True)
        return error.exit_code
    except click.Abort:
        tell_people(interrupted(), err=True)
        return ExitCode.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return ExitCode.REFUSED
    except click.UsageError as error:
        tell_people(told(error), err=True)
        if not TELLING.isdisjoint(sys.argv[1:2]):
            from batchreset.cli.announcing import announce_refused_words  # noqa: PLC0415  not for every --help

            announce_refused_words(error, sys.argv[1:])
        return ExitCode.REFUSED
    except BaseException as error:  # noqa: BLE001  the one door: everything is told, nothing passes; not panics either
        if is_interruption(error):
            tell_people(interrupted(), err=True)
            return ExitCode.INTERRUPTED
        tell_people(unexpected(error), err=True)
        return ExitCode.UNEXPECTED
    return returned if isinstance(returned, int) else ExitCode.OK


def _refuse_lost_folder(words: list[str]) -> None:
    """Paths that commands are given, and the runs' folder, start there. Raises RefusedError."""
    if not words or not _HELP.isdisjoint(words):
        return
    try:
        Path.cwd()
    except OSError as error:
        raise RefusedError(
            f"the folder that this was started in is gone ({error.strerror})",
            next_step="change to a folder that is there, then start it again",
        ) from error


def _keep_secrets_in_memory() -> None:
    """Files private from their first moment, and no core dump of a process that holds passwords."""
    os.umask(0o077)
    never_dumped()
