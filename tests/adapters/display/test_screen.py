"""Lines that are drawn where they stand: calm, right after a resize, and nothing of them is left behind."""

import fcntl
import io
import os
import signal
import struct
import sys
import termios

import pytest
from emulator import Emulator
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.display import Line, Piece, Screen, others_above
from batchreset.adapters.display.cells import Ink


class Window(Screen):
    """On an emulator that says how wide it is."""

    def __init__(self, terminal: Emulator, *, rows: int = 24, color: bool = False) -> None:
        super().__init__(terminal, color=color)
        self.terminal, self.rows = terminal, rows

    @property
    def size(self) -> tuple[int, int]:
        return self.terminal.columns, self.rows


def lines(*texts: str) -> list[Line]:
    return [(Piece(text),) for text in texts]


PICTURES = st.lists(st.lists(st.text("abc", min_size=1, max_size=70), min_size=4, max_size=4), min_size=1, max_size=6)


@given(pictures=PICTURES, widths=st.lists(st.integers(5, 100), min_size=6, max_size=6))
def test_whatever_was_drawn_and_however_it_is_resized_only_the_last_picture_is_seen(
    pictures: list[list[str]], widths: list[int]
) -> None:
    terminal = Emulator(80)
    terminal.write("$run\n")
    screen = Window(terminal)
    for texts, width in zip(pictures, widths, strict=False):
        terminal.resize(width)
        fitting = [text[:width] for text in texts]
        screen.draw(lines(*fitting))
        assert terminal.shown == ["$run", *fitting]
    assert not terminal.hidden


def test_a_redrawing_is_one_write_of_what_changed() -> None:
    terminal = Emulator()
    screen = Window(terminal)
    screen.draw(lines("a" * 70, "b" * 70, "c" * 70, "d"))
    screen.draw(lines("a" * 70, "B" * 70, "c" * 70, "d"))
    assert len(terminal.writes) == 2
    assert "b" * 70 not in terminal.writes[1]
    assert "a" * 70 not in terminal.writes[1]
    assert len(terminal.writes[1]) < 150
    assert terminal.shown == ["a" * 70, "B" * 70, "c" * 70, "d"]


def test_what_has_not_changed_is_not_drawn() -> None:
    terminal = Emulator()
    screen = Window(terminal)
    for _ in range(5):
        screen.draw(lines("a", "b"))
    assert len(terminal.writes) == 1


def test_no_line_is_empty_in_between() -> None:
    """What replaces a line of the same length is written over it: erased first, it would flicker."""
    terminal = Emulator()
    screen = Window(terminal)
    screen.draw(lines("12 of 90"))
    screen.draw(lines("13 of 90"))
    assert "\x1b[2K" not in terminal.writes[1]
    assert "\x1b[J" not in terminal.writes[1]


def test_the_cursor_is_hidden_only_within_a_write() -> None:
    """Whatever kills the process: the terminal has its cursor."""
    terminal = Emulator()
    screen = Window(terminal)
    for number in range(3):
        screen.draw(lines(f"{number}"))
    assert all(write.count("\x1b[?25l") == write.count("\x1b[?25h") == 1 for write in terminal.writes)
    assert all(write.index("\x1b[?25l") < write.index("\x1b[?25h") for write in terminal.writes)


def test_a_low_terminal_shows_as_many_lines_as_it_has() -> None:
    terminal = Emulator()
    screen = Window(terminal, rows=3)
    screen.draw(lines("1", "2", "3", "4"))
    assert terminal.shown == ["1", "2"]
    screen.rows = 24
    screen.draw(lines("1", "2", "3", "4"))
    assert terminal.shown == ["1", "2", "3", "4"]


def test_after_it_was_stopped_it_begins_below_what_others_wrote() -> None:
    """Ctrl-Z, a command or two, `fg`."""
    terminal = Emulator()
    screen = Window(terminal)
    before = signal.getsignal(signal.SIGCONT)
    with screen.kept_up():
        screen.draw(lines("old"))
        terminal.write("[1]+ Stopped\n$ fg\n")
        signal.raise_signal(signal.SIGCONT)
        screen.draw(lines("new"))
        screen.draw(lines("newer"))
    assert terminal.shown == ["old", "[1]+ Stopped", "$ fg", "newer"]
    assert signal.getsignal(signal.SIGCONT) == before


def test_what_is_told_meanwhile_stands_above(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Emulator()
    screen = Window(terminal)
    screen.draw(lines("a", "b"))
    with others_above(screen, terminal):
        sys.stderr.write("warning: the log cannot be written any more\n")
        screen.draw(lines("a", "c"))
        sys.stderr.write("half a ")
        sys.stderr.write("line")
    assert terminal.shown == ["warning: the log cannot be written any more", "half a line", "a", "c"]
    assert capsys.readouterr().err == ""


def test_an_echoed_ctrl_c_is_wiped_away() -> None:
    terminal = Emulator()
    screen = Window(terminal)
    screen.draw(lines("a", "b"))
    terminal.write("^C")
    screen.draw(lines("a", "stopping"))
    assert terminal.shown == ["a", "stopping"]
    terminal.write("^C")
    screen.rest()
    assert terminal.shown == ["a", "stopping"]


def test_cleared_nothing_of_it_stays() -> None:
    terminal = Emulator()
    terminal.write("$ batchreset status --watch\n")
    screen = Window(terminal)
    screen.clear()
    screen.draw(lines("a", "b"))
    screen.clear()
    assert terminal.shown == ["$ batchreset status --watch"]


def test_ink_is_colour_only_where_it_is_wanted() -> None:
    for color in (True, False):
        terminal = Emulator()
        Window(terminal, color=color).draw([(Piece("failed 1", Ink.BAD), Piece(" plain"))])
        assert ("\x1b[31mfailed 1\x1b[0m plain" in terminal.writes[0]) is color
        assert terminal.shown == ["failed 1 plain"]


def test_in_the_background_nothing_is_drawn_into_what_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`bg`, and later `fg`: the picture then stands below."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        terminal = Emulator()
        terminal.fileno = stream.fileno  # type: ignore[method-assign]  # somebody's terminal, as far as is asked
        screen = Window(terminal)
        screen.draw(lines("old"))
        with monkeypatch.context() as another:
            another.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
            screen.draw(lines("unseen"))
        terminal.write("$ fg\n")
        screen.draw(lines("new"))
    os.close(ours)
    assert terminal.shown == ["old", "$ fg", "new"]


@pytest.mark.parametrize(
    ("encoding", "expected"), [("utf-8", False), ("latin-1", True), ("ascii", True), ("no such", True)]
)
def test_a_terminal_is_drawn_on_with_what_it_can_show(encoding: str, *, expected: bool) -> None:
    class Stream(io.StringIO):
        pass

    Stream.encoding = encoding
    assert Screen(Stream(), color=False).ascii_only is expected


def test_the_size_is_asked_for_anew_each_time() -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        screen = Screen(stream, color=False)
        sizes = [screen.size]
        for columns in (60, 90):
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, columns, 0, 0))
            sizes.append(screen.size)
    os.close(ours)
    assert sizes == [(80, 24), (60, 20), (90, 20)]
