"""Customers and users as the documentation shows them (learn: customer-resources; user-resources)."""

from collections.abc import Sequence
from typing import Any, Final

from batchreset.simulator.paging import Page, continuation_token
from batchreset.simulator.protocol import Call, Reset

_MADE_UP_CUSTOMER: Final = "5c1f0d2e-7a34-4b6e-9d18-3f2a6c9b7e40"


def user_document(call: Call, reset: Reset | None) -> dict[str, Any]:
    """The user; after a reset with the password in clear.

    As in the page's own example, `forceChangePassword` comes back false whatever was asked.
    """
    document: dict[str, Any] = {
        "usageLocation": "US",
        "id": call.user,
        "userPrincipalName": f"user-{call.user[:8]}@{_domain(call.customer)}",
        "firstName": "Simulated",
        "lastName": "User",
        "displayName": f"Simulated User {call.user[:8]}",
        "userDomainType": "none",
        "state": "active",
        "lastDirectorySyncTime": None,
        "softDeletionTime": None,
        "links": _self_link(f"/customers/{call.customer}/users/{call.user}"),
        "attributes": {"objectType": "CustomerUser"},
    }
    if reset is not None:
        document["passwordProfile"] = {"password": reset.password, "forceChangePassword": False}
    return document


def customer_document(customer: str) -> dict[str, Any]:
    return {
        "id": customer,
        "commerceId": customer,
        "companyProfile": {
            "tenantId": customer,
            "domain": _domain(customer),
            "companyName": f"Simulated Customer {customer[:8]}",
            "links": _self_link(f"/customers/{customer}/profiles/company"),
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": "reseller",
        "links": _self_link(f"/customers/{customer}"),
        "attributes": {"objectType": "Customer"},
    }


def customers_document(page: Page, customers: Sequence[str]) -> dict[str, Any]:
    """One page of the partner's customers: a made-up one, then those given."""
    every = [_MADE_UP_CUSTOMER, *customers]
    items = [customer_document(customer) for customer in every[page.start : page.end]]
    links = _self_link(f"/customers?size={page.size}")
    if page.end < len(every):
        token = {"key": "MS-ContinuationToken", "value": continuation_token(page)}
        uri = f"/customers?size={page.size}&seekOperation=Next"
        links["next"] = {"uri": uri, "method": "GET", "headers": [token]}
    return {"totalCount": len(items), "items": items, "links": links, "attributes": {"objectType": "Collection"}}


def _domain(customer: str) -> str:
    return f"customer-{customer[:8]}.onmicrosoft.com"


def _self_link(uri: str) -> dict[str, Any]:
    return {"self": {"uri": uri, "method": "GET", "headers": []}}
