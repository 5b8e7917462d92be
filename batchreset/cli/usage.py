"""What is told of a command line that cannot be read: click's findings in this program's words."""

import difflib
import re
from typing import Final

import click

from batchreset.errors import sentence

TELLING: Final = frozenset({"run", "apply"})
"""Commands of which others are told how they ended, also where their words are refused."""
_COMMAND: Final = re.compile(r"No such command '(.*)'")
_ARGUMENT: Final = re.compile(r"Got unexpected extra arguments? \((.*)\)")
_NEEDS_VALUE: Final = re.compile(r"Option '(.*)' requires an argument")
_QUOTED: Final = re.compile(r"'[^']*'")
_LIKE_A_KEY: Final = re.compile(r"(?=\w*\d)\w{16,}|[A-Z\d]{16,}|\S{80,}")
"""A long run of letters with digits among them, or of capitals, or anything very long; a GUID's parts are shorter."""
_KINDS: Final = {"is not a valid integer": "is not a whole number", "is not a valid float": "is not a number"}


def told(error: click.UsageError) -> list[str]:
    """Lines for a person."""
    command = error.ctx.command_path if error.ctx else "batchreset"
    return [f"error: {sentence(_said(error))}", f"what to do: see `{command} --help`"]


def _said(error: click.UsageError) -> str:
    text = error.message
    match error:
        case click.NoSuchOption():
            return f"there is no option {error.option_name}{_meant(error.option_name, error.possibilities or ())}"
        case click.MissingParameter(param=click.Parameter() as parameter):
            return f"{_name(parameter)} is missing"
        case click.BadParameter(param=click.Parameter() as parameter):
            return f"{_name(parameter)}: {_in_our_words(text)}"
        case _:
            pass
    if found := _COMMAND.search(text):
        names = list(error.ctx.command.list_commands(error.ctx)) if _is_group(error) else []  # type: ignore[union-attr]
        return f"there is no command {_shown(found[1])}{_meant(found[1], names)}"
    if found := _ARGUMENT.search(text):
        return f"{_shown(found[1])} is more than this command takes"
    if found := _NEEDS_VALUE.search(text):
        return f"{found[1]} needs a value behind it"
    return _in_our_words(text)


def _is_group(error: click.UsageError) -> bool:
    return error.ctx is not None and isinstance(error.ctx.command, click.Group)


def _name(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return (parameter.metavar or parameter.name or "").strip("[]").upper()
    return max(parameter.opts, key=len)


def _meant(word: str, names: object) -> str:
    choices = [name for name in names if isinstance(name, str)] if isinstance(names, list | tuple) else []
    nearest = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _shown(word: str) -> str:
    """A word that somebody typed; one that is like a key or a token may be one, and this goes into logs."""
    return f"(a word of {len(word):,} characters)" if _LIKE_A_KEY.search(word) else word


def _in_our_words(text: str) -> str:
    text = _QUOTED.sub(lambda found: _shown(found[0]), text)
    for theirs, ours in _KINDS.items():
        text = text.replace(theirs, ours)
    return (text[:1].lower() + text[1:]).removesuffix(".")
