"""A few lines at a terminal's foot that are drawn again and again where they stand.

Calm: one write a redrawing, of those lines only that changed, none of them empty in between. The cursor waits on the
line below and is hidden only while that write lasts, so that whatever ends the process leaves a usable terminal.

Not rich's Live (15.0, seen in tmux): it does not count lines that a narrower window has wrapped, so that each narrowing
leaves half a picture above, and after Ctrl-Z and `bg` it goes on drawing into the shell's lines.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Final, TextIO

from batchreset.adapters.display.cells import Ink, Line, plain

USUAL_SIZE: Final = (80, 24)

_INKS: Final = {Ink.PLAIN: "", Ink.FAINT: "2", Ink.GOOD: "32", Ink.BAD: "31", Ink.CARE: "33"}
# Where a terminal knows of it, nothing is shown before the second one; elsewhere they mean nothing.
_TOGETHER, _SHOWN = "\x1b[?2026h\x1b[?25l", "\x1b[?25h\x1b[?2026l"
_TO_LINES_END: Final = "\x1b[K"
_WHOLE_LINE: Final = "\x1b[2K"
_TO_SCREENS_END: Final = "\x1b[J"


def inked(line: Line, *, color: bool) -> str:
    """As a terminal is told it."""
    if not color:
        return plain(line)
    pieces = ((piece.text, _INKS[piece.ink]) for piece in line)
    return "".join(f"\x1b[{ink}m{text}\x1b[0m" if ink and text else text for text, ink in pieces)


class Screen:
    """Where a terminal cannot be written any more (a closed window), nothing happens: no run ends by it.

    Args:
        stream: the terminal.
        color: whether ink is shown.
    """

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        self._stream = stream
        self._color = color
        self._drawn: list[Line] = []
        self._columns = 0
        self._resumed = False

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        with contextlib.suppress(OSError, ValueError):
            size = os.get_terminal_size(self._stream.fileno())
            if size.columns and size.lines:
                return size.columns, size.lines
        return USUAL_SIZE

    @property
    def ascii_only(self) -> bool:
        """Whether the terminal's encoding has no lines to draw with."""
        try:
            "━·…≥".encode(self._stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return True
        return False

    def draw(self, lines: Sequence[Line]) -> None:
        """In place of what was drawn before; as many lines as there is room for. None is wider than the terminal."""
        shown = self._in_foreground()
        if self._resumed or not shown:
            # Others have written since: the next picture stands below that.
            self._drawn, self._resumed = [], False
        if not shown:
            return
        columns, rows = self.size
        lines = lines[: max(1, rows - 1)]
        before = self._drawn
        anew = columns != self._columns or len(before) != len(lines)
        if not anew and before == lines:
            return
        text = self._up(before, columns)
        for place, line in enumerate(lines):
            old = before[place] if place < len(before) else ()
            text += "\n" if old == line and not anew else self._over(old, line)
        # After a resize the old picture may have been longer; and `^C` is echoed where the cursor waits.
        text += _TO_SCREENS_END if anew else _TO_LINES_END
        self._write(f"{_TOGETHER}{text}{_SHOWN}")
        self._drawn, self._columns = list(lines), columns

    def above(self, text: str) -> None:
        """Lines that stay, above what is drawn; it is drawn again below them."""
        columns, _ = self.size
        drawn, self._drawn = self._drawn, []
        ended = text if text.endswith("\n") else text + "\n"
        again = "".join(self._over((), line) for line in drawn)
        self._write(f"{_TOGETHER}{self._up(drawn, columns)}{_TO_SCREENS_END}{ended}{again}{_SHOWN}")
        self._drawn = drawn

    def _over(self, old: Line, line: Line) -> str:
        """One line, and none of the old one. A shorter one needs an empty line: after a resize tmux wraps what was."""
        shorter = len(plain(line)) < len(plain(old))
        return f"{_WHOLE_LINE if shorter else ''}{inked(line, color=self._color)}{_TO_LINES_END}\n"

    def _up(self, lines: Sequence[Line], columns: int) -> str:
        """To the first of them: one that is wider than the terminal is by now stands on several."""
        rows = sum(max(1, -(-len(plain(line)) // columns)) for line in lines)
        return f"\r\x1b[{rows}A" if rows else "\r"

    @contextlib.contextmanager
    def kept_up(self) -> Iterator[None]:
        """Notice while the block runs that the process was stopped and goes on (Ctrl-Z, `fg`): in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGCONT, self._goes_on)
        try:
            yield
        finally:
            signal.signal(signal.SIGCONT, before)

    def _goes_on(self, _number: int, _frame: FrameType | None) -> None:
        self._resumed = True

    def rest(self) -> None:
        """Nothing that was echoed (`^C`) stays where the cursor waits."""
        if self._drawn:
            self._write(f"\r{_TO_SCREENS_END}")

    def clear(self) -> None:
        """Nothing of it stays."""
        columns, _ = self.size
        if self._drawn:
            self._write(f"{self._up(self._drawn, columns)}{_TO_SCREENS_END}")
        self._drawn = []

    def _in_foreground(self) -> bool:
        """Whoever has been sent to the background (`bg`) does not draw into what is typed there."""
        try:
            return os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except (OSError, ValueError):
            return True  # no terminal that knows of it

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


class _Above:
    """Standard error while there is a picture: what is written goes above it, whole lines."""

    def __init__(self, screen: Screen, stream: TextIO) -> None:
        self._screen = screen
        self._stream = stream
        self._begun = ""

    def write(self, text: str) -> int:
        whole, newline, self._begun = (self._begun + text).rpartition("\n")
        if newline:
            self._screen.above(whole + newline)
        return len(text)

    def flush(self) -> None:
        """Whole lines are written at once."""

    def end(self) -> None:
        if self._begun:
            self._screen.above(self._begun)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextlib.contextmanager
def others_above(screen: Screen, stream: TextIO) -> Iterator[None]:
    """What the program tells on standard error while the block runs goes above the picture."""
    above = _Above(screen, stream)
    with contextlib.redirect_stderr(above):
        try:
            yield
        finally:
            above.end()
