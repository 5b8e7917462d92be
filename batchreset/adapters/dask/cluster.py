"""A Dask cluster whose workers send: reached, watched, and left again."""

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from batchreset.adapters.dask import vendor
from batchreset.adapters.dask.employing import employed
from batchreset.adapters.dask.link import DaskLink
from batchreset.adapters.dask.local import local_workers
from batchreset.adapters.dask.noise import hushed
from batchreset.adapters.dask.reaching import reached
from batchreset.adapters.dask.safety import refuse_unsafe_worker
from batchreset.core.events import EventLog
from batchreset.core.places import ClusterAccess, LocalWorkers, SchedulerAt
from batchreset.errors import ClusterError

ANSWER_SECONDS: Final = 2.0
"""For the scheduler to say who is there; it may be busy."""
GONE_SECONDS: Final = 1.0
"""A connection that broke and comes back is back sooner; a scheduler that is started again is another one."""
SILENT_MOST_SECONDS: Final = 30.0
"""Its connection stands, and nothing comes by it: as long as nobody can tell who is there, nothing should go on."""
_TAKING: Final = "running"


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """One that is there, or that is started for the run.

    Attributes:
        actor: made on workers, of the bytes given to `employ`; they import it by its name.
        log: hears at debug level what Dask tells of itself.
        environ: for worker processes that are started here.
    """

    access: ClusterAccess
    actor: type = field(kw_only=True)
    log: EventLog = field(kw_only=True)
    environ: Mapping[str, str] = field(kw_only=True, default_factory=lambda: dict(os.environ))

    @contextlib.asynccontextmanager
    async def open(self, tell: Callable[[Callable[[], None]], None]) -> AsyncIterator["OpenCluster"]:
        """See `engine.pool.ports.ClusterSource`."""
        async with self._whereabouts() as whereabouts:
            vendor.imported()
            with hushed(self.log), vendor.settings():
                found: tuple[SchedulerAt, Any] | None = None
                with anyio.CancelScope() as waiting:
                    tell(waiting.cancel)
                    scheduler, security = await whereabouts()
                    await reached(scheduler, security)
                    found = scheduler, security
                if found is None:
                    raise _not_waited_for()
                client = await _connected(scheduler, security)
                try:
                    yield OpenCluster(client, scheduler=scheduler, actor=self.actor, plain_tcp=self.access.plain_tcp)
                finally:
                    await vendor.closed(client)

    @contextlib.asynccontextmanager
    async def _whereabouts(self) -> AsyncIterator[Callable[[], Awaitable[tuple[SchedulerAt, Any]]]]:
        match self.access.place:
            case LocalWorkers() as place:
                async with local_workers(place, environ=self.environ) as started:
                    yield started.scheduler
            case SchedulerAt() as scheduler:

                async def there() -> tuple[SchedulerAt, Any]:
                    return scheduler, vendor.security_of(scheduler, self.access)

                yield there


def _not_waited_for() -> ClusterError:
    return ClusterError(
        "the run was stopped before its workers were there", next_step="start it again when it may go on"
    )


async def _connected(scheduler: SchedulerAt, security: Any) -> Any:
    try:
        with anyio.fail_after(2 * vendor.CONNECT_SECONDS):
            return await vendor.client_of(scheduler.address, security)
    # It answered a moment ago. What Dask raises then is of many kinds.
    except Exception as error:
        raise ClusterError(
            f"the scheduler at {scheduler.address} is there, but did not take this program in ({type(error).__name__})",
            next_step="see in the scheduler's log why",
        ) from error


class OpenCluster:
    """See `engine.pool.ports.Cluster`."""

    def __init__(self, client: Any, *, scheduler: SchedulerAt, actor: type, plain_tcp: bool) -> None:
        self._client = client
        self._scheduler = scheduler
        self._actor = actor
        self._plain_tcp = plain_tcp
        self._id = ""
        self._known: Mapping[str, Mapping[str, Any]] = {}
        self._leaving: set[str] = set()
        self._heard_seconds = anyio.current_time()
        self._lost_seconds: float | None = None
        self._listen()

    async def workers(self) -> Mapping[str, bool] | None:
        """See `engine.pool.ports.Cluster`. What was known last, as long as the scheduler is only slow."""
        if (identity := await self._identity()) is not None:
            self._heard_seconds = anyio.current_time()
            self._known = identity["workers"]
            self._leaving &= self._known.keys()
            self._id = self._id or identity["id"]
            if identity["id"] != self._id:
                return None
        if self._gone():
            return None
        return {
            address: worker["status"] == _TAKING and address not in self._leaving
            for address, worker in self._known.items()
        }

    async def employ(self, address: str, config: bytes) -> DaskLink:
        """See `engine.pool.ports.Cluster`."""
        refuse_unsafe_worker(address, scheduler=self._scheduler, plain_tcp=self._plain_tcp)
        worker = self._known.get(address, {})
        return await employed(self._client, self._actor, config, address=address, worker=worker.get("name"))

    async def dismiss(self, link: object) -> None:
        """See `engine.pool.ports.Cluster`."""
        if isinstance(link, DaskLink):
            link.release()

    async def _identity(self) -> Mapping[str, Any] | None:
        if not vendor.is_connected(self._client):
            return None
        with anyio.move_on_after(ANSWER_SECONDS):
            try:
                identity: Mapping[str, Any] = await self._client.scheduler.identity(n_workers=-1)
            # Dask raises what it makes of broken connections, which is of many kinds.
            except Exception:  # noqa: BLE001  all of it means no answer
                return None
            return identity
        return None

    def _gone(self) -> bool:
        """Dask's own connection is closed at once when the scheduler dies, and is not by a network that only loses."""
        now_seconds = anyio.current_time()
        if vendor.is_connected(self._client):
            if self._lost_seconds is not None:
                # It came back: to the scheduler it is another client, which has no actors and has asked for nothing.
                self._lost_seconds = None
                self._listen()
            return now_seconds - self._heard_seconds > SILENT_MOST_SECONDS
        if self._lost_seconds is None:
            self._lost_seconds = now_seconds
        return now_seconds - self._lost_seconds > GONE_SECONDS

    def _listen(self) -> None:
        """Whoever retires a worker with an actor on it is refused; but we are told, and let go of it."""
        self._client.subscribe_topic("all", self._told)

    def _told(self, event: tuple[float, object]) -> None:
        _when, said = event
        if isinstance(said, dict) and said.get("action") == "retire-workers":
            self._leaving.update(said.get("could-not-retire", ()))
