"""A simulated service to read from, in this process: settings that lead to it, and what was said."""

import contextlib
import csv
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from batchreset.settings.model import Settings
from batchreset.simulator.directory import DirectoryUser
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.server import RunningSimulator, running
from batchreset.wiring.reading import Around

TOKEN = "canary-token-e9Kq7Zx2vLm4"
CUSTOMERS = tuple(str(uuid.UUID(int=(0xC0 << 120) + number)) for number in range(1, 40))


def user_id(number: int) -> str:
    return str(uuid.UUID(int=(0xA5 << 120) + number))


def people(customer: int, count: int, *, start: int = 1) -> list[DirectoryUser]:
    """So many users with nothing about them."""
    return [DirectoryUser(customer=CUSTOMERS[customer], user=user_id(start + number)) for number in range(count)]


class Events:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def debug(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))

    def info(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))

    warning = error = debug


@dataclass
class Service:
    """What a test reads from."""

    simulator: RunningSimulator
    settings: Settings
    said: list[str] = field(default_factory=list)
    log: Events = field(default_factory=Events)
    environ: Mapping[str, str] = field(default_factory=lambda: {"BATCHRESET_AUTH__ACCESS_TOKEN": TOKEN})

    @property
    def around(self) -> Around:
        return Around(environ=self.environ, log=self.log, say=self.said.append)

    @property
    def requests(self) -> int:
        return len(self.simulator.state.exchanges)


@contextlib.contextmanager
def service(
    *users: DirectoryUser, settings: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
) -> Iterator[Service]:
    """A service whose directory has these users; at the end: nothing was asked wrongly, and no token told."""
    with running(SimulatorOptions(directory=tuple(users), **options)) as simulator:
        given: dict[str, Any] = {section: dict(values) for section, values in (settings or {}).items()}
        given["partner_center"] = {"base_url": simulator.base_url, "ca_file": str(simulator.ca_file)}
        made = Service(simulator=simulator, settings=Settings.model_validate(given))
        yield made
        assert simulator.state.protocol_errors == []
        assert TOKEN not in repr((made.said, made.log.events))


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
