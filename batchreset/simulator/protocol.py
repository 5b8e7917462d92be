"""What the documentation asks of a caller (learn: headers; reset-user-password-for-a-customer), checked strictly."""

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from batchreset.simulator.audit.query import AuditPage, read_audit_page
from batchreset.simulator.paging import Page, read_page

_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_JSON: Final = "application/json"
_PROFILE: Final = "passwordProfile"
_ATTRIBUTES: Final = {"objectType": "CustomerUser"}


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID as addresses and headers carry it: with dashes, without braces."""
    return _GUID.fullmatch(text) is not None


class Route(enum.StrEnum):
    """The addresses served; the two resets have the names the `address` setting knows them by."""

    RESET_PASSWORD = "resetpassword"  # noqa: S105  an address
    USERS = "users"
    USER = "user"
    CUSTOMER = "customer"
    CUSTOMERS = "customers"
    CUSTOMER_USERS = "customerusers"
    """The list of a customer's users; `users` is taken."""
    DIRECTORY_ROLES = "directoryroles"
    AUDIT_RECORDS = "auditrecords"
    OTHER = "other"
    """An address or method that is not served: always a mistake of the caller's."""

    @property
    def is_reset(self) -> bool:
        return self in {Route.RESET_PASSWORD, Route.USERS}

    @property
    def is_of_user(self) -> bool:
        """Whether its address names a user."""
        return self.is_reset or self in {Route.USER, Route.DIRECTORY_ROLES}

    @property
    def query(self) -> str:
        """The documented query in words; empty where there is none."""
        match self:
            case Route.CUSTOMERS:
                return "size (1 to 500) and seekOperation=Next with MS-ContinuationToken of this list"
            case Route.CUSTOMER_USERS:
                return f"{Route.CUSTOMERS.query}, and the filter for deleted users"
            case Route.AUDIT_RECORDS:
                return (
                    "startDate and endDate (yyyy-mm-dd, at most 30 days apart), a filter, size (1 to 500), and with all"
                    " of them once more seekOperation=Next with MS-ContinuationToken of this list"
                )
            case _:
                return ""

    @property
    def method(self) -> str:
        return "PATCH" if self.is_reset else "GET"

    @property
    def allow(self) -> str:
        """The methods of its address, as a 405 tells them."""
        return "GET, PATCH" if self in {Route.USERS, Route.USER} else self.method


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it arrived.

    Attributes:
        target: path and query.
        customer: from the path, lower case, perhaps not a GUID.
        user: the same; empty where the address has none.
        headers: by lower-case name.
        body: holds the password.
        peer: the address it came from.
    """

    route: Route
    method: str
    target: str
    customer: str = ""
    user: str = ""
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    peer: str = ""

    @property
    def page(self) -> Page | None:
        """Which page of a list is asked for; None if the query is not one that is documented."""
        return read_page(self.target.partition("?")[2], self.continuation, of=self.customer)

    @property
    def audit_page(self) -> AuditPage | None:
        """The same of the audit records."""
        return read_audit_page(self.target.partition("?")[2], self.continuation)

    @property
    def continuation(self) -> str:
        return self.headers.get("ms-continuationtoken", "")

    @property
    def request_id(self) -> str:
        return self.headers.get("ms-requestid", "")

    @property
    def correlation_id(self) -> str:
        return self.headers.get("ms-correlationid", "")

    @property
    def bearer(self) -> str:
        """The token, empty when there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def asks_for_mfa(self) -> bool:
        return self.headers.get("validatemfa", "").lower() == "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """What a reset's body asks for."""

    password: str = field(repr=False)
    force_change_password: bool


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a body is not the documented one; never quotes it, it may hold a password."""

    why: str


def read_body(body: bytes) -> Reset | Malformed:
    """Take the documented body of a reset apart; nothing may be missing, nothing added."""
    try:
        document = json.loads(body.decode("utf-8"))
    # A deeply nested body makes the parser give up with RecursionError.
    except (ValueError, RecursionError):
        return Malformed("the body is not JSON in UTF-8")
    match document:
        case {"passwordProfile": {"password": str(password), "forceChangePassword": bool(force), **more}, **rest} if (
            not more
        ):
            if rest == {"attributes": _ATTRIBUTES}:
                return Reset(password=password, force_change_password=force)
            return Malformed(
                f'beside {_PROFILE} the body must hold "attributes": {json.dumps(_ATTRIBUTES)} and nothing else'
            )
    return Malformed(
        f"the body must hold {_PROFILE} with password (text) and forceChangePassword (boolean), nothing else"
    )


def mistakes(call: Call, body: Reset | Malformed | None) -> list[str]:
    """What is wrong with this one call by itself, in a few words each; empty when nothing is.

    `body` is what `read_body` found, for a reset.
    """
    found: list[str] = []
    if call.route is Route.OTHER or call.method != call.route.method:
        found.append(f"{call.method} {call.target} is not served")
        return found
    if not call.bearer:
        found.append("Authorization: Bearer is missing")
    found += _header_mistakes(call)
    if call.route.query:
        if (call.audit_page if call.route is Route.AUDIT_RECORDS else call.page) is None:
            found.append(f"the query is not one of {call.route.query}")
    elif "?" in call.target:
        found.append("the address has a query")
    if isinstance(body, Malformed):
        found.append(body.why)
    if call.body and not call.route.is_reset:
        found.append("a GET has a body")
    return found


def _header_mistakes(call: Call) -> list[str]:
    found = []
    if _media_type(call.headers.get("accept", "")) != _JSON:
        found.append(f"Accept is not {_JSON}")
    if call.route.is_reset and _media_type(call.headers.get("content-type", "")) != _JSON:
        found.append(f"Content-Type is not {_JSON}")
    if not is_guid(call.request_id):
        found.append("MS-RequestId is not a GUID")
    if not is_guid(call.correlation_id):
        found.append("MS-CorrelationId is not a GUID")
    if call.headers.get("ms-contract-version", "").lower() != "v1":
        found.append("MS-Contract-Version is not v1")
    return found


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()
