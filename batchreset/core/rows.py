"""A row as it is planned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """One account that is to be reset.

    Attributes:
        row: its number in the input, 1 for the first line of data.
        lane: the pacing lane it waits in: its customer, or one lane for all when the file's order is kept.
        customer_tenant_id: GUID, lower case, without braces.
        user_id: GUID, lower case, without braces.
    """

    row: int
    lane: str
    customer_tenant_id: str
    user_id: str
    force_change_password: bool
