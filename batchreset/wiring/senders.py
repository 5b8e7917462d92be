"""Who sends a run's requests."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from batchreset import __version__
from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.senders import Descent, SenderFigures
from batchreset.engine.pool.hiring import Hiring
from batchreset.engine.pool.pool import Pool
from batchreset.engine.ports import ResetApi, Senders
from batchreset.engine.stopping import StopSwitch
from batchreset.net import CONNECT_SECONDS, Transport
from batchreset.settings.model import Settings
from batchreset.wiring.cluster import access_of


def senders_of(settings: Settings, run_id: str, transport: Transport, log: EventLog) -> Senders:
    """This process, or workers of a cluster.

    Args:
        settings: of the run.
        run_id: what no other run has, whatever it is called; of each run only one session sends.
        transport: of this process.
        log: hears what the cluster tells of itself.

    Raises:
        SettingsError: the cluster cannot be reached safely.
    """
    access = access_of(settings)
    if access is None:
        return ThisProcess(settings, transport)
    from batchreset.adapters.channel import KeyHalf  # noqa: PLC0415  its library is loaded where others send
    from batchreset.adapters.dask import DaskCluster  # noqa: PLC0415  where this process sends nobody waits for it
    from batchreset.wiring.sender import SenderActor, sender_config  # noqa: PLC0415  what workers load, nobody else

    hiring = Hiring(
        run_id=run_id,
        version=__version__,
        config=sender_config(settings),
        new_greeting=KeyHalf,
        exchange_seconds=settings.partner_center.timeout_seconds + 2 * CONNECT_SECONDS,
    )
    return Pool(DaskCluster(access, actor=SenderActor, log=log), hiring)


def api_of(settings: Settings, transport: Transport, clock: Clock) -> PartnerCenterApi:
    """The service, over an opened transport."""
    partner_center = settings.partner_center
    return PartnerCenterApi(
        transport,
        base_url=partner_center.api_base_url,
        address=ResetAddress(partner_center.address),
        clock=clock,
    )


@dataclass(frozen=True, slots=True)
class ThisProcess:
    """Sends by itself. The transport is opened by whoever it belongs to."""

    settings: Settings
    transport: Transport
    figures: tuple[SenderFigures, ...] = ()
    lease_seconds: float = 0.0
    gives_up_at_seconds: float | None = None

    @contextlib.asynccontextmanager
    async def open(self, *, session: Descent, stop: StopSwitch, clock: Clock, log: EventLog) -> AsyncIterator[ResetApi]:
        """Nothing can go wrong, and nobody has to be told."""
        del session, stop, log
        yield api_of(self.settings, self.transport, clock)
