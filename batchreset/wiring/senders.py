"""Who sends a run's requests."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.core.clock import Clock
from batchreset.core.events import EventLog
from batchreset.core.senders import SenderFigures
from batchreset.engine.ports import ResetApi, Senders
from batchreset.engine.stopping import StopSwitch
from batchreset.net import Transport
from batchreset.settings.model import Settings
from batchreset.wiring.cluster import access_of


def senders_of(settings: Settings, run_id: str, transport: Transport) -> Senders:
    """This process. Raises SettingsError: workers of a cluster are to send, and cannot be reached safely."""
    del run_id
    access_of(settings)
    return ThisProcess(settings, transport)


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

    @contextlib.asynccontextmanager
    async def open(self, *, session: int, stop: StopSwitch, clock: Clock, log: EventLog) -> AsyncIterator[ResetApi]:
        """Nothing can go wrong, and nobody has to be told."""
        del session, stop, log
        yield api_of(self.settings, self.transport, clock)
