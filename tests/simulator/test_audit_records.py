"""`/v1/auditrecords`: as documented, in pages, late or never, and with what somebody else did."""

import contextlib
import datetime as dt
import json
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from simulator_client import CUSTOMER, OTHER_CUSTOMER, PASSWORD, USER, Caller, calling

from batchreset.simulator.audit.query import AuditPage, read_audit_page
from batchreset.simulator.audit.trail import AuditTrail
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.state import ServiceState

TODAY = dt.datetime.now(dt.UTC).date()
NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
SECOND = "99999999-dddd-4ddd-8ddd-999999999999"
THIRD = "99999999-eeee-4eee-8eee-999999999999"


def query(**changes: Any) -> str:
    """Around today, as the day may end meanwhile."""
    asked = {"startDate": TODAY - dt.timedelta(days=1), "endDate": TODAY + dt.timedelta(days=1), "size": 500, **changes}
    given = {name: value for name, value in asked.items() if value is not None}
    return f"/v1/auditrecords?{urlencode(given, quote_via=quote)}"


def asked(**changes: Any) -> str:
    return query(**changes).partition("?")[2]


def named(field: str, value: str, operator: str = "equals") -> str:
    return json.dumps({"Field": field, "Value": value, "Operator": operator})


def records(caller: Caller, **changes: Any) -> list[dict[str, Any]]:
    """All pages."""
    path, found, token = query(**changes), [], None
    while True:
        answer = caller.get(path, changes={"MS-ContinuationToken": token} if token else None)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert document["totalCount"] == len(document["items"])
        found += document["items"]
        if "next" not in document["links"]:
            return found
        following = document["links"]["next"]
        path, token = f"/v1{following['uri']}", following["headers"][0]["value"]


def test_each_reset_is_recorded_once_with_the_correlation_id_of_the_request_that_did_it() -> None:
    with calling(SimulatorOptions(audit_page_most=1, missing_users=frozenset({SECOND}))) as caller:
        again = {"MS-RequestId": "11111111-2222-4333-8444-555555555555"}
        done = [caller.reset(changes=again), caller.reset(changes=again), caller.reset(SECOND)]
        caller.reset(THIRD, customer=OTHER_CUSTOMER)
        found = records(caller, filter=named("CustomerId", CUSTOMER.upper()))
        assert [(one["originalCorrelationId"], one["operationStatus"]) for one in found] == [
            (done[2].headers["MS-CorrelationId"], "failed"),
            (done[0].headers["MS-CorrelationId"], "succeeded"),
        ]
        assert found[1]["customizedData"] == [{"key": "CustomerUserId", "value": USER}]
        assert found[1]["operationType"] == "reset_customer_user_password"
        assert len(records(caller)) == len(records(caller, filter=named("ResourceType", "CustomerUser"))) == 3
        assert len(records(caller, filter=named("CompanyName", "customer 2222", "substring"))) == 1
        assert records(caller, filter=named("ResourceType", "order")) == []
        assert PASSWORD not in json.dumps(records(caller))
        assert caller.report()["protocol_errors"] == []


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [("lost_applied_share", ["succeeded"]), ("error_share", ["failed"])],
)
def test_what_the_caller_could_not_hear_of_is_recorded_too(fault: str, statuses: list[str]) -> None:
    options: Any = {fault: 1.0}
    with calling(SimulatorOptions(**options)) as caller:
        with contextlib.suppress(httpx.RemoteProtocolError):
            caller.reset()
        assert [one["operationStatus"] for one in records(caller)] == statuses


@pytest.mark.parametrize(
    "changes",
    [
        {"startDate": None, "endDate": None},
        {"startDate": "11/21/2026"},
        {"startDate": "2026-02-30"},
        {"startDate": TODAY - dt.timedelta(days=40)},
        {"endDate": TODAY - dt.timedelta(days=3)},
        {"size": 501},
        {"size": 0},
        {"filter": "{}"},
        {"filter": "[" * 9_999},
        {"filter": named("CustomerId", CUSTOMER, "substring")},
        {"filter": named("UserId", USER)},
        {"user": USER},
        {"seekOperation": "Next"},
        {"seekOperation": "Previous"},
    ],
    ids=str,
)
def test_a_query_that_is_not_documented_is_none(changes: dict[str, Any]) -> None:
    assert read_audit_page(asked(), "") is not None
    assert read_audit_page(asked(**changes), "") is None


