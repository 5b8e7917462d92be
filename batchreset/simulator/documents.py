"""Customers, users and roles as the documentation shows them (learn: customer-resources; user-resources)."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from batchreset.simulator.directory import DirectoryUser
from batchreset.simulator.paging import Page, continuation_token

_ROLES: Final = uuid.UUID("0f3a5c1e-2b6d-4e7a-8c90-5d1b7e4f6a23")
"""Ids of roles are made of their names, as if under this one."""

_Item = TypeVar("_Item")


def user_document(user: DirectoryUser, *, password: str | None = None) -> dict[str, Any]:
    """The user; after a reset with the password in clear.

    As in the page's own example, `forceChangePassword` comes back false whatever was asked.
    """
    name = user.display_name or f"Simulated User {user.user[:8]}"
    first, _, last = name.partition(" ")
    document: dict[str, Any] = {
        "usageLocation": "US",
        "id": user.user,
        "userPrincipalName": user.user_principal_name or f"user-{user.user[:8]}@{_domain(user.customer)}",
        "firstName": first,
        "lastName": last,
        "displayName": name,
        "userDomainType": user.domain_type.value,
        "state": user.state.value,
        "lastDirectorySyncTime": user.last_directory_sync_time,
        "softDeletionTime": user.soft_deletion_time,
        "links": _self_link(f"/customers/{user.customer}/users/{user.user}"),
        "attributes": {"objectType": "CustomerUser"},
    }
    if password is not None:
        document["passwordProfile"] = {"password": password, "forceChangePassword": False}
    return document


def users_document(page: Page, users: Sequence[DirectoryUser]) -> dict[str, Any]:
    """One page of a customer's users."""
    return _page(page, f"/customers/{page.of}/users", users, user_document)


def roles_document(user: DirectoryUser) -> dict[str, Any]:
    """All directory roles that the user holds: this list has no pages (learn: get-user-roles-for-a-customer)."""
    items = [
        {"name": role, "id": str(uuid.uuid5(_ROLES, role)), "attributes": {"objectType": "DirectoryRole"}}
        for role in user.roles
    ]
    return {"totalCount": len(items), "items": items, "attributes": {"objectType": "Collection"}}


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
    """One page of the partner's customers."""
    return _page(page, "/customers", customers, customer_document)


def _page(
    page: Page, address: str, every: Sequence[_Item], document: Callable[[_Item], dict[str, Any]]
) -> dict[str, Any]:
    """As in the page's own example, `totalCount` is of this page."""
    items = [document(item) for item in every[page.start : page.end]]
    links = _self_link(f"{address}?{page.query}")
    if page.end < len(every):
        token = {"key": "MS-ContinuationToken", "value": continuation_token(page)}
        links["next"] = {"uri": f"{address}?{page.query}&seekOperation=Next", "method": "GET", "headers": [token]}
    return {"totalCount": len(items), "items": items, "links": links, "attributes": {"objectType": "Collection"}}


def _domain(customer: str) -> str:
    return f"customer-{customer[:8]}.onmicrosoft.com"


def _self_link(uri: str) -> dict[str, Any]:
    return {"self": {"uri": uri, "method": "GET", "headers": []}}
