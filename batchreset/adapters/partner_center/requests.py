"""What is sent: address, headers and body of each call (learn: reset-user-password-for-a-customer, headers)."""

import enum
import json
from typing import Final

from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret


class ResetAddress(enum.StrEnum):
    """The two documented addresses of the same reset."""

    RESET_PASSWORD = "resetpassword"  # noqa: S105  an address
    """`…/users/{user-id}/resetpassword`, the newer page."""
    USERS = "users"
    """`…/users/{user-id}`, the older page, the .NET SDK and the PowerShell module."""


_FIXED_HEADERS: Final = {
    "Accept": "application/json",
    "MS-Contract-Version": "v1",
    "MS-PartnerCenter-Application": "batchreset",
    "X-Locale": "en-US",
}


def reset_path(row: PlannedRow, address: ResetAddress) -> str:
    """Path below the API's base address. Both ids are GUIDs by then, so that nothing needs escaping."""
    user = f"/v1/customers/{row.customer_tenant_id}/users/{row.user_id}"
    return f"{user}/resetpassword" if address is ResetAddress.RESET_PASSWORD else user


def customer_path(customer_tenant_id: str | None) -> str:
    """Path of the cheap call that tests token, MFA and relationship; of any customer without an id."""
    return f"/v1/customers/{customer_tenant_id}" if customer_tenant_id else "/v1/customers?size=1"


def reset_body(password: Secret, *, force_change_password: bool) -> bytes:
    """The documented body, as real JSON (the pages' examples leave `password:` unquoted)."""
    profile = {"password": password.open(), "forceChangePassword": force_change_password}
    return json.dumps({"passwordProfile": profile, "attributes": {"objectType": "CustomerUser"}}).encode()


def headers(*, token: Secret, request_id: str, correlation_id: str) -> dict[str, str]:
    """Headers of every call."""
    return {
        **_FIXED_HEADERS,
        "Authorization": f"Bearer {token.open()}",
        "MS-RequestId": request_id,
        "MS-CorrelationId": correlation_id,
    }
