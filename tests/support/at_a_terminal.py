"""The program in this process with a terminal of its own, and somebody who answers what it asks."""

import contextlib
import os
import pty
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from here import run_here

_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PIECE_BYTES: Final = 65_536


def run_at_terminal(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], answers: Mapping[str, str]
) -> tuple[int, str]:
    """Its exit code, and what the terminal showed: no control sequences, and of a line that was drawn anew the last.

    Args:
        arguments: of the command line.
        cwd: where it is typed.
        env: its environment.
        answers: what is typed when a text ends like this pattern; it may name a group of it.
    """
    terminal, its_end = pty.openpty()
    drawn: list[str] = []

    def look() -> None:
        # EIO is how a terminal says that nobody has its other end open any more.
        with contextlib.suppress(OSError):
            while piece := os.read(terminal, _PIECE_BYTES):
                drawn.append(piece.decode(errors="replace"))
                for pattern, answer in answers.items():
                    if found := re.search(f"{pattern}$", drawn[-1]):
                        os.write(terminal, f"{found.expand(answer)}\n".encode())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        code = run_here(
            arguments, cwd=cwd, env={"TERM": "xterm-256color", "COLUMNS": "120", **env}, streams=[its_end] * 3
        )
    finally:
        os.close(its_end)
        reader.join()
        os.close(terminal)
    text = _CONTROL.sub("", "".join(drawn)).replace("\r\n", "\n")
    return code, "\n".join(line.rpartition("\r")[2] for line in text.split("\n"))
