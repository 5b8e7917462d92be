"""Where progress is drawn, where it is told in lines, and that the log has it either way."""

import contextlib
import io
import os
import pty
import sys
from collections.abc import Iterator
from typing import TextIO

import anyio
import pytest
from trio.testing import MockClock

from batchreset.cli.options import Terminal, can_draw
from batchreset.core.progress import Progress


@pytest.fixture
def terminal_stream() -> Iterator[TextIO]:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield stream
    with contextlib.suppress(OSError):
        os.close(ours)


@pytest.mark.parametrize(("term", "draws"), [("xterm", True), ("dumb", False), ("", False), (None, False)])
def test_a_terminal_that_cannot_go_back_to_a_line_is_told_lines(
    term: str | None, terminal_stream: TextIO, monkeypatch: pytest.MonkeyPatch, *, draws: bool
) -> None:
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    assert can_draw(terminal_stream) is draws
    assert not can_draw(io.StringIO())


class Log:
    """Counts events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **fields: object) -> None:
        self.events.append(event)

    debug = warning = error = info


@pytest.mark.parametrize(
    ("term", "verbosity", "drawings", "lines"),
    [("xterm", 0, 1, 0), ("dumb", 0, 0, 2), ("xterm", -1, 0, 0), ("xterm", 1, 0, 2)],
    ids=["terminal", "dumb", "quiet", "verbose"],
)
def test_every_half_minute_an_event_and_where_nothing_is_drawn_a_line(
    monkeypatch: pytest.MonkeyPatch, *, term: str, verbosity: int, drawings: int, lines: int
) -> None:
    stream, log = io.StringIO(), Log()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", term)

    async def main() -> None:
        terminal = Terminal(verbosity=verbosity, color=True, log_files=())
        async with terminal.showing(Progress(planned=10), log):
            await anyio.sleep(61)

    anyio.run(main, backend="trio", backend_options={"clock": MockClock(autojump_threshold=0)})
    told = stream.getvalue()
    assert log.events == ["run.progress"] * 2
    assert told.count("\x1b[?25l") == drawings  # once: nothing changes here
    assert told.count("0 of 10 (0 %); in flight 0; 0.0 rows/s; checking the sign-in\n") == lines
