"""As much of a terminal as a picture needs, in memory: what a person would see, also after the window was resized."""

import io
import re

_TOKENS = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Emulator(io.StringIO):
    """Lines that wrap are wrapped anew when it is resized, as tmux, kitty and Windows Terminal do.

    Attributes:
        writes: what came, one entry each time.
        hidden: whether the cursor is.
    """

    def __init__(self, columns: int = 80) -> None:
        super().__init__()
        self.columns = columns
        self.writes: list[str] = []
        self.hidden = False
        self._lines = [""]
        self._row = 0
        self._column = 0

    def write(self, text: str) -> int:
        self.writes.append(text)
        for private, number, order, move, letters in _TOKENS.findall(text):
            if letters:
                self._put(letters)
            elif move:
                self._move(move)
            elif private:
                self.hidden = {("25", "l"): True, ("25", "h"): False}.get((number, order), self.hidden)
            else:
                self._obey(order, int(number or 1) if order == "A" else number)
        return len(text)

    def _put(self, letters: str) -> None:
        line = self._lines[self._row].ljust(self._column)
        self._lines[self._row] = line[: self._column] + letters + line[self._column + len(letters) :]
        self._column += len(letters)
        assert self._column <= self.columns, "a line is wider than the terminal"

    def _move(self, move: str) -> None:
        self._column = 0
        if move == "\n":
            self._row += 1
            if self._row == len(self._lines):
                self._lines.append("")

    def _obey(self, order: str, number: int | str) -> None:
        line = self._lines[self._row]
        match order, number:
            case "A", int(rows):
                assert rows <= self._row, "it climbs beyond what it has drawn"
                self._row -= rows
            case "K", "2":
                self._lines[self._row] = ""
            case "K", _:
                self._lines[self._row] = line[: self._column]
            case "J", _:
                self._lines[self._row] = line[: self._column]
                del self._lines[self._row + 1 :]
            case "m", _:
                pass
            case _:
                raise AssertionError((order, number))

    def resize(self, columns: int) -> None:
        """The cursor stays on its line."""
        wrapped: list[str] = []
        for number, line in enumerate(self._lines):
            if number == self._row:
                self._row = len(wrapped)
            wrapped += [line[start : start + columns] for start in range(0, len(line), columns)] or [""]
        self._lines, self.columns = wrapped, columns

    @property
    def shown(self) -> list[str]:
        """Lines, without what is empty at their ends."""
        return "\n".join(line.rstrip() for line in self._lines).rstrip().split("\n")
