"""`python -m benchmarks.cluster.carrying KIND RUN INTO`: carries a planned run out whose senders answer at once.

Writes what the second half of its rows cost: by then pacing has climbed, and neither start nor results are in it.
"""

import argparse
import contextlib
import json
import logging
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset import __version__
from batchreset.adapters.channel import KeyHalf
from batchreset.adapters.dask import DaskCluster
from batchreset.adapters.run_folder import RunFolder
from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.exchange import Exchange
from batchreset.core.places import ClusterAccess, LocalWorkers
from batchreset.core.progress import Progress
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.senders import Descent, SenderFigures
from batchreset.core.take_up import TakeUp
from batchreset.engine.pool.hiring import Hiring
from batchreset.engine.pool.pool import Pool
from batchreset.engine.ports import ResetApi, Senders
from batchreset.engine.stopping import StopSwitch
from batchreset.net import Transport
from batchreset.settings.model import Settings
from batchreset.wiring.applying import How, apply
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.machine import Machine
from batchreset.wiring.sender import sender_config
from benchmarks.cluster.instant import VERSION, InstantActor, InstantApi
from benchmarks.cluster.piped import PipedSource
from benchmarks.parts.rules import REST
from benchmarks.parts.sampled import Sampler

KINDS: Final = ("none", "sockets", "dask")
"""The engine's own calls answer; processes at the other end of sockets; Dask's workers."""


class Second:
    """From the moment at which half of the rows have been asked for to that of the last."""

    def __init__(self, rows: int, sampler: Sampler | None) -> None:
        self._rows = rows
        self._asked = 0
        self._sampler = sampler
        self._began = self._cpu_began = 0.0
        self.found: dict[str, Any] = {}

    def asked(self) -> None:
        """For a row."""
        self._asked += 1
        if self._asked == self._rows // 2:
            if self._sampler:
                self._sampler.start()
            self._began, self._cpu_began = time.monotonic(), time.process_time()
        elif self._asked == self._rows:
            self.found = {
                "rows": self._rows - self._rows // 2,
                "seconds": time.monotonic() - self._began,
                "cpu_seconds": time.process_time() - self._cpu_began,
            }
            if self._sampler:
                self._sampler.end()
                # A sampler takes what came before its start for the interpreter's own.
                before = {REST: self._cpu_began}
                self.found["parts"] = {
                    part: seconds - before.get(part, 0.0) for part, seconds in self._sampler.seconds.items()
                }


@dataclass(frozen=True, slots=True)
class CountedApi:
    """The engine's `ResetApi`, looked at."""

    below: ResetApi
    second: Second

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        """As below."""
        self.second.asked()
        return await self.below.reset(
            row, password, request_id=request_id, correlation_id=correlation_id, token=token
        )  # fmt: skip

    async def look(self, customer_tenant_id: str, *, request_id: str, correlation_id: str, token: Secret) -> Exchange:
        """As below."""
        return await self.below.look(
            customer_tenant_id, request_id=request_id, correlation_id=correlation_id, token=token
        )


@dataclass(frozen=True, slots=True)
class CountedSenders:
    """The engine's `Senders`: a pool, or nobody."""

    below: Pool | None
    second: Second

    @property
    def lease_seconds(self) -> float:
        """As below."""
        return self.below.lease_seconds if self.below else 0.0

    @property
    def figures(self) -> Sequence[SenderFigures]:
        """As below."""
        return self.below.figures if self.below else ()

    @property
    def gives_up_at_seconds(self) -> float | None:
        """As below."""
        return self.below.gives_up_at_seconds if self.below else None

    @contextlib.asynccontextmanager
    async def open(self, *, session: Descent, stop: StopSwitch, clock: Clock, log: EventLog) -> AsyncIterator[ResetApi]:
        """As below."""
        if self.below is None:
            yield CountedApi(InstantApi(), self.second)
            return
        async with self.below.open(session=session, stop=stop, clock=clock, log=log) as api:
            yield CountedApi(api, self.second)


class Unseen:
    """The display of `--quiet`."""

    @contextlib.asynccontextmanager
    async def showing(self, progress: Progress, log: EventLog) -> AsyncIterator[None]:
        """Nothing."""
        del progress, log
        yield


def _pool_of(kind: str, senders: int, cores: Sequence[int]) -> Callable[[Settings, str, EventLog], Pool | None]:
    def pool(settings: Settings, run_id: str, log: EventLog) -> Pool | None:
        if kind == "none":
            return None
        config = sender_config(settings)
        if kind == "sockets":
            hiring = Hiring(run_id=run_id, version=VERSION, config=config, new_greeting=KeyHalf, exchange_seconds=90.0)
            return Pool(PipedSource(senders, cores), hiring)
        hiring = Hiring(run_id=run_id, version=__version__, config=config, new_greeting=KeyHalf, exchange_seconds=90.0)
        return Pool(DaskCluster(ClusterAccess(place=LocalWorkers(senders)), actor=InstantActor, log=log), hiring)

    return pool


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster.carrying", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("run", type=Path)
    parser.add_argument("into", type=Path)
    parser.add_argument("--senders", type=int, default=1)
    parser.add_argument("--cores", type=int, nargs="*", default=(), help="of the senders")
    parser.add_argument("--sampled", action="store_true")
    asked = parser.parse_args()
    run = read_frozen(RunFolder(asked.run))
    second = Second(run.reset_count, Sampler() if asked.sampled else None)
    pool_of = _pool_of(asked.kind, asked.senders, asked.cores or sorted(os.sched_getaffinity(0)))

    def senders(settings: Settings, run_id: str, transport: Transport, log: EventLog) -> Senders:
        del transport
        return CountedSenders(pool_of(settings, run_id, log), second)

    how = How(
        take_up=TakeUp(), dry_run=False, again=True, log_files=(), log_level=logging.INFO, stderr=sys.stderr,
        shown=logging.ERROR, say=lambda _line: None, display=Unseen(),
    )  # fmt: skip
    summary = apply(run, how, environ=os.environ, machine=Machine(senders=senders))
    if summary["outcomes"]["succeeded"] != run.reset_count:
        raise SystemExit(f"not all rows were sent: {summary['outcomes']}")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    asked.into.write_text(json.dumps(second.found | {"mebibytes": most}), encoding="utf-8")


if __name__ == "__main__":
    main()
