"""The records: what is kept of each reset, when it is shown, and how it looks. No password is in them."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from batchreset.simulator.audit.query import AuditPage, named_company
from batchreset.simulator.chance import befalls
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.protocol import Call
from batchreset.simulator.state import Applied, Audited, ServiceState, Verdict

KEPT_DAYS: Final = 90
_MICROSECONDS: Final = 1_000_000
_OPERATION: Final = "reset_customer_user_password"
_RESOURCE: Final = "customer_user"
_SOMEBODY: Final = "somebody.else@partner.example"
_TOO_OLD: Final = Verdict(
    status=400, code="800002", description=f"The start date must not be more than {KEPT_DAYS} days ago."
)


class AuditTrail:
    """Keeps records in a service's state and shows them.

    Args:
        record: called with each password that somebody else sets, before it is in force.
    """

    def __init__(self, options: SimulatorOptions, state: ServiceState, record: Callable[[Applied], None]) -> None:
        self._options = options
        self._state = state
        self._record = record

    def note(self, call: Call, *, succeeded: bool, at: dt.datetime) -> None:
        """Record a reset that was decided about; and that of somebody else, if one follows it."""
        self._add(call, call.correlation_id, self._options.user_name, succeeded=succeeded, at=at)
        share, seed = self._options.audit_foreign_share, self._options.seed
        if succeeded and share > 0 and befalls(share, seed=seed, kind="somebody else", who=call.user):
            self._somebody_else(call, at + dt.timedelta(milliseconds=1))

    def refuses(self, page: AuditPage, at: dt.datetime) -> Verdict | None:
        """What is wrong with the dates, if anything."""
        earliest = at.date() - dt.timedelta(days=KEPT_DAYS)
        return _TOO_OLD if page.start_date is not None and page.start_date < earliest else None

    def document(self, page: AuditPage, at: dt.datetime) -> dict[str, Any]:
        """One page. As in the page's own example, `totalCount` is of this page."""
        as_of = round(at.timestamp() * _MICROSECONDS) + 1 if page.as_of is None else page.as_of
        shown = self._shown(page, dt.datetime.fromtimestamp(as_of / _MICROSECONDS, dt.UTC))
        size = min(page.size, self._options.audit_page_most)
        end = page.start + size
        items = [self._item(one) for one in shown[page.start : end]]
        uri = f"/auditrecords?{page.query}"
        links: dict[str, Any] = {"self": {"uri": uri, "method": "GET", "headers": []}}
        if end < len(shown):
            token = {"key": "MS-ContinuationToken", "value": page.token(end, as_of)}
            links["next"] = {"uri": f"{uri}&seekOperation=Next", "method": "GET", "headers": [token]}
        return {"totalCount": len(items), "items": items, "links": links, "attributes": {"objectType": "Collection"}}

    def _somebody_else(self, call: Call, at: dt.datetime) -> None:
        number = len(self._state.audited)
        applied = Applied(
            at=at,
            customer=call.customer,
            user=call.user,
            force_change_password=True,
            request_id=_guid(f"request|{call.user}|{number}"),
            correlation_id=_guid(f"correlation|{call.user}|{number}"),
            sha256=hashlib.sha256(f"nobody here knows it|{call.user}|{number}".encode()).hexdigest(),
            foreign=True,
        )
        self._record(applied)
        self._state.apply(applied)
        self._add(call, applied.correlation_id, _SOMEBODY, succeeded=True, at=at)

    def _add(self, call: Call, correlation_id: str, by: str, *, succeeded: bool, at: dt.datetime) -> None:
        missing = befalls(
            self._options.audit_missing_share, seed=self._options.seed, kind="not recorded", who=correlation_id.lower()
        )
        if not missing:
            self._state.audited.append(
                Audited(
                    at=at,
                    customer=call.customer,
                    user=call.user,
                    correlation_id=correlation_id,
                    succeeded=succeeded,
                    by=by,
                )
            )

    def _shown(self, page: AuditPage, now: dt.datetime) -> list[Audited]:
        """In no order that a reader could rely on: the newest first."""
        delay = dt.timedelta(seconds=self._options.audit_delay_seconds)
        first = page.start_date or now.date() - dt.timedelta(days=KEPT_DAYS if page.field else 30)
        last = page.end_date or now.date()
        return [
            one
            for one in reversed(list(self._state.audited))
            if one.at + delay <= now and first <= one.at.date() <= last and _meets(one, page)
        ]

    def _item(self, one: Audited) -> dict[str, Any]:
        value = {"id": one.user, "passwordProfile": {"forceChangePassword": False}}
        return {
            "id": f"{self._options.tenant_id}_{one.customer}_{one.user}_resetcustomeruserpassword_{one.correlation_id}",
            "partnerId": self._options.tenant_id,
            **named_company(one.customer),
            "userPrincipalName": one.by,
            "applicationId": self._options.client_id,
            "resourceType": _RESOURCE,
            "resourceNewValue": json.dumps(value),
            "operationType": _OPERATION,
            "originalCorrelationId": one.correlation_id,
            # As in the page's own example, with a digit more than microseconds have.
            "operationDate": one.at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z"),
            "operationStatus": "succeeded" if one.succeeded else "failed",
            "customizedData": [{"key": "CustomerUserId", "value": one.user}],
            "attributes": {"objectType": "AuditRecord"},
        }


def _meets(one: Audited, page: AuditPage) -> bool:
    match page.field:
        case "CustomerId":
            return one.customer == page.value
        case "CompanyName":
            return page.value in named_company(one.customer)["customerName"].lower()
        case "ResourceType":
            return page.value.replace("_", "") == _RESOURCE.replace("_", "")
        case _:
            return True


def _guid(text: str) -> str:
    digits = hashlib.sha256(text.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
