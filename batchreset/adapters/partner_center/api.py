"""Partner Center's reset, and the harmless call before it: one call, one exchange."""

from collections.abc import Callable
from typing import Final

from batchreset.adapters.partner_center.exchanging import Exchanging
from batchreset.adapters.partner_center.requests import ResetAddress, customer_path, headers, reset_body, reset_path
from batchreset.core.clock import Clock
from batchreset.core.exchange import Exchange
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.net import Request, Transport, always

BODY_MOST_BYTES: Final = 1 << 20


class PartnerCenterApi:
    """The engine's `ResetApi`.

    Args:
        transport: opened.
        base_url: `https://…`, without a slash at the end.
        address: which of the two documented addresses a reset uses.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        base_url: str,
        address: ResetAddress,
        clock: Clock,
    ) -> None:
        self._wire = Exchanging(transport, clock=clock)
        self._base_url = base_url
        self._address = address

    async def reset(
        self, row: PlannedRow, password: Secret, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool] = always,
    ) -> Exchange:  # fmt: skip
        """PATCH one user's password; not if it may not leave any more when all is ready for it."""
        request = Request(
            method="PATCH",
            base_url=self._base_url,
            path=reset_path(row, self._address),
            headers={
                **headers(token=token, request_id=request_id, correlation_id=correlation_id),
                "Content-Type": "application/json",
            },
            content=reset_body(password, force_change_password=row.force_change_password),
            most_bytes=BODY_MOST_BYTES,
            may_leave=may_leave,
        )
        return await self._without_body(request, correlation_id, secrets=(password, token))

    async def look(
        self, customer_tenant_id: str | None, *, request_id: str, correlation_id: str, token: Secret,
        may_leave: Callable[[], bool] = always,
    ) -> Exchange:  # fmt: skip
        """GET a customer (None: any) and ask whether the token satisfies MFA (learn: security-at-your-organization)."""
        request = Request(
            method="GET",
            base_url=self._base_url,
            path=customer_path(customer_tenant_id),
            headers={
                **headers(token=token, request_id=request_id, correlation_id=correlation_id),
                "ValidateMfa": "true",
            },
            most_bytes=BODY_MOST_BYTES,
            may_leave=may_leave,
        )
        return await self._without_body(request, correlation_id, secrets=(token,))

    async def _without_body(self, request: Request, correlation_id: str, *, secrets: tuple[Secret, ...]) -> Exchange:
        """A success's body holds the password in clear: it is dropped here."""
        exchange, _ = await self._wire.exchange(request, correlation_id=correlation_id, secrets=secrets)
        return exchange
