"""Inputs, each planned once by the real planning; a seed's run is the same plan, bound to the seed's settings."""

import csv
import functools
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyrage

from batchreset.adapters.run_folder import RunFolder
from batchreset.settings.snapshot import to_snapshot
from batchreset.settings.sources import load_settings
from batchreset.wiring.frozen import FrozenRun, digest_of, read_frozen
from batchreset.wiring.planning import NewRun, plan_run
from simulation.timing import BEGAN

Account = tuple[str, str]
KEY: Final = pyrage.x25519.Identity.generate()
"""The helpdesk's, another one in each process: nothing of a history hangs on it."""
RUN_ID: Final = "r"


@dataclass(frozen=True, slots=True)
class Shape:
    """How many rows of how many customers; larger ones also name an account twice, and one that is none."""

    sizes: tuple[int, ...]

    @property
    def accounts(self) -> tuple[Account, ...]:
        """In the input's order: the customers in turn."""
        left = list(self.sizes)
        found: list[Account] = []
        while any(left):
            for index in (index for index, size in enumerate(left) if size):
                left[index] -= 1
                customer, user = uuid.UUID(int=(0xC0 << 120) + index + 1), uuid.UUID(int=(0xA5 << 120) + len(found) + 1)
                found.append((str(customer), str(user)))
        return tuple(found)

    @property
    def lines(self) -> tuple[tuple[str, str, str], ...]:
        """Of the input."""
        lines = [(*account, str(number % 7 != 0).lower()) for number, account in enumerate(self.accounts)]
        if len(lines) > 20:
            lines.insert(7, lines[3])
            lines.insert(11, ("00000000-0000-0000-0000-000000000001", "not-a-guid", "true"))
        return tuple(lines)


SMALL: Final = (
    Shape((1, 2)),
    Shape((5,)),
    Shape((4, 3, 1)),
    Shape((12,)),
    Shape((9, 6, 2)),
    Shape((20, 2, 2, 1)),
)
MIDDLE: Final = (
    Shape((30,)),
    Shape((8, 8, 8, 8, 8)),
    Shape((40, 20)),
)
LARGE: Final = (Shape((200, 60, 40)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A shape's input and its plan."""

    source: Path
    folder: Path
    key: Path


def bound(shape: Shape, flags: Mapping[str, Any], runs_dir: Path) -> FrozenRun:
    """The shape's plan as a run in `runs_dir`, frozen with these settings."""
    planned = planned_input(shape)
    runs_dir.mkdir(mode=0o700)
    folder = RunFolder(runs_dir / RUN_ID)
    shutil.copytree(planned.folder, folder.path)
    facts = folder.read_run()
    facts["settings"] = to_snapshot(_settings(planned.source, runs_dir, flags))
    facts["plan"]["sha256"] = digest_of(facts)
    folder.write_json(folder.run_json, facts)
    return read_frozen(folder)


@functools.cache
def planned_input(shape: Shape) -> Planned:
    """Written and planned when it is first asked for, in this process' own folder."""
    base = _base() / "-".join(map(str, shape.sizes))
    base.mkdir()
    key, source = base / "key.txt", base / "users.csv"
    key.write_text(f"{KEY}\n", encoding="ascii")
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("customer-tenant-id", "user-id", "forceChangePassword"), *shape.lines])
    new = NewRun(run_id=RUN_ID, now=BEGAN)
    run = plan_run(_settings(source, base / "runs", {}), new, environ={}, stdin=None)
    return Planned(source=source, folder=run.folder.path, key=key)


@functools.cache
def _base() -> Path:
    """Kept as long as the process: its inputs are read by every play."""
    room = Path("/dev/shm")
    kept = tempfile.TemporaryDirectory(dir=room if room.is_dir() else None, prefix="simulation-")
    _KEPT.append(kept)
    return Path(kept.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def play_folder() -> tempfile.TemporaryDirectory[str]:
    """For one play."""
    return tempfile.TemporaryDirectory(dir=_base(), prefix="play-")


def _settings(source: Path, runs_dir: Path, flags: Mapping[str, Any]) -> Any:
    given: dict[str, Any] = {
        "input.path": str(source),
        "input.on_invalid": "skip",
        "input.max_rows": 50_000,
        "password.recipients": [str(KEY.to_public())],
        "output.runs_dir": str(runs_dir),
        "output.report": False,
        **flags,
    }
    return load_settings(flags=given, environ={}, job_file=None)
