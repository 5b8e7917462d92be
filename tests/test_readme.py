"""The README's tables are the program's own."""

import enum
import re
from pathlib import Path

import click
import pytest

from batchreset.cli.main import cli
from batchreset.core.columns import HANDOVER, RESULTS
from batchreset.core.outcome import Outcome, Reason
from batchreset.errors import ExitCode
from batchreset.settings.names import SETTINGS
from tools.readme import renewed

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_what_stands_between_marks_is_what_the_program_says() -> None:
    """Settings with flag, default and meaning, and each `--help`."""
    assert renewed(README) == README, "run `make readme`"
    assert all(f"| `{name}` | " in README for name in SETTINGS)


def test_the_files_columns_are_named_in_their_order() -> None:
    words = " ".join(README.split())
    assert ", ".join(RESULTS) in words
    assert ", ".join(HANDOVER) in words


@pytest.mark.parametrize("words", [Outcome, Reason, ExitCode], ids=["outcome", "reason", "exit"])
def test_every_outcome_reason_and_exit_code_is_explained(words: type[enum.Enum]) -> None:
    missing = [word.value for word in words if not re.search(rf"(`|\| |, ){word.value}\b", README)]
    assert missing == []


def test_every_command_is_in_the_table_and_only_those_are() -> None:
    context = click.Context(cli, **cli.context_settings)
    named = set(re.findall(r"^\| `batchreset (\w+)", README, flags=re.MULTILINE))
    assert named == set(cli.list_commands(context))
    assert all(cli.get_command(context, name) for name in named)


def test_files_that_are_named_are_there() -> None:
    top = Path(__file__).parents[1]
    for path in re.findall(r"`((?:batchreset|core|adapters|engine|wiring|jobs)/[\w/.]*)`", README):
        assert (top / path).exists() or (top / "batchreset" / path).exists(), path