def test_a_page_of_another_query_is_not_given() -> None:
    page = read_audit_page(asked(), "")
    assert page is not None
    following = page.token(7, 1)
    again = read_audit_page(f"{asked()}&seekOperation=Next", following)
    assert (again and again.start, again and again.as_of) == (7, 1)
    for other in (asked(size=7), asked(filter=named("CustomerId", CUSTOMER))):
        assert read_audit_page(f"{other}&seekOperation=Next", following) is None
    assert read_audit_page(f"{asked()}&seekOperation=Next", "=") is None


def test_what_is_asked_wrongly_is_noted_and_a_start_more_than_90_days_ago_is_refused_in_words() -> None:
    with calling(SimulatorOptions()) as caller:
        ago = TODAY - dt.timedelta(days=92)
        refused = caller.get(query(startDate=ago, endDate=ago))
        assert (refused.status_code, refused.json()["code"]) == (400, "800002")
        assert "90 days" in refused.json()["description"]
        assert caller.report()["protocol_errors"] == []
        assert caller.get(query(user=USER)).status_code == 400
        assert len(caller.report()["protocol_errors"]) == 1


def trail(**options: Any) -> tuple[AuditTrail, ServiceState]:
    state = ServiceState()
    return AuditTrail(SimulatorOptions(**options), state, lambda _applied: None), state


def call(correlation_id: str, user: str = USER) -> Call:
    return Call(
        route=Route.RESET_PASSWORD,
        method="PATCH",
        target="/",
        customer=CUSTOMER,
        user=user,
        headers={"ms-correlationid": correlation_id},
    )


def shown(audit: AuditTrail, seconds: float, page: AuditPage | None = None) -> list[str]:
    document = audit.document(page or AuditPage(start_date=NOON.date()), NOON + dt.timedelta(seconds=seconds))
    return [one["originalCorrelationId"] for one in document["items"]]


def test_records_come_late() -> None:
    audit, _ = trail(audit_delay_seconds=60)
    audit.note(call("a"), succeeded=True, at=NOON)
    audit.note(call("b"), succeeded=True, at=NOON + dt.timedelta(seconds=30))
    assert [shown(audit, seconds) for seconds in (59, 60, 90)] == [[], ["a"], ["b", "a"]]


def test_records_of_other_days_are_not_shown() -> None:
    audit, _ = trail()
    audit.note(call("a"), succeeded=True, at=NOON)
    day = NOON.date()
    for first, last, expected in [(0, 0, ["a"]), (1, 1, []), (-1, -1, []), (-1, 1, ["a"])]:
        page = AuditPage(start_date=day + dt.timedelta(days=first), end_date=day + dt.timedelta(days=last))
        assert shown(audit, 9, page) == expected


def test_a_share_of_the_records_never_comes_the_same_in_every_run() -> None:
    audit, state = trail(audit_missing_share=0.5)
    for number in range(100):
        audit.note(call(f"{number}"), succeeded=True, at=NOON)
    first = [one.correlation_id for one in state.audited]
    assert 30 < len(first) < 70
    again, state = trail(audit_missing_share=0.5)
    for number in range(100):
        again.note(call(f"{number}"), succeeded=True, at=NOON)
    assert [one.correlation_id for one in state.audited] == first


def test_somebody_else_puts_a_password_in_force_that_nobody_knows() -> None:
    audit, state = trail(audit_foreign_share=1.0)
    audit.note(call("a"), succeeded=False, at=NOON)
    assert state.in_force == {}
    audit.note(call("b"), succeeded=True, at=NOON)
    assert state.in_force[USER].sha256 == state.applied[-1].sha256
    assert json.loads(state.applied[-1].line())["foreign"] is True
    assert [one.by for one in state.audited] == [*["operator@partner.example"] * 2, "somebody.else@partner.example"]
    assert state.audited[-1].at > state.audited[-2].at
