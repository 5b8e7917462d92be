"""One site for all tests of a process; each of them says which workers it wants."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from acceptance_world import COMMAND
from clustered import LATENCY_SECONDS, UP_SECONDS, WORKERS, Site
from namespaces import hosts
from papers import papers
from waiting import until


@pytest.fixture
def cluster(_site: Site) -> Iterator[Site]:
    """Where hosts cannot be made the tests fail: a fault that nobody has tried is not one that is stood."""
    yield _site
    _site.abandon()


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site")) as made:
        yield made


@contextlib.contextmanager
def site(folder: Path, *options: str) -> Iterator[Site]:
    """Hosts with a service that takes its time; `options`: further ones of the simulator."""
    identity = pyrage.x25519.Identity.generate()
    key = folder / "helpdesk.key"
    key.write_text(f"{identity}\n", encoding="ascii")
    with hosts("service", "scheduler", "coordinator", *WORKERS) as made:
        host = made["service"]
        words = [
            "simulate", "--host", host.egress, "--port", "443", "--latency-seconds", str(LATENCY_SECONDS),
            "--ca-file", "service-ca.pem", "--applied-log", "applied.ndjson", "--request-log", "requests.ndjson",
        ]  # fmt: skip
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        service = host.start([*COMMAND, *words, *options], environ=environ, folder=folder, log=folder / "service.txt")
        until(lambda: '"base_url"' in service.said or not service.alive, "the service", seconds=UP_SECONDS)
        ready = json.loads(next(line for line in service.said.splitlines() if line.startswith("{")))
        yield Site(
            folder=folder, hosts=made, papers=papers(folder / "papers"), service=service, base_url=ready["base_url"],
            ca_file=ready["ca_file"], key=key, recipient=str(identity.to_public()),
        )  # fmt: skip
