"""What Partner Center's own records of resets are like."""

from dataclasses import dataclass
from typing import Annotated

from batchreset.simulator.options.about import above_0, at_least_0, share


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """Each reset that is decided about is recorded once, with the correlation id of the request that did it.

    Attributes:
        audit_missing_share: drawn by the correlation id.
        audit_foreign_share: drawn by the user; that password is in force then, and stands in the applied log.
    """

    audit_delay_seconds: Annotated[float, at_least_0("Records appear so long after the reset.")] = 0.0
    audit_missing_share: Annotated[float, share("Share of records that never appear.")] = 0.0
    audit_foreign_share: Annotated[
        float, share("Share of users whom somebody else resets right after the caller did.")
    ] = 0.0
    audit_page_most: Annotated[int, above_0("Most records of a page, whatever size is asked for.")] = 500
