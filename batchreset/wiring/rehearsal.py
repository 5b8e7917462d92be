"""What a dry run finds of those who are to send, where that is not this process: whether they are there."""

from collections.abc import Callable, Mapping

from batchreset.core.events import EventLog
from batchreset.core.places import ClusterAccess, LocalWorkers
from batchreset.engine.pool.ports import Cluster
from batchreset.engine.pool.refusals import scheduler_gone
from batchreset.engine.stopping import StopSwitch
from batchreset.errors import ClusterError
from batchreset.settings.model import Settings
from batchreset.wiring.cluster import access_of, who_sends
from batchreset.wiring.machine import RunLoop, StopSource


def look_for_senders(
    settings: Settings, *, run: RunLoop, signals: StopSource, log: EventLog, say: Callable[[str], None]
) -> None:
    """Say who is there, in a line; nobody is asked to send. Nothing is said where this process sends.

    Raises:
        SettingsError: the cluster could not be spoken to safely.
        ClusterError: it cannot be reached.
    """
    access = access_of(settings)
    if access is None:
        return
    if isinstance(access.place, LocalWorkers):
        say(f"--dry-run starts no worker processes: a run would be sent by {who_sends(settings)}")
        return
    workers = run(_workers, access, signals, log)
    if isinstance(workers, ClusterError):
        raise workers
    if workers is not None:
        counted = {0: "no worker yet, for which a run waits a minute", 1: "1 worker"}.get(workers, f"{workers} workers")
        say(f"--dry-run sends nothing: {who_sends(settings)} was reached and has {counted}")


async def _workers(access: ClusterAccess, signals: StopSource, log: EventLog) -> int | ClusterError | None:
    """How many there are, or why nobody knows; None: nobody waited for it."""
    from batchreset.adapters.dask import DaskCluster  # noqa: PLC0415  where this process sends nobody waits for it
    from batchreset.wiring.sender import SenderActor  # noqa: PLC0415  as above

    stop = StopSwitch()
    async with signals.stopping(stop, log):
        try:
            async with DaskCluster(access, actor=SenderActor, log=log).open(stop.tell) as cluster:
                return len(await _known(cluster))
        except ClusterError as error:
            # Raised here, it would come out of the signals' own tasks as a group.
            return None if stop.requested else error


async def _known(cluster: Cluster) -> Mapping[str, bool]:
    """Asked twice: at first there may be no answer yet. Raises ClusterError: there is nobody to ask."""
    workers = await cluster.workers() or await cluster.workers()
    if workers is None:
        raise scheduler_gone()
    return workers
