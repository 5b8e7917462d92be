"""What each command's help has click's formatter write: written down, as nobody waits for the command's imports."""

import json
from collections.abc import Iterable, Iterator

import click

from generator.program import contexts


class Recorder(click.HelpFormatter):
    """Notes what it is told to write; how wide it is to be is known only where it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[object]] = []

    def write(self, string: str) -> None:
        self.calls.append(["write", string])

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        self.calls.append(["write_usage", prog, args, prefix])

    def write_heading(self, heading: str) -> None:
        self.calls.append(["write_heading", heading])

    def write_paragraph(self) -> None:
        self.calls.append(["write_paragraph"])

    def write_text(self, text: str) -> None:
        self.calls.append(["write_text", text])

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        self.calls.append(["write_dl", [list(row) for row in rows], col_max, col_spacing])

    def indent(self) -> None:
        super().indent()
        self.calls.append(["indent"])

    def dedent(self) -> None:
        super().dedent()
        self.calls.append(["dedent"])


def help_file() -> str:
    """The content of `batchreset/cli/help.json`: a line a call or a flag, so that changes are seen as such."""
    return "{\n" + ",\n".join(_commands()) + "\n}\n"


def _commands() -> Iterator[str]:
    for words, command, context in contexts():
        recorder = Recorder()
        command.format_help(context, recorder)
        yield f"{_json(' '.join(words))}: [\n" + ",\n".join(map(_line, recorder.calls)) + "\n]"


def _line(call: list[object]) -> str:
    match call:
        case ["write_dl", list(rows), *others]:
            listed = ",\n".join(f"  {_json(row)}" for row in rows)
            return f' ["write_dl", [\n{listed}\n ], {_json(others)[1:-1]}]'
        case _:
            return f" {_json(call)}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
