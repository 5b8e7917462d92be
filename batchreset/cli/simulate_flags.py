"""The flags of `batchreset simulate`, made from the simulator's options: name, type, default and text stand there."""

import enum
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

import click

from batchreset.cli.help import HelpedCommand
from batchreset.errors import SettingsError
from batchreset.simulator.directory import DirectoryUser, read_directory
from batchreset.simulator.options.about import Option, options_of
from batchreset.simulator.options.whole import CONCERNS

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_TEXT_FILE: Final = click.File(encoding="utf-8-sig")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def flags(command: _Command) -> _Command:
    """Give a command a flag for each option of the simulator."""
    for concern in reversed(list(CONCERNS.values())):
        for option in reversed(list(options_of(concern).values())):
            # Both ways, so that a flag can also take back what a scenario says.
            flag = f"{option.flag}/--no-{option.flag[2:]}" if option.kind is bool else option.flag
            command = click.option(flag, option.name, help=option.about.text, **_parsing(option))(command)
    return command


class SectionedCommand(HelpedCommand):
    """A command whose help has the simulator's options under headings."""

    def heading(self, parameter: click.Parameter) -> str:
        """That of what the option is about."""
        return next(
            (heading for heading, concern in CONCERNS.items() if parameter.name in options_of(concern)),
            super().heading(parameter),
        )


def _parsing(option: Option) -> Mapping[str, Any]:
    """How click is to read it."""
    if option.name in _FROM_FILES:
        return {"type": _TEXT_FILE, "callback": _FROM_FILES[option.name]}
    default = option.default
    match default:
        case None:
            return {"type": _FILE}
        case bool():
            return {"default": default}
        case enum.StrEnum():
            kind = type(default)
            return {
                "type": click.Choice([member.value for member in kind]),
                "default": default.value,
                "show_default": True,
                "callback": lambda _context, _parameter, value: kind(value),
            }
        case frozenset() | tuple():
            return _repeated(option)
        case _:
            return {"type": type(default), "default": default, "show_default": default != ""}


def _repeated(option: Option) -> Mapping[str, Any]:
    """Not given at all, it is the default."""
    collected, (item, *_) = typing.get_origin(option.kind), typing.get_args(option.kind)
    is_choice = issubclass(item, enum.StrEnum)
    return {
        "multiple": True,
        "type": click.Choice([member.value for member in item]) if is_choice else item,
        "callback": lambda _context, _parameter, values: collected(map(item, values)) or option.default,
        **({"metavar": "GUID"} if collected is frozenset and item is str else {}),
    }


def _read_guids(_context: click.Context, _parameter: click.Parameter, file: TextIO | None) -> frozenset[str] | None:
    if file is None:
        return None
    # Closed here: click itself does not close what a refusal leaves open.
    with file:
        try:
            return frozenset(file.read().split())
        except UnicodeDecodeError as error:
            raise SettingsError(
                f"{file.name} is not a text file in UTF-8",
                next_step="give --known-users a text file with one user id (GUID) a line",
            ) from error


def _read_users(
    _context: click.Context, _parameter: click.Parameter, file: TextIO | None
) -> tuple[DirectoryUser, ...] | None:
    if file is None:
        return None
    with file:
        return read_directory(file, name=file.name)


_FROM_FILES: Final = {"directory": _read_users, "known_users": _read_guids}
"""Options whose value is what is in a file."""
