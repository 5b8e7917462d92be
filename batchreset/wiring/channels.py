"""The ways by which an audience hears: each prepared before anything is done, each able to fail without harm."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from batchreset.core.addresses import masked
from batchreset.core.notice import Notice
from batchreset.core.ping import Moment, ping_address
from batchreset.core.secret import Secret
from batchreset.errors import ExitCode, SettingsError
from batchreset.wiring.audience import Audience

if TYPE_CHECKING:
    from batchreset.adapters.notices.service import Service

Calls = dict[tuple[str, str], Callable[[], str | None]]
"""By what is done and where, masked; each waits for an answer, and says what was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """An audience that can be told. Who is not asked for imports nothing."""

    audience: Audience
    services: tuple["Service", ...] = ()

    @classmethod
    def to(cls, audience: Audience) -> "Channels":
        """Raises SettingsError: an address is none, or the library is not there."""
        return cls(audience=audience, services=tuple(_opened(audience.notify)))

    @classmethod
    def as_far_as_possible(cls, audience: Audience) -> "Channels":
        """Without the addresses that are none."""
        services: list[Service] = []
        for address in audience.notify:
            with contextlib.suppress(SettingsError):
                services += _opened((address,))
        return cls(audience=audience, services=tuple(services))

    @property
    def is_empty(self) -> bool:
        """Whether there is nobody."""
        return not (self.services or self.audience.ping or self.audience.metrics_file)

    def ping(self, moment: Moment, code: ExitCode) -> Calls:
        """The call of the monitor, if there is one that hears of that moment."""
        if self.audience.ping is None:
            return {}
        address = ping_address(self.audience.ping.open(), moment, exit_code=int(code))
        if address is None:
            return {}
        return {("ping", masked(self.audience.ping.open())): partial(_ping, Secret(address), self.audience.ca_file)}

    @contextlib.contextmanager
    def notices(self, told: Notice) -> Iterator[Calls]:
        """A call for each address, while the block runs. Raises SettingsError: whom to trust cannot be read."""
        if not self.services:
            yield {}
            return
        from batchreset.adapters.notices import trusting  # noqa: PLC0415  as in `_opened`

        with trusting(self.audience.ca_file) as bundle:
            yield {
                ("notify", service.shown if number == 1 else f"{service.shown} (number {number})"): partial(
                    service.send, told, bundle=bundle
                )
                for number, service in enumerate(self.services, start=1)
            }

    def measure(self, code: ExitCode, facts: Mapping[str, Any] | None, *, began_at: dt.datetime) -> str | None:
        """Write the metrics file, if there is one; what was wrong."""
        if self.audience.metrics_file is None:
            return None
        from batchreset.adapters.metrics import write_metrics  # noqa: PLC0415  as in `_opened`
        from batchreset.wiring.measuring import figures_of  # noqa: PLC0415  as above

        figures = figures_of(code, facts, began_at=began_at, ended_at=dt.datetime.now(dt.UTC))
        try:
            write_metrics(self.audience.metrics_file, figures)
        except OSError as error:
            return error.strerror or type(error).__name__
        return None


def _opened(addresses: tuple[Secret, ...]) -> list["Service"]:
    if not addresses:
        return []
    from batchreset.adapters.notices import open_services  # noqa: PLC0415  who needs none does not import it

    return open_services(addresses)


def _ping(address: Secret, ca_file: str) -> str | None:
    from batchreset.adapters.pings import ping  # noqa: PLC0415  as above
    from batchreset.net import tls_context  # noqa: PLC0415  as above

    try:
        return ping(address, verify=tls_context(ca_file))
    except SettingsError as error:
        return error.what
