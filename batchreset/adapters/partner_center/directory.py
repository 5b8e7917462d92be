"""Reading Partner Center's customers, users and audit records: GETs only, one call, one exchange."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from batchreset.adapters.partner_center.audit_documents import audit_path, audit_record_of
from batchreset.adapters.partner_center.documents import (
    CONTINUATION_HEADER,
    Unreadable,
    customer_id_of,
    page_of,
    parsed,
    roles_held,
    user_of,
)
from batchreset.adapters.partner_center.exchanging import Exchanging
from batchreset.adapters.partner_center.requests import headers
from batchreset.core.audit import AuditQuery, AuditRecord
from batchreset.core.classify import Verdict, classify
from batchreset.core.clock import Clock
from batchreset.core.directory import Call, Page, Read, UserFacts
from batchreset.net import Request, Transport

LIST_MOST_BYTES: Final = 16 << 20
"""A page of 500 users has about half a megabyte."""
PAGE_SIZE: Final = 500
"""The most that the service gives at once (learn: get-a-list-of-customers)."""

T = TypeVar("T")


class PartnerCenterDirectory:
    """The engine's `DirectoryApi`. Arguments as for `PartnerCenterApi`."""

    def __init__(self, transport: Transport, *, base_url: str, clock: Clock) -> None:
        self._wire = Exchanging(transport, clock=clock)
        self._base_url = base_url

    async def customers(self, continuation: str | None, *, call: Call) -> Read[Page[str]]:
        """The partner's customers (learn: get-a-list-of-customers)."""
        return await self._page("/v1/customers", continuation, lambda body: page_of(body, customer_id_of), call=call)

    async def users(self, customer_tenant_id: str, continuation: str | None, *, call: Call) -> Read[Page[UserFacts]]:
        """A customer's users (learn: get-a-list-of-all-user-accounts-for-a-customer)."""
        path = f"/v1/customers/{customer_tenant_id}/users"
        return await self._page(path, continuation, lambda body: page_of(body, user_of), call=call)

    async def user(self, customer_tenant_id: str, user_id: str, *, call: Call) -> Read[UserFacts]:
        """One user (learn: get-a-user-account-by-id)."""

        def asked_for(body: Any) -> UserFacts:
            facts = user_of(body)
            if facts.user_id != user_id:
                raise Unreadable("it is about another user")
            return facts

        return await self._get(f"/v1/customers/{customer_tenant_id}/users/{user_id}", asked_for, call=call)

    async def directory_roles(self, customer_tenant_id: str, user_id: str, *, call: Call) -> Read[int]:
        """How many roles a user holds; they come all at once (learn: get-user-roles-for-a-customer)."""
        path = f"/v1/customers/{customer_tenant_id}/users/{user_id}/directoryroles"
        return await self._get(path, roles_held, call=call)

    async def audit_records(
        self, query: AuditQuery, continuation: str | None, *, call: Call
    ) -> Read[Page[AuditRecord | None]]:
        """Records of some days (learn: get-a-record-of-partner-center-activity-by-user)."""
        path = audit_path(query, size=PAGE_SIZE, follows=continuation is not None)
        return await self._get(path, lambda body: page_of(body, audit_record_of), call=call, continuation=continuation)

    async def _page(
        self, path: str, continuation: str | None, found: Callable[[Any], Page[T]], *, call: Call
    ) -> Read[Page[T]]:
        query = f"?size={PAGE_SIZE}" + ("&seekOperation=Next" if continuation else "")
        return await self._get(path + query, found, call=call, continuation=continuation)

    async def _get(
        self, path: str, found: Callable[[Any], T], *, call: Call, continuation: str | None = None
    ) -> Read[T]:
        request = Request(
            method="GET",
            base_url=self._base_url,
            path=path,
            headers={
                **headers(token=call.token, request_id=call.request_id, correlation_id=call.correlation_id),
                **({CONTINUATION_HEADER: continuation} if continuation else {}),
            },
            most_bytes=LIST_MOST_BYTES,
        )
        exchange, body = await self._wire.exchange(request, correlation_id=call.correlation_id, secrets=(call.token,))
        if classify(exchange) is not Verdict.SUCCEEDED:
            return Read(exchange=exchange)
        if len(body) >= LIST_MOST_BYTES:
            return Read(exchange=exchange, unreadable=f"it is longer than {LIST_MOST_BYTES >> 20} MiB")
        try:
            # Names are written to files: a token that the other side put into one must not get there.
            return Read(exchange=exchange, found=found(parsed(body, masking=call.token.open())))
        except Unreadable as error:
            return Read(exchange=exchange, unreadable=str(error))
