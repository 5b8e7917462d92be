"""Marked blocks: `<!-- settings -->` … `<!-- /settings -->`, `<!-- help: apply -->` … `<!-- /help -->`."""

import re
from collections.abc import Iterator
from typing import Final

import click

from batchreset.cli.main import cli
from batchreset.settings.names import SETTINGS, flag_of

COLUMNS: Final = 80
_MARGIN: Final = 2
"""Columns that click leaves free."""
_SETTINGS: Final = re.compile(
    r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)",
    re.DOTALL,
)
_HELP: Final = re.compile(r"(?<=<!-- help: )([a-z ]*) -->\n.*?(?=<!-- /help -->)", re.DOTALL)


def renewed(text: str) -> str:
    """The same paper with what the program says now between its marks."""
    table = "".join(f"{row}\n" for row in setting_rows())
    return _HELP.sub(_help_block, _SETTINGS.sub(lambda _: table, text))


def setting_rows() -> Iterator[str]:
    """One line of the table for each setting."""
    for name, field in SETTINGS.items():
        default = field.default
        shown = ", ".join(default) if isinstance(default, tuple) else str(default)
        shown = shown.lower() if isinstance(default, bool) else shown
        code = "by what is given" if default is None else f"`{shown}`" if shown else ""
        flag = flag_of(name)
        yield f"| `{name}` | {f'`{flag}`' if flag else 'INPUT'} | {code} | {field.description} |"


def help_of(words: str) -> str:
    """What `batchreset … --help` prints on a terminal of 80 columns."""
    context = click.Context(cli, info_name="batchreset", terminal_width=COLUMNS - _MARGIN, **cli.context_settings)
    command: click.Command = cli
    for word in words.split():
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            raise LookupError(words)
        context, command = click.Context(found, parent=context, info_name=word), found
    return command.get_help(context)


def _help_block(found: re.Match[str]) -> str:
    words = found[1].strip()
    typed = " ".join(["batchreset", *words.split(), "--help"])
    return (
        f"{found[1]} -->\n<details>\n<summary><code>{typed}</code></summary>\n\n"
        f"```text\n{help_of(words)}\n```\n\n</details>\n"
    )
