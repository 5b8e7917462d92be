"""Reading customers and users of the service: many GETs, paced as resets are; all of it, or an error."""

from batchreset.engine.reading.lists import find_by_name, list_audit_records, list_customers, list_users
from batchreset.engine.reading.reader import Reader, ReadLimits
from batchreset.engine.reading.survey import survey_accounts

__all__ = [
    "ReadLimits",
    "Reader",
    "find_by_name",
    "list_audit_records",
    "list_customers",
    "list_users",
    "survey_accounts",
]
