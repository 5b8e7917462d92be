"""A real run in a real terminal (tmux), looked at again and again."""

import contextlib
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batchreset.adapters.sealing import new_key_pair
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.server import running

COLUMNS: Final = 80
LINES: Final = 36
"""Plan, progress and summary of the sample, so that nothing leaves at the top."""
LOOK_EVERY_SECONDS: Final = 0.25
LONGEST_SECONDS: Final = 120.0
PROMPT: Final = "$ "
TYPED_KEY_SECONDS: Final = 0.035
PUBLIC_KEY_SHOWN: Final = 12

_SAMPLE: Final = Path(__file__).parents[2] / "sample_inputs" / "incident.csv"
_ASKED: Final = re.compile(r"\((\d[\d,]*)\) to reset their passwords: ?$")
_FILMS: Final = itertools.count(1)
"""A server that is told to end may still hold its socket when the next film begins: each has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the terminal showed.

    Attributes:
        seconds: for how long.
        lines: as the terminal would write them again, colours too.
    """

    seconds: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A folder with an input and a key, and a service that is somewhat busy."""

    folder: Path
    key: str
    env: Mapping[str, str] = field(repr=False)

    @property
    def run(self) -> Path:
        return self.folder / "runs" / "incident-7"


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """While the block runs. The path is short, as it is shown."""
    with tempfile.TemporaryDirectory(prefix="film-") as temporary:
        folder = Path(temporary).resolve()
        shutil.copy(_SAMPLE, folder / "users.csv")
        users = [line.split(",")[1] for line in _SAMPLE.read_text(encoding="utf-8").splitlines()[1:]]
        _, public = new_key_pair()
        options = SimulatorOptions(
            missing_users=frozenset(users[50::100]),
            latency_seconds=0.25,
            error_share=0.02,
            lost_applied_share=0.005,
            partner_limit=70,
            partner_window_seconds=5,
        )
        with running(options) as service:
            env = {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
                "HOME": str(folder),
                "LANG": "C.UTF-8",
                "TERM": "tmux-256color",
                "BATCHRESET_PARTNER_CENTER__BASE_URL": service.base_url,
                "BATCHRESET_PARTNER_CENTER__CA_FILE": str(service.ca_file),
                "BATCHRESET_AUTH__KIND": "access_token",
                "BATCHRESET_AUTH__ACCESS_TOKEN": "made-up",
                "BATCHRESET_PASSWORD__RECIPIENTS": public,
                "BATCHRESET_PACE__MAX_CONCURRENCY": "8",
            }
            yield Stage(folder=folder, key=public, env=env)


def filmed(on: Stage, command: str, *, shown: Mapping[str, str]) -> list[Frame]:
    """A command, typed and run to its end; the number it asks for is typed too.

    Args:
        on: where.
        command: as it is typed.
        shown: what is to be read in place of what is there (paths, addresses).
    """
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in on.env.items())
    script = f"cd {shlex.quote(str(on.folder))}; export {variables}; {command}; echo; echo '(end)'; sleep 60"
    socket = f"pictures-{os.getpid()}-{next(_FILMS)}"
    _tmux(socket, "-f", os.devnull, "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "sh", "-c", script)
    try:
        frames = list(_frames(socket, shown))
    finally:
        _tmux(socket, "kill-server")
    return [*_typing(command), *(_after(command, frame) for frame in frames)]


def _frames(socket: str, shown: Mapping[str, str]) -> Iterator[Frame]:
    began = time.monotonic()
    last, since, answered = _look(socket, shown), began, False
    while time.monotonic() < began + LONGEST_SECONDS:
        time.sleep(LOOK_EVERY_SECONDS)
        lines, now = _look(socket, shown), time.monotonic()
        asked = _ASKED.search(_plain(lines).rstrip("\n"))
        if asked and not answered:
            answered = True
            time.sleep(1.0)
            _tmux(socket, "send-keys", asked[1], "Enter")
        if lines != last:
            yield Frame(seconds=now - since, lines=last)
            last, since = lines, now
        if _plain(lines).rstrip().endswith("(end)"):
            yield Frame(seconds=now - since, lines=lines)
            return
    raise TimeoutError(_plain(last))


def _look(socket: str, shown: Mapping[str, str]) -> tuple[str, ...]:
    text = _tmux(socket, "capture-pane", "-p", "-e", "-N")
    for real, read in shown.items():
        text = text.replace(real, read)
    return tuple(line.rstrip() for line in text.splitlines())


def _plain(lines: tuple[str, ...]) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines)).rstrip()


def _typing(command: str) -> Iterator[Frame]:
    for end in range(0, len(command) + 1, 2):
        yield Frame(seconds=2 * TYPED_KEY_SECONDS, lines=(f"{PROMPT}{command[:end]}█",))
    yield Frame(seconds=0.6, lines=(f"{PROMPT}{command}",))


def _after(command: str, frame: Frame) -> Frame:
    """The prompt above what came; the oldest lines leave at the top, as in a terminal."""
    lines = (f"{PROMPT}{command}", *frame.lines)
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    lines = tuple(line for line in lines if "(end)" not in line)
    return Frame(seconds=frame.seconds, lines=lines[-LINES:])


def _tmux(socket: str, *words: str) -> str:
    done = subprocess.run(  # noqa: S603  our own words
        ["tmux", "-L", socket, *words],  # noqa: S607  from the PATH, as a person's would
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "LANG": "C.UTF-8"},
    )
    return done.stdout
