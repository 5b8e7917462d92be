"""The program's commands and their flags, as click knows them."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import click

from batchreset.cli.main import cli
from batchreset.settings.explain import allowed, choices
from batchreset.settings.names import SETTINGS
from batchreset.simulator.options.about import options_of
from batchreset.simulator.options.whole import CONCERNS

NAME: Final = "batchreset"
_SETTING_OF: Final = {f"setting_{name.replace('.', '_')}": name for name in SETTINGS}
"""By the name of click's parameter; `cli/options.py` makes them so."""
_FOLDER_ENDINGS: Final = ("_dir", "folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One flag or argument of a command.

    Attributes:
        spelled: as `--help` shows it, such as `--reason REASON`.
        text: its help.
        setting: the dotted name of the setting that it is a flag of, or None.
        heading: of `--help`, empty for most.
        parameter: click's own.
    """

    spelled: str
    text: str
    setting: str | None
    heading: str
    parameter: click.Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        words: `auth login` is `("auth", "login")`.
        usage: without the program's name.
        paragraphs: its help text.
        flags: as `--help` has them, without that one.
        parameters: click's own, arguments too.
        is_group: it has commands below it, and does nothing itself.
    """

    words: tuple[str, ...]
    usage: str
    short: str
    paragraphs: tuple[str, ...]
    flags: tuple[Flag, ...]
    parameters: tuple[click.Parameter, ...]
    is_group: bool

    @property
    def name(self) -> str:
        return " ".join((NAME, *self.words))


def commands() -> Iterator[Command]:
    """All of them, in the order of `--help`, those below a group after it."""
    for words, command, context in contexts():
        yield _command(command, context, words)


def contexts(columns: int | None = None) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    """The same, as click has them. `columns`: of the terminal; None: what it is."""
    outer = click.Context(cli, info_name=NAME, terminal_width=columns, **cli.context_settings)
    yield from _below(cli, outer, ())


def setting_of(parameter: click.Parameter) -> str | None:
    """`setting_pace_max_attempts` as `pace.max_attempts`."""
    return _SETTING_OF.get(parameter.name or "")


def words_of(parameter: click.Parameter) -> tuple[str, ...]:
    """The words that are all it takes; none where it takes others."""
    if isinstance(parameter.type, click.Choice):
        return tuple(map(str, parameter.type.choices))
    setting = setting_of(parameter)
    return choices(SETTINGS[setting]) if setting else ()


def takes_path(parameter: click.Parameter) -> str:
    """`file`, `dir`, or empty where it takes no path."""
    name = parameter.name or ""
    if name.endswith(_FOLDER_ENDINGS):
        return "dir"
    if isinstance(parameter.type, click.Path | click.File):
        return "file"
    setting = _SETTING_OF.get(name, "input.path" if name == "input_path" else None)
    return "file" if setting and "path" in allowed(SETTINGS[setting]) else ""


def _below(
    group: click.Group, context: click.Context, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inside = click.Context(command, info_name=name, parent=context)
        yield (*words, name), command, inside
        if isinstance(command, click.Group):
            yield from _below(command, inside, (*words, name))


def _command(command: click.Command, context: click.Context, words: tuple[str, ...]) -> Command:
    text = inspect.cleandoc(command.help or "")
    return Command(
        words=words,
        usage=" ".join(command.collect_usage_pieces(context)),
        short=command.get_short_help_str(limit=100),
        paragraphs=tuple(text.split("\n\n")),
        flags=tuple(_flags(command, context)),
        parameters=tuple(command.params),
        is_group=isinstance(command, click.Group),
    )


def _flags(command: click.Command, context: click.Context) -> Iterator[Flag]:
    headings = {name: heading for heading, concern in CONCERNS.items() for name in options_of(concern)}
    simulates = context.info_name == "simulate"
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        record = parameter.get_help_record(context)
        if record is None:
            continue
        spelled, text = record
        yield Flag(
            spelled=spelled,
            text=text,
            setting=setting_of(parameter),
            heading=headings.get(parameter.name or "", "") if simulates else "",
            parameter=parameter,
        )
