"""What Partner Center says, over real TLS connections."""

import json
from collections.abc import Iterator

import httpx
import pytest
from simulator_client import (
    CUSTOMER,
    OTHER_CUSTOMER,
    PASSWORD,
    USER,
    Caller,
    body,
    calling,
    connected,
    headers,
    raw_reset,
)

from batchreset.simulator.options import ForbiddenCode, Mfa, SimulatorOptions

MISSING = "00000000-0000-4000-8000-000000000404"
FORBIDDEN = "00000000-0000-4000-8000-000000000403"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    options = SimulatorOptions(
        bom_share=0, missing_users=frozenset({MISSING}), forbidden_customers=frozenset({FORBIDDEN.upper()})
    )
    with calling(options) as caller:
        yield caller


@pytest.mark.parametrize("address", ["/resetpassword", ""], ids=["resetpassword", "users"])
def test_a_reset_answers_the_user_with_the_password_in_clear_and_a_false_that_was_not_asked(
    caller: Caller, address: str
) -> None:
    answer = caller.reset(address=address, content=body(force=True))
    assert answer.status_code == 200
    user = answer.json()
    assert user["id"] == USER
    assert user["passwordProfile"] == {"password": PASSWORD, "forceChangePassword": False}
    assert user["attributes"] == {"objectType": "CustomerUser"}
    assert {"userPrincipalName", "displayName", "usageLocation", "state", "userDomainType", "links"} <= user.keys()


def test_bodies_are_json_with_crlf_and_two_spaces(caller: Caller) -> None:
    text = caller.reset().content
    assert text.startswith(b'{\r\n  "')
    assert text.count(b"\n") == text.count(b"\r\n") > 10


@pytest.mark.parametrize(("share", "marked"), [(1.0, True), (0.0, False)])
def test_a_share_of_bodies_begins_with_a_byte_order_mark(*, share: float, marked: bool) -> None:
    with calling(SimulatorOptions(bom_share=share)) as caller:
        assert caller.reset().content.startswith(BYTE_ORDER_MARK) is marked
        assert caller.reset(content=body("weak")).content.startswith(BYTE_ORDER_MARK) is marked


def test_the_two_ids_are_echoed_and_headers_are_spelled_as_documented(caller: Caller) -> None:
    sent = headers()
    with connected(caller.simulator) as connection:
        connection.send(raw_reset(changes=sent))
        head = connection.receive().partition(b"\r\n\r\n")[0].decode()
    assert f"MS-RequestId: {sent['MS-RequestId']}\r\n" in head
    assert f"MS-CorrelationId: {sent['MS-CorrelationId']}\r\n" in head
    assert "Content-Type: application/json; charset=utf-8" in head
    assert all(f"\r\n{name}: " in head for name in ("MS-CV", "MS-ServerId", "Request-Context", "Content-Length"))
    assert "uvicorn" not in head


def test_a_user_can_be_read_and_shows_no_password(caller: Caller) -> None:
    caller.reset()
    user = caller.get(f"/v1/customers/{CUSTOMER}/users/{USER}").raise_for_status().json()
    assert (user["id"], user["state"], user["userDomainType"]) == (USER, "active", "none")
    assert user["lastDirectorySyncTime"] is None
    assert "passwordProfile" not in user


def test_a_customer_can_be_read(caller: Caller) -> None:
    customer = caller.get(f"/v1/customers/{CUSTOMER}").raise_for_status().json()
    assert customer["id"] == customer["companyProfile"]["tenantId"] == CUSTOMER
    assert customer["attributes"] == {"objectType": "Customer"}


@pytest.mark.parametrize(
    ("user", "customer", "content", "status", "code"),
    [
        pytest.param(MISSING.upper(), CUSTOMER, body(), 404, "60002", id="missing user"),
        pytest.param("not-a-guid", CUSTOMER, body(), 404, "60002", id="user id not a GUID"),
        pytest.param(USER, FORBIDDEN, body(), 403, "2032", id="forbidden customer"),
        pytest.param(USER, "contoso", body(), 400, "900118", id="customer id not a GUID"),
        pytest.param(USER, CUSTOMER, body("Password1!"), 400, "3000", id="weak password"),
    ],
)
def test_a_refusal_has_the_documented_shape(
    *, caller: Caller, user: str, customer: str, content: bytes, status: int, code: str
) -> None:
    before = len(caller.state.applied)
    answer = caller.reset(user, customer=customer, content=content)
    assert answer.status_code == status
    error = answer.json()
    assert error.keys() == {"code", "description", "data", "source"}
    assert error["code"] == code
    assert 0 < len(error["description"]) <= 1024
    assert answer.headers["MS-CorrelationId"]
    assert len(caller.state.applied) == before


