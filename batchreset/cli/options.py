"""Options that several commands share. A setting's flag is made from the setting itself: one name, one text."""

import contextlib
import functools
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO, get_origin

import click

from batchreset.cli.help import SETTING
from batchreset.cli.wrapping import tell_people
from batchreset.core.events import EventLog
from batchreset.core.progress import Progress
from batchreset.errors import SettingsError
from batchreset.settings.explain import choices
from batchreset.settings.names import SETTINGS, flag_of

Decorated = Callable[..., Any]

_LONGEST_WORDS: Final = 24
"""Longer ones would push all descriptions aside; each description names them too."""


def setting_flags(command: Decorated) -> Decorated:
    """A flag for every setting; the command gets `flags`: dotted name to value, None where not given."""
    return _flags_for(command, [name for name in SETTINGS if flag_of(name)])


def section_flags(*wanted: str) -> Callable[[Decorated], Decorated]:
    """As `setting_flags`, for the settings of these sections, and for those that are named themselves."""
    names = [name for name in SETTINGS if flag_of(name) and not {name, name.partition(".")[0]}.isdisjoint(wanted)]
    return lambda command: _flags_for(command, names)


def _flags_for(command: Decorated, names: Sequence[str]) -> Decorated:
    @functools.wraps(command)
    def collect(**given: Any) -> Any:
        flags = {name: given.pop(_parameter(name)) for name in names}
        return command(flags={name: value or None if value == () else value for name, value in flags.items()}, **given)

    decorated: Decorated = collect
    for name in reversed(names):
        decorated = _setting_flag(name)(decorated)
    return decorated


def _setting_flag(name: str) -> Callable[[Decorated], Decorated]:
    field = SETTINGS[name]
    flag = flag_of(name) or ""
    annotation = field.annotation
    multiple = get_origin(annotation) is tuple
    marks = [name, *(["may be repeated"] if multiple else []), *_default_shown(field.default)]
    text = f"{field.description}  [{'; '.join(marks)}]"
    if annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", _parameter(name), default=None, help=text)
    kind = annotation if annotation in {int, float} else str
    # The words that it may hold are shown, and checked where those of a job file are.
    words = "|".join(choices(field))
    shown = None if not words else words if len(words) <= _LONGEST_WORDS else "WORD"
    return click.option(flag, _parameter(name), type=kind, multiple=multiple, default=None, metavar=shown, help=text)


def _default_shown(default: object) -> Iterator[str]:
    match default:
        case bool():
            yield f"default: {'yes' if default else 'no'}"
        case "" | None | ():
            return
        case tuple():
            yield f"default: {', '.join(map(str, default))}"
        case float():
            yield f"default: {default:g}"
        case _:
            yield f"default: {default}"


def _parameter(name: str) -> str:
    return SETTING + name.replace(".", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """How to talk to whoever runs this.

    Attributes:
        verbosity: 0 as usual, 1 and 2 for more events on standard error, -1 for errors only.
        color: whether colour may be used.
        log_files: further log files.
    """

    verbosity: int
    color: bool
    log_files: tuple[Path, ...]

    @property
    def log_level(self) -> int:
        """Least level of the log files."""
        return logging.DEBUG if self.verbosity > 1 else logging.INFO

    @property
    def shown(self) -> int:
        """Least level of events on standard error."""
        levels = {-1: logging.CRITICAL, 0: logging.ERROR, 1: logging.INFO}
        return levels.get(self.verbosity, logging.DEBUG)

    @property
    def draws(self) -> bool:
        """Whether there is a terminal to draw progress on."""
        return self.verbosity == 0 and can_draw(sys.stderr)

    def say(self, *lines: str) -> None:
        """A message, unless quiet. A terminal that has gone must not end a run."""
        if self.verbosity >= 0:
            with contextlib.suppress(OSError):
                tell_people(lines, err=True)

    @contextlib.asynccontextmanager
    async def showing(self, progress: Progress, log: EventLog) -> AsyncIterator[None]:
        """Progress: drawn on a terminal, else one line from time to time; and an event of each."""
        # Not at the top, here and below: most commands that have flags show and log nothing.
        from batchreset.adapters.display import logged_progress, terminal_progress  # noqa: PLC0415

        async with contextlib.AsyncExitStack() as shown:
            draws = self.draws
            await shown.enter_async_context(logged_progress(progress, log=log, say=_nobody if draws else self.say))
            if draws:
                await shown.enter_async_context(terminal_progress(progress, stream=sys.stderr, color=self.color))
            yield


def _nobody(_line: str) -> None:
    """Whoever sees the picture needs no line of it."""


def can_draw(stream: TextIO) -> bool:
    """Whether it is a terminal that can go back to a line."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb"}


@contextlib.contextmanager
def command_log(terminal: Terminal, name: str) -> Iterator[EventLog]:
    """The log of a command that has no run's folder: --log-file, and what is shown. Raises SettingsError."""
    from batchreset.adapters.events import event_log  # noqa: PLC0415  as above

    with contextlib.ExitStack() as stack:
        try:
            log = stack.enter_context(
                event_log(
                    list(terminal.log_files),
                    level=terminal.log_level,
                    stream=sys.stderr,
                    shown=terminal.shown,
                    run_id=name,
                )
            )
        except OSError as error:
            raise SettingsError(
                f"the log {error.filename} cannot be written ({error.strerror})",
                next_step="choose a --log-file that you may write to",
            ) from error
        yield log


def no_color_flag(command: Decorated) -> Decorated:
    """--no-color; the command gets `color`."""

    @functools.wraps(command)
    def collect(*, no_color: bool, **given: Any) -> Any:
        return command(color=not no_color and not os.environ.get("NO_COLOR"), **given)

    decorated: Decorated = collect
    return click.option("--no-color", is_flag=True, help="No colour (NO_COLOR does the same).")(decorated)


def terminal_flags(command: Decorated) -> Decorated:
    """-v, -q, --log-file, --no-color; the command gets `terminal`."""

    @functools.wraps(command)
    def collect(*, verbose: int, quiet: bool, log_file: tuple[Path, ...], color: bool, **given: Any) -> Any:
        terminal = Terminal(verbosity=-1 if quiet else min(verbose, 2), color=color, log_files=log_file)
        return command(terminal=terminal, **given)

    decorated: Decorated = collect
    for option in (
        no_color_flag,
        click.option(
            "--log-file", type=click.Path(dir_okay=False, path_type=Path), multiple=True, help="Also log to this file."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Errors only."),
        click.option("-v", "--verbose", count=True, help="Show events as they come; twice: every exchange."),
    ):
        decorated = option(decorated)
    return decorated


run_argument: Final = click.argument("run_name", metavar="RUN")
"""The run that a command is about: the path of its folder, or its id."""


def runs_dir_flag(command: Decorated) -> Decorated:
    """--runs-dir for commands that only look for a run."""
    return click.option(
        "--runs-dir",
        type=click.Path(path_type=Path),
        default=lambda: Path(os.environ.get("BATCHRESET_OUTPUT__RUNS_DIR") or SETTINGS["output.runs_dir"].default),
        help="Where runs are looked up by their id; default: BATCHRESET_OUTPUT__RUNS_DIR, or runs.",
    )(command)
