"""From Partner Center's audit records to the few facts that are wanted of them (learn: auditing-resources).

The old and the new value of what was changed are never looked at: they may hold a password.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from batchreset.core.audit import AuditQuery, AuditRecord, Recorded
from batchreset.core.scrubbing import one_line

RESET: Final = "reset_customer_user_password"
_MAYBE_RESET: Final = "update_customer_user"
"""What the older address of the reset may be recorded as: which of the two is not documented."""
_USER_ID: Final = "customeruserid"
_STATUS: Final = {"succeeded": Recorded.SUCCEEDED, "failed": Recorded.FAILED}
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BY_MOST_CHARACTERS: Final = 256


def audit_path(query: AuditQuery, *, size: int, follows: bool) -> str:
    """Path and query of one page; a further one repeats the query (learn: get-a-record-of-partner-center-activity)."""
    asked = f"/v1/auditrecords?startDate={query.start}&endDate={query.end}&size={size}"
    if query.customer_tenant_id:
        named = {"Field": "CustomerId", "Value": query.customer_tenant_id, "Operator": "equals"}
        asked += f"&filter={quote(json.dumps(named, separators=(',', ':')), safe='')}"
    return asked + ("&seekOperation=Next" if follows else "")


def audit_record_of(document: Mapping[str, Any]) -> AuditRecord | None:
    """One record; None: it is about something else. What is strange in it is taken for not being there."""
    operation = _word(document.get("operationType"))
    if operation not in {RESET, _MAYBE_RESET}:
        return None
    return AuditRecord(
        customer_tenant_id=_guid(document.get("customerId")),
        user_id=_user_id(document.get("customizedData")),
        correlation_id=_guid(document.get("originalCorrelationId")),
        status=_STATUS.get(_word(document.get("operationStatus")), Recorded.OPEN),
        at=_moment(document.get("operationDate")),
        by=one_line(_text(document.get("userPrincipalName"))[:_BY_MOST_CHARACTERS]),
        is_reset=operation == RESET,
    )


def _user_id(pairs: object) -> str:
    for pair in pairs if isinstance(pairs, list) else []:
        match pair:
            case {"key": str(key), "value": value} if _word(key) == _USER_ID:
                return _guid(value)
            case _:
                pass
    return ""


def _guid(value: object) -> str:
    text = _word(value).removeprefix("{").removesuffix("}")
    return text if _GUID.fullmatch(text) else ""


def _word(value: object) -> str:
    return _text(value).strip().lower()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: object) -> dt.datetime | None:
    """In UTC, whole milliseconds; without a zone it is meant so."""
    try:
        at = dt.datetime.fromisoformat(_text(value).strip())
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
