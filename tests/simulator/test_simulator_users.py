"""A customer's users: their list, each by itself, the roles they hold, and what a reset does to them."""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator_client import CUSTOMER, OTHER_CUSTOMER, PASSWORD, USER, Caller, calling, headers

from batchreset.simulator.directory import DirectoryUser, DomainType, UserState
from batchreset.simulator.options import Mfa, SimulatorOptions
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.replies import Deliver
from batchreset.simulator.service import PartnerCenter
from batchreset.simulator.state import ServiceState

PLAIN, DELETED, FEDERATED, SYNCED, ELSEWHERE, UNKNOWN, MISSING = (
    f"{number:08d}-0000-4000-8000-000000000000" for number in range(7)
)
SYNC_TIME = "2026-11-01T06:00:00Z"
DELETION_TIME = "2026-11-20T06:00:00Z"

DIRECTORY = (
    DirectoryUser(customer=OTHER_CUSTOMER, user=ELSEWHERE),
    DirectoryUser(customer=CUSTOMER.upper(), user=PLAIN.upper(), user_principal_name="Ada@example.com"),
    DirectoryUser(customer=CUSTOMER, user=DELETED, state=UserState.INACTIVE, soft_deletion_time=DELETION_TIME),
    DirectoryUser(
        customer=CUSTOMER,
        user=FEDERATED,
        display_name="Grace Hopper",
        domain_type=DomainType.FEDERATED,
        roles=("Global Administrator", "Helpdesk Administrator"),
    ),
    DirectoryUser(customer=CUSTOMER, user=SYNCED, domain_type=DomainType.MANAGED, last_directory_sync_time=SYNC_TIME),
    DirectoryUser(customer=CUSTOMER, user=MISSING),
)
OPTIONS = SimulatorOptions(bom_share=0, directory=DIRECTORY, missing_users=frozenset({MISSING}))
USERS = f"/v1/customers/{CUSTOMER}/users"


def filtered(field: str = "UserState", **changes: Any) -> str:
    return "filter=" + quote(json.dumps({"Field": field, "Value": "Inactive", "Operator": "equals", **changes}))


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with calling(OPTIONS) as caller:
        yield caller


def ids(answer: httpx.Response) -> list[str]:
    return [item["id"] for item in answer.raise_for_status().json()["items"]]


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("user", "facts"),
    [
        (PLAIN, {"userPrincipalName": "Ada@example.com", "state": "active", "userDomainType": "none"}),
        (PLAIN, {"lastDirectorySyncTime": None, "softDeletionTime": None}),
        (DELETED, {"state": "inactive", "softDeletionTime": DELETION_TIME}),
        (FEDERATED, {"userDomainType": "federated", "displayName": "Grace Hopper", "lastName": "Hopper"}),
        (SYNCED, {"userDomainType": "managed", "lastDirectorySyncTime": SYNC_TIME}),
    ],
)
def test_a_user_is_told_as_the_directory_has_it(caller: Caller, user: str, facts: Mapping[str, str | None]) -> None:
    read = caller.get(f"{USERS}/{user}").raise_for_status().json()
    assert {name: read[name] for name in facts} == facts
    assert read["id"] == user


def test_the_list_has_those_that_are_not_deleted_each_as_it_is_told_alone(caller: Caller) -> None:
    answer = caller.get(f"{USERS}?size=500")
    assert ids(answer) == [PLAIN, FEDERATED, SYNCED]
    page = answer.json()
    assert (page["totalCount"], page["attributes"]) == (3, {"objectType": "Collection"})
    assert page["links"] == {"self": {"uri": f"{USERS[3:]}?size=500", "method": "GET", "headers": []}}
    assert page["items"] == [caller.get(f"{USERS}/{user}").json() for user in (PLAIN, FEDERATED, SYNCED)]


@pytest.mark.parametrize("field", ["UserState", "UserStatus"])
def test_the_filter_for_deleted_users_lists_those_only(caller: Caller, field: str) -> None:
    answer = caller.get(f"{USERS}?size=500&{filtered(field)}")
    assert ids(answer) == [DELETED]
    again = answer.json()["links"]["self"]["uri"]
    assert ids(caller.get(f"/v1{again}")) == [DELETED]


