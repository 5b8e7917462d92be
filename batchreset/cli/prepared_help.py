"""A command's help, from how it was written down beforehand (`help.json`): its own module would have polars and others
imported, and nobody who asks for a flag's name waits for that.
"""  # noqa: D205  one thought on two lines

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

CALLS: Final = Path(__file__).with_name("help.json")
"""By command, what it would have had click's formatter write. Made by `make generated`."""
_ASKING: Final = frozenset({"-h", "--help"})


def prepared_help(words: Sequence[str], outer: click.Context) -> str | None:
    """As the command itself would tell it in a terminal of this width.

    Args:
        words: of the command line, without the program's name.
        outer: of the whole program.

    Returns:
        None where the words are anything but a command and the wish for its help.
    """
    if len(words) < 2 or words[-1] not in _ASKING:  # noqa: PLR2004  a command, and the wish
        return None
    calls = json.loads(CALLS.read_text(encoding="utf-8")).get(" ".join(words[:-1]))
    if calls is None:
        return None
    formatter = outer.make_formatter()
    for name, *given in calls:
        # JSON has no tuples, and click adds to them.
        getattr(formatter, name)(*(list(map(tuple, each)) if isinstance(each, list) else each for each in given))
    return formatter.getvalue().rstrip("\n")
