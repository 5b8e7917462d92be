"""The program on a terminal of its own: what it draws, and what is typed."""

import contextlib
import os
import pty
import re
import select
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping

from acceptance_world import COMMAND, DEADLINE_SECONDS, World

LOOK_EVERY_SECONDS = 0.05


class OnTerminal:
    """A process whose standard input and standard error are a terminal; standard output is not."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self._drawn = b""
        self._more = threading.Condition()
        self._leaving = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def drawn(self) -> str:
        """Everything that came to the terminal so far, control sequences too."""
        with self._more:
            return self._drawn.decode(errors="replace")

    def wait_for(self, pattern: str) -> None:
        """Until it was drawn."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        with self._more:
            while not re.search(pattern.encode(), self._drawn):
                assert self._more.wait(deadline - time.monotonic()), f"{pattern} was never drawn: {self._drawn!r}"

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def hang_up(self) -> None:
        """The terminal is gone: whatever is written to it from now on fails with EIO. Idempotent."""
        if not self._leaving.is_set():
            self._leaving.set()
            self._reader.join()
            os.close(self._terminal)

    def end(self) -> tuple[int, str]:
        """Its exit code and what it wrote to standard output, when it has ended by itself."""
        stdout, _ = self.process.communicate(timeout=DEADLINE_SECONDS)
        self._reader.join(timeout=DEADLINE_SECONDS)
        return self.process.returncode, stdout.decode()

    def _read(self) -> None:
        # EIO is how a terminal says that nobody has its other end open any more.
        with contextlib.suppress(OSError):
            while not self._leaving.is_set():
                if select.select([self._terminal], [], [], LOOK_EVERY_SECONDS)[0]:
                    piece = os.read(self._terminal, 65536)
                    with self._more:
                        self._drawn += piece
                        self._more.notify_all()


@contextlib.contextmanager
def on_terminal(world: World, *arguments: str, environ: Mapping[str, str | None] | None = None) -> Iterator[OnTerminal]:
    """It runs while the block does."""
    terminal, its_end = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=its_end, stdout=subprocess.PIPE, stderr=its_end, cwd=world.folder,
        env=world.environment({"TERM": "xterm-256color", "COLUMNS": "100", **(environ or {})}),
    )  # fmt: skip
    os.close(its_end)
    on = OnTerminal(process, terminal)
    try:
        yield on
    finally:
        process.kill()
        process.communicate()
        on.hang_up()
        world.said.append(on.drawn)
