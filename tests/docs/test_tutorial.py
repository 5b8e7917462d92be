"""The tutorial, typed as it stands into real terminals, by somebody who has just got the program."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from console import Terminal, Typed, agrees, typed_in
from generator.readme import ROOT

TUTORIAL = ROOT / "docs" / "tutorial.md"


@pytest.fixture
def home() -> Iterator[Path]:
    """As short as a person's, so that lines with paths break as theirs do."""
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.programs
def test_everything_in_the_tutorial_can_be_typed_and_shows_what_it_says(home: Path) -> None:
    (home / "batchreset").symlink_to(ROOT)
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    own = Terminal(home, environ)
    other: Terminal | None = None
    try:
        for typed in typed_in(TUTORIAL.read_text(encoding="utf-8")):
            if typed.terminal:
                if other is None:
                    other = Terminal(home, environ)
                    path = f"{ROOT}/.venv/bin:{os.environ['PATH']}"
                    other.type(Typed(terminal="", command=f"cd ~/first-run; export PATH={path}", shown=()))
                else:
                    other.interrupt()
                other.begin(typed)
                continue
            said = own.type(typed)
            assert agrees(said, typed.shown), f"$ {typed.command}\n{said}\nis not as shown:\n" + "\n".join(typed.shown)
    finally:
        own.close()
        if other:
            other.close()


@pytest.mark.parametrize(
    ("said", "shown", "same"),
    [
        ("a\nb\n", ("a", "b"), True),
        ("a\nb\n", ("a",), False),
        ("a\nb\nc\n", ("a", "…"), True),
        ("", ("…",), True),
        ("a 12 of 13\n", ("a … of 13",), True),
        ("a 12 of 14\n", ("a … of 13",), False),
        ("x\na\n", ("…", "a"), True),
        ("a\n\nb\n", ("a", "", "b"), True),
    ],
)
def test_what_is_shown_is_compared_but_for_what_varies(said: str, shown: tuple[str, ...], *, same: bool) -> None:
    assert agrees(said, shown) is same
