"""A cluster on hosts of its own, the service beside it, and runs that are carried out there."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from acceptance_world import COMMAND, TOKEN, accounts, write_csv
from namespaces import Host, Running
from papers import Papers
from waiting import until

DASK: Final = (sys.executable, "-W", "ignore", "-m", "dask")
WORKERS: Final = ("w1", "w2", "w3", "w4")
LEASE_SECONDS: Final = 15.0
"""A row leaves its sender so long after it was handed over at the latest, as the documentation promises."""
LATENCY_SECONDS: Final = 0.3
_PORT: Final = 8786
_PLAIN_PORT: Final = 8888
UP_SECONDS: Final = 40.0


_RETIRE: Final = """
import sys, time
from distributed import Client, Security
address, name, ca, certificate, key = sys.argv[1:]
security = Security(tls_ca_file=ca, tls_client_cert=certificate, tls_client_key=key, require_encryption=True)
with Client(address, security=security) as client:
    while name in [worker["name"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]:
        client.retire_workers(names=[name])
        time.sleep(0.2)
"""
"""Dask does not retire a worker that has an actor, but tells who asked; who asks again finds it gone in the end."""


@dataclass(slots=True, kw_only=True)
class Site:
    """All of it; one for many runs.

    Attributes:
        harmed: workers that a test did something to: the next one gets others.
        numbers: of runs, and of whatever else needs a name of its own.
    """

    folder: Path
    hosts: Mapping[str, Host]
    papers: Papers
    service: Running
    base_url: str
    ca_file: str
    key: Path
    recipient: str
    scheduler: Running | None = None
    workers: dict[str, Running] = field(default_factory=dict)
    harmed: set[str] = field(default_factory=set)
    jobs: "list[Job]" = field(default_factory=list)
    numbers: int = 0

    @property
    def scheduler_address(self) -> str:
        return f"tls://{self.hosts['scheduler'].cluster}:{_PORT}"

    @property
    def applied_log(self) -> Path:
        return self.folder / "applied.ndjson"

    @property
    def request_log(self) -> Path:
        return self.folder / "requests.ndjson"

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def up(self, *names: str) -> None:
        """The cluster has these workers, all of them well, and no others."""
        for name in list(self.workers):
            if name not in names or name in self.harmed or not self.workers[name].alive or not self._has_scheduler:
                self._away(name)
        self.begin_scheduler()
        self.begin_workers(*(name for name in names if name not in self.workers))

    @property
    def _has_scheduler(self) -> bool:
        return self.scheduler is not None and self.scheduler.alive and "scheduler" not in self.harmed

    def begin_scheduler(self) -> None:
        """Where there is none."""
        if self._has_scheduler:
            return
        if self.scheduler is not None:
            self.scheduler.kill()
        self.harmed.discard("scheduler")
        host = self.hosts["scheduler"]
        words = ["--protocol", "tls", "--port", str(_PORT), *self.papers.for_dask(host)]
        self.scheduler = self._dask(host, "scheduler", words, {})
        self._until_said(self.scheduler, "Scheduler at:")

    def begin_workers(self, *names: str, environ: Mapping[str, str] | None = None, wait: bool = True) -> None:
        """Of these names; nothing waits for them if it need not."""
        for name in names:
            self._away(name)
            host = self.hosts[name]
            words = [self.scheduler_address, *self._worker_words(host), *self.papers.for_dask(host)]
            self.workers[name] = self._dask(host, "worker", words, environ or {})
        for name in names if wait else ():
            self._until_said(self.workers[name], "Registered to:")

    def begin_plain(self, name: str) -> str:
        """Another cluster, of one worker, that does not know TLS; its address."""
        host, worker = self.hosts["scheduler"], self.hosts[name]
        address = f"tcp://{host.cluster}:{_PLAIN_PORT}"
        scheduler = self._dask(host, "scheduler", ["--port", str(_PLAIN_PORT)], {})
        self._until_said(scheduler, "Scheduler at:")
        self._away(name)
        self.workers[name] = self._dask(worker, "worker", [address, *self._worker_words(worker)], {})
        self.harmed.add(name)
        self._until_said(self.workers[name], "Registered to:")
        return address

    def _worker_words(self, host: Host) -> list[str | Path]:
        return ["--no-nanny", "--nthreads", "1", "--name", host.name, "--local-directory", self.folder / host.name]

    def _dask(self, host: Host, what: str, words: Sequence[str | Path], environ: Mapping[str, str]) -> Running:
        log = self.folder / f"{host.name}-{self.number()}.txt"
        all_words = [*DASK, what, *words, "--no-dashboard", "--host", host.cluster]
        return host.start(all_words, environ={**self._bare, **environ}, folder=self.folder, log=log)

    def _away(self, name: str) -> None:
        if name in self.harmed:
            self.harmed.discard(name)
            self.hosts[name].heal()
        worker = self.workers.pop(name, None)
        if worker is not None:
            worker.kill()

    @staticmethod
    def _until_said(running: Running, words: str) -> None:
        until(lambda: words in running.said or not running.alive, f"{running.log.name}: {words}", seconds=UP_SECONDS)
        assert words in running.said, running.said

    @property
    def _bare(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONUNBUFFERED": "1"}

    def signal(self, name: str, number: signal.Signals) -> None:
        """To a worker."""
        self.harmed.add(name)
        self.workers[name].signal(number)

    def retire(self, name: str) -> None:
        """Drain a worker, as another client of the cluster does; it is gone then."""
        self.harmed.add(name)
        host = self.hosts["coordinator"]
        certificate, key = self.papers.of(host.cluster)
        words: list[str | Path] = [self.scheduler_address, name, self.papers.ca, certificate, key]
        log = self.folder / f"retire-{self.number()}.txt"
        asked = host.start(
            [sys.executable, "-W", "ignore", "-c", _RETIRE, *words], environ=self._bare, folder=self.folder, log=log
        )
        until(lambda: not asked.alive, f"{name} is retired")
        assert asked.process.returncode == 0, asked.said
        until(lambda: not self.workers[name].alive, f"the end of {name}")

    def kill_scheduler(self) -> None:
        assert self.scheduler is not None
        self.harmed.add("scheduler")
        self.scheduler.kill()

    @contextlib.contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """A worker that does nothing, and does not know it, while the block runs."""
        self.signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(name, signal.SIGCONT)

    @contextlib.contextmanager
    def cut_off(self, name: str) -> Iterator[None]:
        """A host that hears nothing of the cluster, and of which the cluster hears nothing; not from the service."""
        self.harmed.add(name)
        self.hosts[name].cut()
        try:
            yield
        finally:
            self.hosts[name].heal()

    @contextlib.contextmanager
    def held_back(self, name: str) -> Iterator[None]:
        """A host of which nobody hears anything, though it is written: neither the cluster nor the service."""
        with self.cut_off(name):
            self.hosts[name].hold_back()
            try:
                yield
            finally:
                self.hosts[name].let_go()

    @property
    def logs(self) -> list[Path]:
        """All that scheduler and workers have said."""
        return sorted(path for path in self.folder.glob("*.txt") if path.name != "service.txt")

    def environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        """Of the coordinator."""
        return {
            **self._bare,
            "BATCHRESET_PARTNER_CENTER__BASE_URL": self.base_url,
            "BATCHRESET_PARTNER_CENTER__CA_FILE": self.ca_file,
            "BATCHRESET_AUTH__KIND": "access_token",
            "BATCHRESET_AUTH__ACCESS_TOKEN": TOKEN,
            "BATCHRESET_PASSWORD__RECIPIENTS": self.recipient,
            "BATCHRESET_PACE__MAX_CONCURRENCY": "24",
            "BATCHRESET_PACE__REMEMBER": "false",
            "BATCHRESET_OUTPUT__REPORT": "false",  # it costs a tenth of a second of each run; one test switches it on
            "BATCHRESET_SAFETY__CANARY": "0",
            "BATCHRESET_SAFETY__MAX_FAILURE_RATE": "1",
            **changes,
        }

    def job(self, rows: int = 150, *, name: str = "") -> "Job":
        """A run of so many accounts, of whom nobody has heard; without a name of no other run's."""
        number = self.number()
        folder = self.folder / f"job{number}"
        folder.mkdir()
        first, second = rows // 2, rows // 3
        chosen = accounts(first, second, rows - first - second, start=10_000 * number)
        made = Job(
            site=self,
            name=name or folder.name,
            folder=folder,
            source=write_csv(folder / "users.csv", chosen),
            rows=rows,
            users=frozenset(account.user for account in chosen),
            applied_from=_size(self.applied_log),
            requests_from=_size(self.request_log),
        )
        self.jobs.append(made)
        return made

    def abandon(self) -> None:
        """Kill the coordinators that a test has left behind."""
        for job in self.jobs:
            for coordinator in job.coordinators:
                coordinator.kill()
        self.jobs.clear()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@dataclass(slots=True, kw_only=True)
class Job:
    """One run, by as many coordinators, one after the other, as it takes.

    Attributes:
        applied_from: where in the service's applied log it begins.
        requests_from: the same of its request log.
        others: users of runs that go on at the same time. Whoever is neither theirs nor its own was changed by mistake.
    """

    site: Site
    name: str
    folder: Path
    source: Path
    rows: int
    users: frozenset[str]
    applied_from: int
    requests_from: int
    others: frozenset[str] = frozenset()
    coordinators: list[Running] = field(default_factory=list)

    @property
    def run_folder(self) -> Path:
        return self.folder / "runs" / self.name

    @property
    def said(self) -> list[Path]:
        return [one.log for one in self.coordinators]

    def begin(
        self, *flags: str | Path, cluster: str | None = None, environ: Mapping[str, str] | None = None
    ) -> Running:
        """`batchreset run` on the coordinator's host."""
        return self._start(["run", self.source, "--run-id", self.name], flags, cluster, environ or {})

    def carry_on(
        self, *flags: str | Path, cluster: str | None = None, environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Running:  # fmt: skip
        """`batchreset apply`; of another folder than the run's own, if it is given."""
        return self._start(["apply", folder or self.run_folder], flags, cluster, environ or {})

    def _start(
        self,
        command: Sequence[str | Path],
        flags: Sequence[str | Path],
        cluster: str | None,
        environ: Mapping[str, str],
    ) -> Running:
        host = self.site.hosts["coordinator"]
        where: list[str | Path] = ["--cluster", cluster or self.site.scheduler_address]
        access = self.site.papers.for_batchreset(host) if str(where[1]).startswith("tls:") else []
        words = [*COMMAND, *command, "--yes", *where, *access, *flags]
        log = self.folder / f"said-{len(self.coordinators)}.txt"
        running = host.start(words, environ=self.site.environment(environ), folder=self.folder, log=log)
        self.coordinators.append(running)
        return running

    def ended(self, *, seconds: float = 60.0) -> int:
        """The exit code of the one that was begun last."""
        last = self.coordinators[-1]
        until(lambda: not last.alive, f"the end of the run; it said: {last.said}", seconds=seconds)
        return last.process.wait()

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Resets that came to the service since the run was begun, as its log has them."""
        return [line for line in self.seen(self.site.request_log, self.requests_from) if line["method"] == "PATCH"]

    @property
    def applied(self) -> list[dict[str, Any]]:
        return self.seen(self.site.applied_log, self.applied_from)

    def seen(self, path: Path, start: int) -> list[dict[str, Any]]:
        """Lines of one of the service's logs, from there on."""
        return [line for line in self._lines(path, start) if line["user"] not in self.others]

    @staticmethod
    def _lines(path: Path, start: int) -> Iterator[dict[str, Any]]:
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(start)
            for line in file:
                if line.endswith(b"\n"):
                    yield json.loads(line)

    def until_sent(self, number: int, *, by: str | None = None) -> None:
        """So many resets have come, of that worker where one is named."""
        address = None if by is None else self.site.hosts[by].egress
        last = self.coordinators[-1]

        def come() -> bool:
            assert last.alive, last.said
            return sum(address in {None, line["peer"]} for line in self.requests) >= number

        until(come, f"{number} resets by {by or 'anybody'}; the run said: {last.said}")
