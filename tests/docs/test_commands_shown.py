"""What the pages show to be typed exists: commands, flags, settings of job files."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from console import typed_in
from generator.program import commands
from generator.readme import ROOT
from markdown import text_of

from batchreset.settings.sources import load_settings

PAGES = [
    *(ROOT / "docs" / name for name in ("tutorial.md", "cluster.md", "cluster-size.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
JOBS = re.compile(r"```toml\n(.*?)```", re.DOTALL)
FLAGS = {
    command.words: {flag for parameter in command.parameters for flag in (*parameter.opts, *parameter.secondary_opts)}
    for command in commands()
    if not command.is_group
}


def unknown_in(line: str) -> Iterator[str]:
    """Words of a line for a shell that batchreset would refuse: of each of its commands in it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    for number, word in enumerate(words):
        before = words[number - 1] if number else ""
        if not re.fullmatch(r"batchreset|.*/bin/batchreset", word) or before == "cd" or before.startswith("--"):
            continue
        end = next((at for at in range(number, len(words)) if set(words[at]) <= set("|&;<>()")), len(words))
        own = words[number + 1 : end]
        named = next((tuple(own[:length]) for length in (2, 1) if tuple(own[:length]) in FLAGS), None)
        if named is None:
            yield from own[:1] if own[:1] not in ([], ["--version"], ["--help"]) else ()
            continue
        flags = (word.partition("=")[0] for word in own[len(named) :] if re.match(r"--?[a-z]", word))
        yield from (flag for flag in flags if flag not in {*FLAGS[named], "--help"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_is_one_that_the_program_takes(page: Path) -> None:
    text = text_of(page)
    assert [word for typed in typed_in(text) for word in unknown_in(typed.command)] == []


def test_a_command_or_flag_that_is_not_there_is_noticed() -> None:
    assert list(unknown_in("batchreset rnu users.csv && batchreset run --dry-rnu x | grep --color y")) == [
        "rnu",
        "--dry-rnu",
    ]
    assert list(unknown_in("sudo /opt/x/bin/batchreset run --dry-rnu")) == ["--dry-rnu"]
    assert list(unknown_in("batchreset auth login --job a.toml; cd batchreset; batchreset --version")) == []
    assert list(unknown_in("install --owner batchreset --group batchreset x")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_job_file_shown_is_one_that_the_program_takes(page: Path, tmp_path: Path) -> None:
    for block in JOBS.findall(text_of(page)):
        job = tmp_path / "job.toml"
        job.write_text(block, encoding="utf-8")
        load_settings(flags={}, environ={}, job_file=job)