def test_roles_have_the_documented_shape_and_no_pages(caller: Caller) -> None:
    roles = caller.get(f"{USERS}/{FEDERATED}/directoryroles").raise_for_status().json()
    assert roles.keys() == {"totalCount", "items", "attributes"}
    assert (roles["totalCount"], roles["attributes"]) == (2, {"objectType": "Collection"})
    assert [(role["name"], role["attributes"]) for role in roles["items"]] == [
        ("Global Administrator", {"objectType": "DirectoryRole"}),
        ("Helpdesk Administrator", {"objectType": "DirectoryRole"}),
    ]
    assert len({uuid.UUID(role["id"]) for role in roles["items"]}) == 2
    assert caller.get(f"{USERS}/{PLAIN}/directoryroles").json()["items"] == []


def test_the_directorys_customers_are_the_only_ones(caller: Caller) -> None:
    assert ids(caller.get("/v1/customers")) == [OTHER_CUSTOMER, CUSTOMER]


@pytest.mark.parametrize("rest", ["", "/users", f"/users/{PLAIN}", f"/users/{PLAIN}/directoryroles"])
def test_another_customer_is_not_found(caller: Caller, rest: str) -> None:
    assert told(caller.get(f"/v1/customers/{UNKNOWN}{rest}")) == (404, "60003")


@pytest.mark.parametrize("user", [ELSEWHERE, UNKNOWN, MISSING, "ada"])
def test_a_user_who_is_not_in_the_customers_directory_is_not_found(caller: Caller, user: str) -> None:
    answers = [caller.get(f"{USERS}/{user}"), caller.get(f"{USERS}/{user}/directoryroles"), caller.reset(user)]
    assert {told(answer) for answer in answers} == {(404, "60002")}


@pytest.mark.parametrize(
    ("user", "customer", "refusal"),
    [
        pytest.param(DELETED, CUSTOMER, (404, "60002"), id="deleted"),
        pytest.param(FEDERATED, CUSTOMER, (400, "900141"), id="federated"),
        pytest.param(PLAIN, UNKNOWN, (404, "60003"), id="unknown customer"),
    ],
)
@pytest.mark.parametrize("address", ["/resetpassword", ""], ids=["resetpassword", "users"])
def test_a_reset_that_cannot_be_is_refused(
    *, caller: Caller, user: str, customer: str, refusal: tuple[int, str], address: str
) -> None:
    before = len(caller.state.applied)
    assert told(caller.reset(user, customer=customer, address=address)) == refusal
    assert len(caller.state.applied) == before


def test_a_synced_user_is_reset_and_no_reading_shows_the_password(caller: Caller) -> None:
    answer = caller.reset(SYNCED).raise_for_status()
    assert answer.json()["lastDirectorySyncTime"] == SYNC_TIME
    assert PASSWORD in answer.text
    for path in (USERS, f"{USERS}/{SYNCED}", f"{USERS}/{SYNCED}/directoryroles"):
        assert PASSWORD not in caller.get(path).raise_for_status().text


def test_known_users_are_known_in_a_directory_too() -> None:
    with calling(SimulatorOptions(bom_share=0, directory=DIRECTORY, known_users=frozenset({SYNCED}))) as caller:
        assert ids(caller.get(USERS)) == [SYNCED]
        assert told(caller.get(f"{USERS}/{PLAIN}")) == (404, "60002")


def test_without_a_directory_a_customers_users_are_those_heard_of() -> None:
    with calling(SimulatorOptions(bom_share=0)) as caller:
        assert ids(caller.get(USERS)) == []
        caller.reset(SYNCED)
        caller.reset(ELSEWHERE, customer=OTHER_CUSTOMER)
        caller.reset(PLAIN)
        assert ids(caller.get(USERS)) == [SYNCED, PLAIN]
        assert ids(caller.get(f"{USERS}?{filtered()}")) == []
        assert caller.get(f"{USERS}/{USER}/directoryroles").json()["items"] == []
        assert caller.state.protocol_errors == []


