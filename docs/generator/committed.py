"""Texts that are committed though they are made: a wheel is built, and a shell completes, without what makes them."""

from collections.abc import Callable, Mapping
from typing import Final

from batchreset.cli.completing import script
from generator.completion import words_file
from generator.help import help_file
from generator.man import man_page
from generator.readme import ROOT

__all__ = ["COMMITTED", "ROOT"]

COMMITTED: Final[Mapping[str, Callable[[], str]]] = {
    # First: the scripts are made over it.
    "batchreset/cli/completing.json": words_file,
    "batchreset/cli/help.json": help_file,
    "share/man/man1/batchreset.1": man_page,
    "share/bash-completion/completions/batchreset": lambda: script("bash"),
    "share/zsh/site-functions/_batchreset": lambda: script("zsh"),
    "share/fish/vendor_completions.d/batchreset.fish": lambda: script("fish"),
}
"""By path from the top of the tree. `share/` is laid out as it is installed."""
