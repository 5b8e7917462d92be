"""The names of the columns: input, plan and results, in their order. They are the contract of the files."""

import re
from typing import Final

ROW: Final = "row"
CUSTOMER: Final = "customer-tenant-id"
USER: Final = "user-id"
FORCE: Final = "forceChangePassword"

UPN: Final = "userPrincipalName"
"""A further column that protected accounts may be named by."""

INPUT_REQUIRED: Final = (CUSTOMER, USER)
INPUT_KNOWN: Final = (CUSTOMER, USER, FORCE)

DECISION: Final = "decision"
REASON: Final = "reason"
PLAN: Final = (ROW, CUSTOMER, USER, FORCE, DECISION, REASON)
"""The plan's own columns; the input's further columns follow under their own names."""

DECISION_RESET: Final = "reset"
DECISION_SKIP: Final = "skip"

RESULTS: Final = (
    ROW,
    CUSTOMER,
    USER,
    FORCE,
    "outcome",
    REASON,
    "http_status",
    "error_code",
    "error_description",
    "ms_correlation_id",
    "ms_request_id",
    "attempts",
    "first_sent_at",
    "completed_at",
    "advice",
)

DISPLAY_NAME: Final = "displayName"
ROSTER: Final = (CUSTOMER, USER, FORCE, UPN, DISPLAY_NAME, "state", "userDomainType", "lastDirectorySyncTime")
"""An input file of customers' users, as the service lists them."""

RECONCILE: Final = (
    ROW,
    CUSTOMER,
    USER,
    "difference",
    "outcome",
    "recorded_status",
    "recorded_at",
    "recorded_by",
    "ms_correlation_id",
    "explanation",
)
"""Where a run's ledger and Partner Center's own records differ."""

HANDOVER: Final = (CUSTOMER, USER, "password", "certainty", "outcome", "completed_at")

PRINCIPAL_NAMES: Final = (UPN, "UPN", "User name", "Sign-in name")
DISPLAY_NAMES: Final = (DISPLAY_NAME, "Full name", "Name")
ORGANISATIONS: Final = ("Company name", "Customer name", "Customer", "Company", "Organization", "Organisation")
"""Further columns that a letter's address is taken from, the first that the input has, in any spelling."""

_WORD_BREAKS: Final = re.compile(r"[\s_-]+")


def fold(name: str) -> str:
    """A header as it is compared: no case, no `-`, `_` or space between words.

    >>> fold("Customer Tenant ID") == fold("customer-tenant-id") == fold("customerTenantId")
    True
    """
    return _WORD_BREAKS.sub("", name.strip().lstrip("\ufeff")).casefold()