def token(answer: httpx.Response) -> dict[str, str | None]:
    return {header["key"]: header["value"] for header in answer.json()["links"]["next"]["headers"]}


def test_a_continuation_knows_which_list_it_continues(caller: Caller) -> None:
    first = caller.get(f"{USERS}?size=1")
    more = "size=1&seekOperation=Next"
    assert ids(caller.get(f"{USERS}?{more}", changes=token(first))) == [FEDERATED]
    for elsewhere in ("/v1/customers", f"/v1/customers/{OTHER_CUSTOMER}/users"):
        assert told(caller.get(f"{elsewhere}?{more}", changes=token(first))) == (400, "800002")
    assert told(caller.get(f"{USERS}?{more}&{filtered()}", changes=token(first))) == (400, "800002")


def test_the_deleted_are_continued_with_and_without_the_filter() -> None:
    gone = [
        DirectoryUser(customer=CUSTOMER, user=str(uuid.UUID(int=number)), state=UserState.INACTIVE)
        for number in range(2)
    ]
    with calling(SimulatorOptions(bom_share=0, directory=(*DIRECTORY, *gone))) as caller:
        first = caller.get(f"{USERS}?size=2&{filtered()}")
        link = first.json()["links"]["next"]["uri"]
        for address in (f"/v1{link}", f"{USERS}?size=2&seekOperation=Next"):
            assert ids(caller.get(address, changes=token(first))) == [gone[1].user]


@pytest.mark.parametrize(
    "query",
    [
        "size=501",
        f"size={'9' * 5000}",
        "order=up",
        "filter=",
        "filter=Inactive",
        "filter=" + "%5B" * 9000,
        filtered(Value="Active"),
        filtered(Operator="not_equals"),
        filtered("DisplayName"),
        filtered(More="1"),
        f"{filtered()}&{filtered()}",
        "size=2&seekOperation=Next",
    ],
)
def test_another_query_is_a_mistake(caller: Caller, query: str) -> None:
    before = len(caller.state.protocol_errors)
    assert told(caller.get(f"{USERS}?{query}")) == (400, "800002")
    assert ["and the filter for deleted users" in error for error in caller.state.protocol_errors[before:]] == [True]


def test_the_list_of_customers_has_no_filter(caller: Caller) -> None:
    assert told(caller.get(f"/v1/customers?{filtered()}")) == (400, "800002")


@pytest.mark.parametrize("text", ["from 1", "from  of customers", f"from {'9' * 10} of customers"])
def test_a_continuation_that_was_never_given_is_a_mistake(caller: Caller, text: str) -> None:
    made_up: dict[str, str | None] = {"MS-ContinuationToken": base64.b64encode(text.encode()).decode()}
    answer = caller.get("/v1/customers?seekOperation=Next", changes=made_up)
    assert told(answer) == (400, "800002")


