"""A terminal's text, as papers show it: what was typed after `$ `, and what came; played again and compared.

`…` in what came stands for anything, and alone on a line for any lines. What differs from run to run (ids, times,
SHA-256 …) is compared by its shape.
"""

import re
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from at_a_terminal import run_at_terminal
from here import run_here

BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHAPES: Final = {
    "SHA256": r"\b[0-9a-f]{64}\b",
    "GUID": r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",
    "RUN": r"\b20\d{6}T\d{6}Z-[0-9a-f]{6}\b",
    "HIDDEN": r"\.planning-[0-9a-f]+\b",
    "SECONDS": r"\b\d+\.\d s\b",
    "KEPT": r"\b[0-9a-f]{16}\.json\b",
    "SERVICE": r"https://(?:127\.0\.0\.1:\d+|api\.partnercenter\.microsoft\.com|login\.microsoftonline\.com)(?=$|[\s:])",
    "TIME": r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "KEY": r"\bage1[0-9a-z]{20,}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """One command and what is said to come of it.

    Attributes:
        line: of the file, counted from 1.
        command: without the prompt; a comment behind it still there.
        said: the lines below it.
    """

    line: int
    command: str
    said: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command, comments=True)


def typed_in(text: str) -> list[Typed]:
    """Every command of every console block, in order."""
    found: list[Typed] = []
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1)) + 1
        lines = block[1].splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            command = lines[start][2:]
            typed = start
            while command.endswith("\\"):  # a shell reads on
                typed += 1
                command = command[:-1] + lines[typed].strip()
            found.append(Typed(line=first + start, command=command, said=tuple(lines[typed + 1 : end])))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where commands are typed: a folder, an environment, and what stands for what.

    Attributes:
        folder: where they are typed.
        env: their environment; `export` changes it.
        real: what a paper says to what is really typed.
        shown: what really comes to what the paper says.
    """

    folder: Path
    env: dict[str, str]
    real: dict[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)

    def play(self, typed: Typed, *, answers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Exit code and what came, both streams as a terminal shows them.

        Args:
            typed: the command.
            answers: somebody sits there and types these, by what is asked; without, there is no terminal.
        """
        words = [self.as_meant(word) for word in typed.words]
        if words[:1] == ["export"]:
            self.env.update((name, value) for name, _, value in (word.partition("=") for word in words[1:]))
            return 0, ""
        if words[:1] != ["batchreset"]:
            raise AssertionError(f"line {typed.line}: {typed.command} is not a command of this program")
        if answers is not None:
            code, drawn = run_at_terminal(words[1:], cwd=self.folder, env=self.env, answers=answers)
            return code, self.as_shown(drawn)
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as came:
            streams = [given.fileno(), came.fileno(), came.fileno()]
            code = run_here(words[1:], cwd=self.folder, env=self.env, streams=streams)
            came.seek(0)
            return code, self.as_shown(came.read().decode())

    def as_meant(self, word: str) -> str:
        for paper, real in self.real.items():
            word = word.replace(paper, real)
        return word

    def as_shown(self, text: str) -> str:
        for real, paper in self.shown.items():
            text = text.replace(real, paper)
        return text


def unlike(typed: Typed, came: str) -> str | None:
    """What to tell of a difference; None where there is none. Blank lines count."""
    wanted, found = masked("\n".join(typed.said)).splitlines(), masked(came).splitlines()
    if _like(wanted, found):
        return None
    return "\n".join([f"line {typed.line}: $ {typed.command}", "--- said:", *wanted, "--- came:", *found])


def masked(text: str) -> str:
    """What differs from run to run as the name of its shape, and nothing after a line's last letter."""
    for name, shape in _SHAPES.items():
        text = re.sub(shape, name, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _like(wanted: Sequence[str], found: Sequence[str]) -> bool:
    parts = [r"(?:[^\n]*\n)*?" if line.strip() == "…" else f"{_line(line)}\n" for line in wanted]
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in found)) is not None


def _line(line: str) -> str:
    return r"[^\n]*".join(map(re.escape, line.split("…")))


def told_again(text: str, said: Callable[[Typed], str]) -> str:
    """The same paper with what really came below each command, where that is not what stands there."""
    typed = iter(typed_in(text))

    def renewed(block: re.Match[str]) -> str:
        lines = [part for line in block[1].splitlines() if line.startswith("$ ") for part in _with(next(typed), said)]
        return "```console\n" + "".join(f"{line}\n" for line in lines) + "```"

    return BLOCK.sub(renewed, text)


def _with(typed: Typed, said: Callable[[Typed], str]) -> Iterator[str]:
    came = said(typed)
    yield f"$ {typed.command}"
    yield from typed.said if unlike(typed, came) is None else came.splitlines()
