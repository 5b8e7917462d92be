"""Lines for people, folded where a terminal is narrower; where there is none, as they are: scripts look for them."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

import click

WIDEST_COLUMNS: Final = 100
"""Longer lines are hard to read, however wide the window is."""
NARROWEST_COLUMNS: Final = 20
_HANGING: Final = "  "
# What is copied in one piece stays in one: a command in backticks, and one that ends its line.
_PIECES: Final = re.compile(r"`[^`]*`\S*|(?<=: )batchreset .*|\S+")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLUMNS: Final = re.compile(r"\S  +\S")


def tell_people(lines: Iterable[str], *, err: bool = False) -> None:
    """Raises OSError: whoever listened has gone."""
    columns = _columns_of(sys.stderr if err else sys.stdout)
    for line in map(shown, lines):
        for part in folded(line, columns) if columns else (line,):
            click.echo(part, err=err)


def shown(text: str) -> str:
    """What a folder, a file or a service is called may hold orders to a terminal: none of them reaches it."""
    return _CONTROLS.sub("?", text)


def folded(line: str, columns: int) -> Iterator[str]:
    """At its spaces. A line of a table is left alone, and so is whatever is longer than a line by itself."""
    columns = max(NARROWEST_COLUMNS, min(columns, WIDEST_COLUMNS))
    if len(line) <= columns or _COLUMNS.search(line):
        yield line
        return
    indent = line[: len(line) - len(line.lstrip())]
    begun = ""
    for piece in _PIECES.findall(line):
        if begun and len(begun) + 1 + len(piece) > columns:
            yield begun
            begun = f"{indent}{_HANGING}{piece}"
        else:
            begun = f"{begun} {piece}" if begun else f"{indent}{piece}"
    yield begun


def _columns_of(stream: TextIO | None) -> int:
    """0: it is no terminal, or one of no known width."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream is not None and stream.isatty() else 0
    except (OSError, ValueError):
        return 0