def test_the_other_routes_have_no_query_and_no_other_method(caller: Caller) -> None:
    assert told(caller.get(f"{USERS}/{PLAIN}/directoryroles?size=5")) == (400, "800002")
    for path in (USERS, f"{USERS}/{PLAIN}/directoryroles"):
        answer = caller.send("PATCH", path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_the_same_request_id_for_the_page_after_is_a_conflict(caller: Caller) -> None:
    same: dict[str, str | None] = {"MS-RequestId": str(uuid.uuid4())}
    first = caller.get(f"{USERS}?size=1")
    second = caller.get(f"{USERS}?size=1&seekOperation=Next", changes={**token(first), **same})
    third = caller.get(f"{USERS}?size=1&seekOperation=Next", changes={**token(second), **same})
    assert (second.status_code, third.status_code) == (200, 409)


ROUTES = {"customerusers": USERS, "user": f"{USERS}/{PLAIN}", "directoryroles": f"{USERS}/{PLAIN}/directoryroles"}


def test_reading_users_takes_part_in_everything_else() -> None:
    limited = SimulatorOptions(mfa=Mfa.HEADER_OFF, customer_limit=6, customer_window_seconds=600, directory=DIRECTORY)
    with calling(limited) as caller:
        for path in ROUTES.values():
            asked = caller.get(path, changes={"ValidateMfa": "true"})
            assert (asked.status_code, asked.headers["isMfaCompliant"]) == (200, "false")
        assert {caller.get(path, changes={"MS-CorrelationId": None}).status_code for path in ROUTES.values()} == {400}
        assert {caller.get(path).status_code for path in ROUTES.values()} == {429}
        assert caller.report()["by_route"] == dict.fromkeys(ROUTES, 3)
        assert [exchange.ended for exchange in caller.state.exchanges] == ["200"] * 3 + ["400"] * 3 + ["429"] * 3


@pytest.mark.parametrize("path", ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param(SimulatorOptions(error_share=1, faults_on_reads=True), {408, 500, 502, 503, 504}, id="faults"),
        pytest.param(SimulatorOptions(error_share=1), {200}, id="faults of resets only"),
        pytest.param(SimulatorOptions(mfa=Mfa.OFF), {401}, id="no MFA"),
        pytest.param(SimulatorOptions(only_issued_tokens=True), {401}, id="a made-up token"),
        pytest.param(SimulatorOptions(forbidden_customers=frozenset({CUSTOMER})), {403}, id="forbidden"),
    ],
)
def test_what_befalls_a_reading_befalls_each(path: str, options: SimulatorOptions, status: set[int]) -> None:
    assert answered(PartnerCenter(options, ServiceState(), base_url="https://simulator"), path)[0] in status


def answered(
    service: PartnerCenter, path: str, changes: Mapping[str, str | None] | None = None
) -> tuple[int, dict[str, Any]]:
    """The service's answer, without a network."""
    words = path.partition("?")[0].split("/")[3:]
    routes = {1: Route.CUSTOMER, 2: Route.CUSTOMER_USERS, 3: Route.USER, 4: Route.DIRECTORY_ROLES}
    call = Call(
        route=routes[len(words)],
        method="GET",
        target=path,
        customer=words[0],
        user=words[2] if len(words) > 2 else "",
        headers={name.lower(): value for name, value in headers(changes).items()},
    )
    reply = service.handle(call, now_seconds=0, at=dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
    assert isinstance(reply, Deliver)
    return reply.answer.status, json.loads(reply.answer.body or b"{}") if reply.answer.status == 200 else {}


@given(gone=st.lists(st.booleans(), max_size=30), size=st.integers(1, 12), deleted=st.booleans())
def test_the_pages_together_have_each_user_once_and_in_order(*, gone: list[bool], size: int, deleted: bool) -> None:
    users = [
        DirectoryUser(
            customer=CUSTOMER,
            user=str(uuid.UUID(int=number)),
            state=UserState.INACTIVE if inactive else UserState.ACTIVE,
        )
        for number, inactive in enumerate(gone)
    ]
    directory = (
        *users,
        DirectoryUser(customer=CUSTOMER, user=USER),
        DirectoryUser(customer=OTHER_CUSTOMER, user=PLAIN),
    )
    service = PartnerCenter(
        SimulatorOptions(bom_share=0, directory=directory), ServiceState(), base_url="https://simulator"
    )
    uri, token, pages = f"{USERS[3:]}?size={size}" + (f"&{filtered()}" if deleted else ""), None, []
    while uri:
        status, page = answered(service, f"/v1{uri}", {"MS-ContinuationToken": token})
        assert status == 200
        pages.append([item["id"] for item in page["items"]])
        follow = page["links"].get("next")
        uri, token = (follow["uri"], follow["headers"][0]["value"]) if follow else ("", None)
    assert [user for page in pages for user in page] == [
        user.user for user in directory if user.is_deleted is deleted and user.customer == CUSTOMER
    ]
    assert all(len(page) == size for page in pages[:-1])
    assert service.state.protocol_errors == []
