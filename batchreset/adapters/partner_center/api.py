"""Partner Center over httpx: one call, one exchange; nothing is retried or followed here."""

import ssl
from typing import Final

import anyio
import httpx

from batchreset.adapters.partner_center.answers import answered
from batchreset.adapters.partner_center.requests import ResetAddress, customer_path, headers, reset_body, reset_path
from batchreset.core.clock import Clock
from batchreset.core.exchange import Answered, Exchange, LossKind, Lost
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.net import CONNECT_TIMEOUT_SECONDS, Connections, failure

BODY_MOST_BYTES: Final = 1 << 20
"""More of a body is not read: an answer's size is the other side's choice."""


class PartnerCenterApi:
    """The engine's `ResetApi`.

    Args:
        connections: opened.
        base_url: `https://…`, without a slash at the end.
        address: which of the two documented addresses a reset uses.
        timeout_seconds: for a whole exchange, beside the time to connect.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        base_url: str,
        address: ResetAddress,
        timeout_seconds: float,
        clock: Clock,
    ) -> None:
        self._connections = connections
        self._base_url = base_url
        self._address = address
        # Connecting has a limit of its own that ends first, so that this one never hides a "not sent".
        self._exchange_seconds = timeout_seconds + CONNECT_TIMEOUT_SECONDS
        self._clock = clock

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        """PATCH one user's password."""
        request = httpx.Request(
            "PATCH",
            self._base_url + reset_path(row, self._address),
            headers={
                **headers(token=token, request_id=request_id, correlation_id=correlation_id),
                "Content-Type": "application/json",
            },
            content=reset_body(password, force_change_password=row.force_change_password),
        )
        return await self._exchange(request, secrets=(password, token))

    async def look(
        self, customer_tenant_id: str | None, *, request_id: str, correlation_id: str, token: Secret
    ) -> Exchange:
        """GET a customer (None: any) and ask whether the token satisfies MFA (learn: security-at-your-organization)."""
        request = httpx.Request(
            "GET",
            self._base_url + customer_path(customer_tenant_id),
            headers={
                **headers(token=token, request_id=request_id, correlation_id=correlation_id),
                "ValidateMfa": "true",
            },
        )
        return await self._exchange(request, secrets=(token,))

    async def _exchange(self, request: httpx.Request, *, secrets: tuple[Secret, ...]) -> Exchange:
        with anyio.move_on_after(self._exchange_seconds):
            return await self._send(request, secrets)
        return Lost(kind=LossKind.TIMEOUT, detail="no whole answer in time")

    async def _send(self, request: httpx.Request, secrets: tuple[Secret, ...]) -> Exchange:
        with self._connections.least_busy() as client:
            try:
                response = await client.send(request, stream=True)
            except (httpx.TransportError, ssl.SSLError) as error:
                return failure(error)
            except Exception as error:  # noqa: BLE001  whatever the other side makes httpx stumble over: it was sent
                return Lost(kind=LossKind.CUT_SHORT, detail=f"the answer could not be read ({type(error).__name__})")
            try:
                body = await _read(response)
            except (httpx.TransportError, httpx.DecodingError, ssl.SSLError) as error:
                if isinstance(error, httpx.DecodingError) and response.is_success:
                    body = b""
                else:
                    return failure(error)
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
            return self._answered(response, body, secrets)

    def _answered(self, response: httpx.Response, body: bytes, secrets: tuple[Secret, ...]) -> Answered:
        return answered(response.status_code, response.headers, body, secrets=secrets, now=self._clock.now())


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > BODY_MOST_BYTES:
            break
    return bytes(body[:BODY_MOST_BYTES])
