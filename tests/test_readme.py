"""The README's tables are the program's own."""

import enum
import re
from pathlib import Path

import click
import pytest

from batchreset.cli.main import cli
from batchreset.cli.options import flag_of
from batchreset.core.columns import HANDOVER, RESULTS
from batchreset.core.outcome import Outcome, Reason
from batchreset.errors import ExitCode
from batchreset.settings.names import SETTINGS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def setting_rows() -> list[str]:
    """One line of the table for each setting."""
    rows = []
    for name, field in SETTINGS.items():
        default = field.default
        text = ", ".join(default) if isinstance(default, tuple) else str(default)
        shown = {"": "", True: "true"}.get(default, text)
        code = "by what is given" if default is None else f"`{shown}`" if shown else ""
        flag = flag_of(name)
        rows.append(f"| `{name}` | {f'`{flag}`' if flag else 'INPUT'} | {code} | {field.description} |")
    return rows


def test_every_setting_stands_in_the_table_with_flag_default_and_meaning() -> None:
    table = README.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    assert table.splitlines() == setting_rows()


def test_the_files_columns_are_named_in_their_order() -> None:
    words = " ".join(README.split())
    assert ", ".join(RESULTS) in words
    assert ", ".join(HANDOVER) in words


@pytest.mark.parametrize("words", [Outcome, Reason, ExitCode], ids=["outcome", "reason", "exit"])
def test_every_outcome_reason_and_exit_code_is_explained(words: type[enum.Enum]) -> None:
    missing = [word.value for word in words if not re.search(rf"(`|\| |, ){word.value}\b", README)]
    assert missing == []


def test_every_command_is_in_the_table_and_only_those_are() -> None:
    context = click.Context(cli)
    named = set(re.findall(r"^\| `batchreset (\w+)", README, flags=re.MULTILINE))
    assert named == set(cli.list_commands(context))
    assert all(cli.get_command(context, name) for name in named)


def test_files_that_are_named_are_there() -> None:
    top = Path(__file__).parents[1]
    for path in re.findall(r"`((?:batchreset|core|adapters|engine|wiring|jobs)/[\w/.]*)`", README):
        assert (top / path).exists() or (top / "batchreset" / path).exists(), path
