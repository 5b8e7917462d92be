"""Partner Center's API as the program opens it, against a server of the tests."""

import contextlib
import datetime as dt
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

import pytest

from batchreset.adapters.partner_center import PartnerCenterApi, ResetAddress
from batchreset.core.exchange import Exchange
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.net import Transport, always, transport_of
from batchreset.net.http11 import Http11Transport
from batchreset.net.over_httpx import HttpxTransport

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
PASSWORD = 'Zx9"\\kfj#3QpLm7*Ty'
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl-_AbCdEf"
REQUEST_ID = "11111111-2222-4333-8444-555555555555"
CORRELATION_ID = "66666666-7777-4888-8999-000000000000"
ROW = PlannedRow(row=1, lane=CUSTOMER, customer_tenant_id=CUSTOMER, user_id=USER, force_change_password=True)


class WallClock:
    """The real one."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def forget_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of whoever runs the tests."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Make(Protocol):
    """As `transport_of`."""

    def __call__(self, *, concurrency: int, timeout_seconds: float, verify: ssl.SSLContext) -> Transport: ...


TRANSPORTS: dict[str, Make] = {"http11": Http11Transport, "httpx": HttpxTransport}
"""All that are kept: whatever is claimed of one is claimed of each."""


@dataclass(frozen=True)
class Calling:
    """The API over one of them."""

    make: Make = transport_of

    @contextlib.asynccontextmanager
    async def __call__(
        self,
        base_url: str,
        *,
        verify: ssl.SSLContext,
        timeout_seconds: float = 10.0,
        concurrency: int = 4,
        address: ResetAddress = ResetAddress.RESET_PASSWORD,
    ) -> AsyncIterator[PartnerCenterApi]:
        """While the block runs."""
        transport = self.make(concurrency=concurrency, timeout_seconds=timeout_seconds, verify=verify)
        async with transport.open():
            yield PartnerCenterApi(transport, base_url=base_url, address=address, clock=WallClock())


async def reset(
    api: PartnerCenterApi, *, password: str = PASSWORD, token: str = TOKEN, may_leave: Callable[[], bool] = always
) -> Exchange:
    """One row's password."""
    return await api.reset(
        ROW, Secret(password), request_id=REQUEST_ID, correlation_id=CORRELATION_ID, token=Secret(token),
        may_leave=may_leave,
    )  # fmt: skip
