"""Of Partner Center's audit records the named facts are taken; what was changed, which may be a password, never is."""

import datetime as dt
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.partner_center.audit_documents import audit_path, audit_record_of
from batchreset.core.audit import AuditQuery, AuditRecord, Recorded

CUSTOMER, USER = "0c39d6d5-c70d-4c55-bc02-f620844f3fd1", "482e2152-4b49-48ec-b715-823365ce3d4c"
CORRELATION = "96514ebe-c1b2-4865-cb46-2c2d20a2e911"
PASSWORD = 'Zx9"\\kfj#3QpLm7*Ty'
DOCUMENTED: dict[str, Any] = {
    "id": f"3b33e682_{CUSTOMER}_resetcustomeruserpassword_637346859797753934",
    "partnerId": "3b33e682-00c3-41ee-9dd2-a548adf56438",
    "customerId": CUSTOMER,
    "customerName": "Relecloud",
    "userPrincipalName": "admin@domain.onmicrosoft.com",
    "applicationId": "Partner Center Native App",
    "resourceType": "customer_user",
    "resourceOldValue": json.dumps({"PasswordProfile": {"Password": PASSWORD}}),
    "resourceNewValue": json.dumps({"PasswordProfile": {"Password": PASSWORD}}),
    "operationType": "reset_customer_user_password",
    "originalCorrelationId": CORRELATION,
    "operationDate": "2026-11-21T22:56:05.0589308Z",
    "operationStatus": "succeeded",
    "customizedData": [{"key": "Other", "value": None}, {"key": "CustomerUserId", "value": USER}],
    "attributes": {"objectType": "AuditRecord"},
}
FOUND = AuditRecord(
    customer_tenant_id=CUSTOMER,
    user_id=USER,
    correlation_id=CORRELATION,
    status=Recorded.SUCCEEDED,
    at=dt.datetime(2026, 11, 21, 22, 56, 5, 58_000, tzinfo=dt.UTC),
    by="admin@domain.onmicrosoft.com",
)


def read(**changes: Any) -> AuditRecord:
    found = audit_record_of({**DOCUMENTED, **changes})
    assert found is not None
    return found


def test_of_a_record_the_named_facts_are_kept_and_no_value() -> None:
    assert read() == FOUND
    assert PASSWORD not in repr(read())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customerId", CUSTOMER.upper()),
        ("customerId", f"{{{CUSTOMER}}}"),
        ("originalCorrelationId", f" {CORRELATION.upper()}"),
        ("operationType", "Reset_Customer_User_Password"),
        ("operationStatus", "Succeeded"),
        ("customizedData", [{"key": "customeruserid", "value": USER.upper(), "more": 1}]),
        ("operationDate", "2026-11-21T22:56:05.058"),
        ("operationDate", "2026-11-22T00:56:05.0589+02:00"),
    ],
)
def test_case_braces_and_zones_make_no_difference(name: str, value: object) -> None:
    assert read(**{name: value}) == FOUND


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("originalCorrelationId", None, {"correlation_id": ""}),
        ("originalCorrelationId", ["x"], {"correlation_id": ""}),
        ("customerId", "not a GUID", {"customer_tenant_id": ""}),
        ("customizedData", None, {"user_id": ""}),
        ("customizedData", [None, {"key": 1}, {"key": "CustomerUserId", "value": None}], {"user_id": ""}),
        ("operationStatus", "progress", {"status": Recorded.OPEN}),
        ("operationStatus", "decline", {"status": Recorded.OPEN}),
        ("operationStatus", 3, {"status": Recorded.OPEN}),
        ("operationDate", "6/1/2017 12:00:00 AM", {"at": None}),
        ("operationDate", "0001-01-01T00:00:00+14:00", {"at": None}),
        ("userPrincipalName", "a\x1b[2J\u202eb\n" + "c" * 999, {"by": "a [2J b " + "c" * 248}),
        ("operationType", "update_customer_user", {"is_reset": False}),
    ],
)
def test_what_is_strange_is_taken_for_not_being_there(name: str, value: object, found: dict[str, Any]) -> None:
    record = read(**{name: value})
    assert {key: getattr(record, key) for key in found} == found


@pytest.mark.parametrize("operation", ["create_order", "", None, 7, ["reset_customer_user_password"]])
def test_a_record_about_something_else_is_none(operation: object) -> None:
    assert audit_record_of({**DOCUMENTED, "operationType": operation}) is None


STRANGE = st.none() | st.text(max_size=9) | st.integers() | st.lists(st.none() | st.text(max_size=9), max_size=2)


@settings(max_examples=60)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(DOCUMENTED), STRANGE)))
def test_whatever_comes_is_understood_or_left_out(changes: dict[str, Any]) -> None:
    found = audit_record_of({**DOCUMENTED, **changes})
    assert found is None or found.by.isprintable()


@pytest.mark.parametrize("follows", [False, True])
def test_a_further_page_is_asked_for_with_the_same_query(*, follows: bool) -> None:
    query = AuditQuery(customer_tenant_id=CUSTOMER, start=dt.date(2026, 11, 1), end=dt.date(2026, 11, 30))
    asked = parse_qs(urlsplit(audit_path(query, size=500, follows=follows)).query)
    assert asked == {
        "startDate": ["2026-11-01"],
        "endDate": ["2026-11-30"],
        "size": ["500"],
        "filter": [f'{{"Field":"CustomerId","Value":"{CUSTOMER}","Operator":"equals"}}'],
        **({"seekOperation": ["Next"]} if follows else {}),
    }
    whole = AuditQuery(customer_tenant_id="", start=query.start, end=query.end)
    assert "filter" not in audit_path(whole, size=500, follows=follows)
