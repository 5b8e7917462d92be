"""Console blocks of a page: what is typed and what is shown, and a terminal to try it on."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r"(?:<!-- terminal: ([\w ,-]+) -->\n)?```console\n(.*?)```", re.DOTALL)
_QUESTION: Final = re.compile(r"^(Type the number of accounts \(\d+\).*: )(\d+)$", re.MULTILINE)
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][0-9A-B]?")
_PROMPT: Final = "\x01ready\x02"
_ANYTHING: Final = "…"
_DEADLINE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """One command of a block, its further lines too, and the lines shown below it."""

    terminal: str
    command: str
    shown: tuple[str, ...]


def typed_in(text: str) -> Iterator[Typed]:
    """All commands of a page. `<!-- terminal: NAME -->` before a block says where it is typed."""
    for terminal, block in _BLOCK.findall(text):
        command: list[str] = []
        shown: list[str] = []
        for line in [*block.splitlines(), "$ "]:
            if line.startswith("$ "):
                if command:
                    yield Typed(terminal=terminal, command="\n".join(command), shown=tuple(shown))
                command, shown = [line[2:]], []
            elif not shown and command and command[-1].endswith("\\"):
                command[-1] = command[-1][:-1] + line.lstrip()
            elif line.startswith("> ") and not shown:
                command.append(line[2:])
            else:
                shown.append(line)


def agrees(said: str, shown: tuple[str, ...]) -> bool:
    """Whether that was said which is shown; `…` is any text, on a line of its own any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == _ANYTHING else re.escape(line).replace(_ANYTHING, ".*") + r" *\n" for line in shown
    )
    lines = "".join(f"{line}\n" for line in said.splitlines())
    return re.fullmatch(pattern, lines) is not None


class Terminal:
    """A bash on a terminal of its own, 100 columns wide."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._master, its_end = pty.openpty()
        fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        attributes = termios.tcgetattr(its_end)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(its_end, termios.TCSANOW, attributes)
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "--noediting", "-i"],
            stdin=its_end, stdout=its_end, stderr=its_end, cwd=folder, start_new_session=True,
            env={**environ, "PS1": _PROMPT, "PS2": "", "TERM": "xterm"},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  Ctrl-C needs its own terminal
        )  # fmt: skip
        os.close(its_end)
        self._until(_PROMPT)

    def type(self, one: Typed) -> str:
        """What was said until it had ended. A question that is shown with its answer is answered."""
        os.write(self._master, f"{one.command}\n".encode())
        said = ""
        if question := _QUESTION.search("\n".join(one.shown)):
            said = self._until(question[1]) + question[2] + "\n"
            os.write(self._master, f"{question[2]}\n".encode())
        return said + self._until(_PROMPT).removesuffix(_PROMPT)

    def begin(self, one: Typed) -> None:
        """Type what goes on and on, until it has said the first line that is shown below it."""
        os.write(self._master, f"{one.command}\n".encode())
        self._until(f"{one.shown[0]}\n")

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.write(self._master, b"\x03")
        self._until(_PROMPT)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGHUP)
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def _until(self, awaited: str) -> str:
        deadline, said = time.monotonic() + _DEADLINE_SECONDS, ""
        while awaited not in said:
            assert select.select([self._master], [], [], deadline - time.monotonic())[0], f"waited in vain: {said}"
            said += os.read(self._master, 65_536).decode(errors="replace").replace("\r\n", "\n")
        return _CONTROL.sub("", said)
