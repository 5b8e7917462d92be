"""Scenarios: options in a TOML file, with a line on what they imitate. Those beside this module are known by name."""

import difflib
import enum
import re
import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.errors import SettingsError
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.options.about import Option, options_of

_SHIPPED: Final = Path(__file__).with_name("scenarios")
_IMITATES: Final = "imitates"
_NOT_HERE: Final = {
    **dict.fromkeys(("host", "port"), "an address"),
    **dict.fromkeys(("ca_file", "applied_log", "request_log", "sign_in_log", "client_certificate"), "a path"),
    **dict.fromkeys(("directory", "known_users"), "a file"),
    **dict.fromkeys(("token", "client_secret", "refresh_token"), "a secret"),
    **dict.fromkeys(("tenant_id", "client_id", "user_name"), "an identity"),
}
"""Options for the command line only: a scenario must be fit for every machine and for a public repository."""
_ALLOWED: Final = {name: option for name, option in options_of(SimulatorOptions).items() if name not in _NOT_HERE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a file tells.

    Attributes:
        imitates: one line.
        values: by the option's name, each of the option's own type.
    """

    name: str
    imitates: str
    values: Mapping[str, Any]

    def options(self, **others: Any) -> SimulatorOptions:
        """The simulator's options; what is given here is stronger. Raises SettingsError: they cannot be together."""
        return SimulatorOptions(**{**self.values, **others})


def read_scenario(which: str | Path) -> Scenario:
    """The scenario of that path or, without a suffix, the shipped one of that name.

    Raises:
        SettingsError: there is none, or something in it is unknown or wrong; every problem is told at once.
    """
    path = _path(which)
    document = _document(path)
    imitates = document.pop(_IMITATES, None)
    read = {key: _read(key, value) for key, value in document.items()}
    wrong = {key: found.text for key, found in read.items() if isinstance(found, _Wrong)}
    problems = list(wrong.values())
    if not isinstance(imitates, str) or not imitates.strip() or len(imitates.splitlines()) > 1:
        problems.insert(0, f'{_IMITATES} is missing or not a line of text: {_IMITATES} = "one line: what it imitates"')
    right = {key: value for key, value in read.items() if key not in wrong}
    scenario = Scenario(name=path.stem, imitates=str(imitates), values=right)
    try:
        scenario.options()
    except SettingsError as error:
        # A value that could not be read is absent here, and what is said of it would be of its default.
        absent = wrong.keys() & _ALLOWED.keys()
        problems.extend(line for line in error.details if not any(_names(line, name) for name in absent))
    if problems:
        raise SettingsError(
            f"{path} is not a scenario for the simulator",
            details=tuple(problems),
            next_step="correct these lines. A scenario's keys are the names of the options, with _ for -;"
            " `batchreset simulate --help` explains each. Addresses, paths and secrets are for the command line",
        )
    return scenario


def shipped_scenarios() -> Iterator[Scenario]:
    """All that are known by name, in the order of the alphabet."""
    return (read_scenario(path) for path in sorted(_SHIPPED.glob("*.toml")))


def _path(which: str | Path) -> Path:
    path = Path(which)
    # `everything` is a name; `./everything` and `everything.toml` are paths.
    if path.suffix or len(path.parts) != 1 or str(which) != path.name:
        return path
    names = [shipped.stem for shipped in sorted(_SHIPPED.glob("*.toml"))]
    if path.name not in names:
        raise SettingsError(
            f"there is no scenario {str(which)!r}",
            details=_meant(path.name, names),
            next_step="choose one that `batchreset simulate --list-scenarios` shows; a file of your own is given by its"
            " path, with .toml at its end",
        )
    return _SHIPPED / f"{path.name}.toml"


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(
            f"the scenario {path} cannot be read: {error.strerror}",
            next_step="check its path and that you may read it",
        ) from error
    except UnicodeDecodeError:
        # The error would carry the file's whole content.
        raise SettingsError(
            f"the scenario {path} is not UTF-8 text", next_step="save it as UTF-8 and run it again"
        ) from None
    except ValueError as error:
        raise SettingsError(
            f"the scenario {path} is not valid TOML: {error}",
            next_step="correct that line: texts stand in double quotes, lists in [ ]",
        ) from error


@dataclass(frozen=True, slots=True)
class _Wrong:
    text: str


def _read(key: str, value: object) -> object:
    """The value as the option's type, or what is wrong with it."""
    if key in _NOT_HERE:
        flag = options_of(SimulatorOptions)[key].flag
        return _Wrong(f"{key}: {_NOT_HERE[key]} is not for a scenario; give {flag} on the command line")
    if key not in _ALLOWED:
        # What somebody put there by mistake is perhaps no text to show.
        return _Wrong("; ".join((f"{key}: there is no such option", *_meant(key, _ALLOWED))))
    option = _ALLOWED[key]
    if typing.get_origin(option.kind) is None:
        return _read_one(option, option.kind, value)
    if not isinstance(value, list):
        return _Wrong(f"{key} is {value!r}, not a list")
    items = [_read_one(option, typing.get_args(option.kind)[0], item) for item in value]
    wrong = next((item for item in items if isinstance(item, _Wrong)), None)
    collected: Callable[[list[object]], object] = typing.get_origin(option.kind)
    return wrong or collected(items)


def _read_one(option: Option, kind: Any, value: object) -> object:
    # TOML's true is no number, and its 3 is one with a fraction too.
    if kind is float and type(value) is int:
        return float(value)
    if issubclass(kind, enum.StrEnum):
        choices = [member.value for member in kind]
        if value in choices:
            return kind(value)
        nearest = _meant(value, choices) if isinstance(value, str) else ()
        return _Wrong("; ".join((f"{option.name} is {value!r}, not one of {', '.join(choices)}", *nearest)))
    if type(value) is kind:
        return value
    return _Wrong(f"{option.name} is {value!r}, not {_KINDS[kind]}")


_KINDS: Final = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text in double quotes",
}


def _names(line: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", line) is not None


def _meant(word: str, choices: Mapping[str, Any] | list[str]) -> tuple[str, ...]:
    """A line for the nearest right one, if any is near."""
    near = difflib.get_close_matches(word.lower(), list(choices), n=1, cutoff=0.5)
    return tuple(f"did you mean {right}?" for right in near)
