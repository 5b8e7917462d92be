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
# In one piece stays what is copied so (a command in backticks, or one that ends its line), and a figure's unit.
_PIECES: Final = re.compile(r"`[^`]*`\S*|(?<=: )batchreset .*|\d[\d.,]* (?:s|min|h|%)(?!\w)\S*|\S+")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LAST_COLUMN: Final = re.compile(r"(.*\S {2,})(\S.*)")
_COPIED: Final = re.compile(r"batchreset |\S*/")


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
    """At its spaces, of a table within its last column; what is copied from there has a line of its own.

    What is longer than a line by itself is left alone.
    """
    columns = max(NARROWEST_COLUMNS, min(columns, WIDEST_COLUMNS))
    table = _LAST_COLUMN.fullmatch(line)
    indent = line[: len(line) - len(line.lstrip())]
    copied = table is not None and _COPIED.match(table[2]) is not None
    if len(line) <= columns or (table and not copied and columns - len(table[1]) < NARROWEST_COLUMNS):
        yield line
        return
    if table and copied:
        yield table[1].rstrip()
        yield indent + _HANGING + table[2]
        return
    begun, text = (table[1], table[2]) if table else (indent, line)
    hanging = " " * len(begun) if table else indent + _HANGING
    empty = True
    for piece in _PIECES.findall(text):
        if not empty and len(begun) + 1 + len(piece) > columns:
            yield begun
            begun = hanging + piece
        else:
            begun += piece if empty else f" {piece}"
        empty = False
    yield begun


def _columns_of(stream: TextIO | None) -> int:
    """0: it is no terminal, or one of no known width."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream is not None and stream.isatty() else 0
    except (OSError, ValueError):
        return 0