def test_a_refusal_of_a_password_does_not_repeat_it(caller: Caller) -> None:
    assert "Winter12" not in caller.reset(content=body("Winter12!")).text


def test_reading_is_refused_as_resetting_is(caller: Caller) -> None:
    assert caller.get(f"/v1/customers/{FORBIDDEN}").json()["code"] == "2032"
    assert caller.get(f"/v1/customers/{CUSTOMER}/users/{MISSING}").json()["code"] == "60002"
    assert caller.get("/v1/customers/contoso").json()["code"] == "900118"


def test_a_user_belongs_to_the_customer_it_was_reset_in(caller: Caller) -> None:
    caller.reset().raise_for_status()
    assert caller.reset(customer=OTHER_CUSTOMER).json()["code"] == "60002"


def test_a_missing_relationship_is_the_other_way_to_be_forbidden() -> None:
    options = SimulatorOptions(
        forbidden_customers=frozenset({CUSTOMER}), forbidden_code=ForbiddenCode.NO_RELATIONSHIP, bom_share=0
    )
    with calling(options) as caller:
        answer = caller.reset()
        assert (answer.status_code, answer.json()["code"]) == (403, "20002")


def test_with_known_users_nobody_else_is_there() -> None:
    with calling(SimulatorOptions(known_users=frozenset({USER.upper()}), bom_share=0)) as caller:
        assert caller.reset(USER).status_code == 200
        assert caller.reset(OTHER_CUSTOMER).json()["code"] == "60002"


def mfa_header(answer: httpx.Response) -> str | None:
    header: str | None = answer.headers.get("isMfaCompliant")
    return header


@pytest.mark.parametrize(
    ("mfa", "status", "compliant"),
    [(Mfa.ON, 200, "true"), (Mfa.HEADER_OFF, 200, "false"), (Mfa.OFF, 401, "false")],
)
def test_who_asks_is_told_whether_the_token_has_mfa(mfa: Mfa, status: int, compliant: str) -> None:
    with calling(SimulatorOptions(mfa=mfa, bom_share=0)) as caller:
        asked = caller.get(f"/v1/customers/{CUSTOMER}", changes={"ValidateMfa": "true"})
        assert (asked.status_code, mfa_header(asked)) == (status, compliant)
        assert mfa_header(caller.get(f"/v1/customers/{CUSTOMER}")) is None


def test_without_mfa_a_reset_is_refused_with_its_own_code() -> None:
    with calling(SimulatorOptions(mfa=Mfa.OFF)) as caller:
        answer = caller.reset()
        assert (answer.status_code, answer.json()["code"]) == (401, "900421")
        assert not caller.state.applied


def test_only_the_given_token_passes() -> None:
    with calling(SimulatorOptions(token="right")) as caller:
        refused = caller.reset(changes={"Authorization": "Bearer wrong"})
        assert (refused.status_code, refused.json()["code"]) == (401, "400")
        assert caller.reset(changes={"Authorization": "Bearer right"}).status_code == 200
        assert caller.state.protocol_errors == []


def test_a_token_dies_after_its_requests_and_a_new_one_lives() -> None:
    with calling(SimulatorOptions(token_requests=2)) as caller:
        assert [caller.reset().status_code for _ in range(4)] == [200, 200, 401, 401]
        assert caller.reset(changes={"Authorization": "Bearer renewed"}).status_code == 200


def test_throttling_has_its_own_shape_and_none_of_the_services_headers() -> None:
    with calling(SimulatorOptions(partner_limit=1, partner_window_seconds=600)) as caller:
        assert caller.reset().status_code == 200
        answer = caller.reset()
        assert answer.status_code == 429
        wait = answer.headers["Retry-After"]
        assert 590 < int(wait) <= 600
        assert json.loads(answer.content) == {
            "statusCode": 429,
            "message": f"Rate limit is exceeded. Try again in {wait} seconds.",
        }
        assert not any(name.lower().startswith("ms-") for name in answer.headers)
        assert caller.report()["throttled"] == {"partner": 1, "customer": 0}


def test_one_customers_limit_does_not_touch_another() -> None:
    with calling(SimulatorOptions(customer_limit=1, customer_window_seconds=600)) as caller:
        assert [caller.reset().status_code for _ in range(3)] == [200, 429, 429]
        assert caller.reset(CUSTOMER, customer=OTHER_CUSTOMER).status_code == 200
        assert caller.report()["throttled"] == {"partner": 0, "customer": 2}
