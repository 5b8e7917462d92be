"""What is made from the program is whole, and what of it is committed is current and shipped."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from generator import pages
from generator.committed import COMMITTED, ROOT
from generator.events import events_in, logged
from generator.program import commands, contexts, setting_of
from generator.readme import part, table
from hatchling.builders.wheel import WheelBuilder
from markdown import QUICK, text_of

from batchreset.cli.main import cli
from batchreset.cli.prepared_help import prepared_help
from batchreset.core.outcome import Reason
from batchreset.settings.names import SETTINGS

PAGES = sorted(
    str(path.relative_to(ROOT / "docs"))
    for path in (ROOT / "docs").rglob("*.md")
    if "_build" not in path.relative_to(ROOT / "docs").parts
)


def reference() -> str:
    """All that is made, in one text."""
    return "\n".join(make() for make in QUICK.values())


@pytest.mark.parametrize("path", COMMITTED)
def test_what_is_committed_is_what_the_program_makes_now(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == COMMITTED[path](), "write it again: make generated"


def test_a_wheel_puts_man_page_and_completion_where_man_and_shells_look(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as files:
        shipped = {
            name.partition(".data/data/")[2]: files.read(name).decode()
            for name in files.namelist()
            if ".data/data/" in name
        }
        names = files.namelist()
    assert shipped == {
        path: (ROOT / path).read_text(encoding="utf-8")
        for path in COMMITTED
        if path.startswith("share/")
    }  # fmt: skip
    assert {"batchreset/cli/completing.json", "batchreset/cli/help.json"} <= set(names)
    assert not [name for name in names if name.startswith(("docs", "generator"))]


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_a_commands_help_is_told_as_the_command_tells_it_in_a_window_of_any_width(columns: int) -> None:
    """Nothing of the command is imported for it."""
    outer = click.Context(cli, terminal_width=columns, **cli.context_settings)
    told = {words: prepared_help([*words, "--help"], outer) for words, _, _ in contexts()}

    assert told == {words: command.get_help(context) for words, command, context in contexts(columns)}
    assert len(told) >= 14


@pytest.mark.parametrize(
    "words", ["--help", "run", "run -v --help", "run --help -v", "help", "runs --help", "auth logins -h", ""]
)
def test_what_is_more_than_a_wish_for_help_is_the_commands_to_answer(words: str) -> None:
    assert prepared_help(words.split(), click.Context(cli)) is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("reasons", lambda: {reason.value for reason in Reason}),
        ("events", lambda: {event.name for event in logged()}),
        ("columns", pages.columns),
    ],
    ids=["reasons", "events", "columns"],
)
def test_every_word_has_a_meaning_and_no_meaning_is_left_over(kind: str, words: Callable[[], set[str]]) -> None:
    """Put right in docs/generator/meanings.toml."""
    assert pages.meanings(kind) == words()


@pytest.mark.parametrize("page", PAGES)
def test_every_mark_in_a_page_stands_for_something(page: str) -> None:
    text = text_of(ROOT / "docs" / page)
    assert not re.findall(r"<!-- (?!terminal: ).*?-->", text)


def test_the_reference_has_every_command_flag_setting_and_event() -> None:
    made = reference()
    missing = [
        flag
        for command in commands()
        for parameter in command.parameters
        if setting_of(parameter) is None and parameter.param_type_name == "option"
        for flag in parameter.opts
        if flag not in made
    ]
    missing += [command.name for command in commands() if f"## {command.name}\n" not in made]
    missing += [name for name in SETTINGS if f"### {name}\n" not in made]
    assert not missing


def test_events_are_found_with_their_fields() -> None:
    """Those that are logged by a plain call, under a chosen level, by a constant and for each outcome."""
    found = {event.name: event for event in logged()}
    assert found["run.began"].fields == ("version", "dry_run", "to_reset")
    assert (found["run.stopped"].level, found["pace.paused"].level) == ("warning", "by what it tells")
    assert {"ledger.opened", "row.succeeded", "row.in_doubt"} <= found.keys()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('log.info("a.began", why=why)', ["a.began"]),
        ('self._log.warning("a.b" if well else "a.c")', ["a.b", "a.c"]),
        ('_EVENTS = {"x": "a.b", "y": "a.c"}\nlog.error(_EVENTS[what])', ["a.b", "a.c"]),
        ("self.log.info(LEDGER_OPENED)", ["ledger.opened"]),
        ("note(run, LEDGER_OPENED, why=why)\ndef note(run, event):\n    log.info(event)", ["ledger.opened"]),
        ('(log.info if well else log.warning)("a.b")', []),
        ('logging.getLogger("x").info("no event.")', []),
        ('math.log(2.0); other.info("a.b")', []),
    ],
)
def test_an_event_is_found_however_it_is_named(line: str, names: list[str]) -> None:
    assert [event.name for event in events_in(line, where="here")] == names


def test_an_event_whose_name_cannot_be_told_is_not_passed_over() -> None:
    with pytest.raises(LookupError, match=r"here\.py, line 2"):
        list(events_in("\nlog.info(name)", where="here.py"))


def test_a_part_of_the_readme_stands_under_its_new_heading_and_ends_where_the_next_begins() -> None:
    text = part("README.md", "Input", below=1, page="reference/input.md")
    assert text.startswith("| ending |")
    assert re.findall(r"^#+ .*", text, re.MULTILINE) == ["## Protected accounts", "## Who is to be reset"]
    assert "](../explanation/security.md)" in part("README.md", "Security model", below=1, page="reference/x.md")


def test_a_heading_that_is_not_there_any_more_is_told() -> None:
    with pytest.raises(LookupError, match=r"README\.md has no heading 'Gone'"):
        part("README.md", "Gone", below=1, page="index.md")
    with pytest.raises(LookupError, match=r"SECURITY\.md has no table below 'Hardening'"):
        table("SECURITY.md", "Hardening")


def test_completion_knows_what_each_flag_takes() -> None:
    told = json.loads(COMMITTED["batchreset/cli/completing.json"]())
    flags = {
        (*command["words"], flag): (parameter["takes"], parameter["words"])
        for command in told["commands"]
        for parameter in command["parameters"]
        for flag in parameter["flags"] or [parameter["name"]]
    }
    assert flags["run", "--canary"] == ("word", [])
    assert flags["run", "--order"] == ("word", ["interleave", "input"])
    assert flags["run", "--cache-dir"][0] == "dir"
    assert flags["run", "--protected"][0] == flags["run", "input_path"][0] == "file"
    assert flags["run", "--yes"] == ("", [])
    assert flags["handover", "--customer"][0] == "customer of the run"
    assert flags["apply", "--reason"] == ("word", [reason.value for reason in Reason])
