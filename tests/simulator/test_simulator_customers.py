"""The partner's list of customers."""

from collections.abc import Iterator
from typing import Any

import pytest
from simulator_client import CUSTOMER, OTHER_CUSTOMER, Caller, calling

from batchreset.simulator.options import Mfa, SimulatorOptions

USERS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(3)]


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with calling(SimulatorOptions(bom_share=0)) as caller:
        caller.reset(USERS[0], customer=CUSTOMER)
        caller.reset(USERS[1], customer=OTHER_CUSTOMER)
        caller.reset(USERS[2], customer=CUSTOMER)
        yield caller


def customers(page: dict[str, Any]) -> list[str]:
    return [customer["id"] for customer in page["items"]]


def test_there_is_at_least_one() -> None:
    with calling(SimulatorOptions(bom_share=0)) as caller:
        page = caller.get("/v1/customers?size=1").raise_for_status().json()
        (customer,) = page["items"]
        assert (page["totalCount"], page["attributes"]) == (1, {"objectType": "Collection"})
        assert page["links"] == {"self": {"uri": "/customers?size=1", "method": "GET", "headers": []}}
        assert customer["attributes"] == {"objectType": "Customer"}
        assert customer["companyProfile"]["tenantId"] == customer["id"]
        assert caller.report()["by_route"] == {"customers": 1}
        assert caller.report()["protocol_errors"] == []


def test_every_customer_heard_of_is_in_it(caller: Caller) -> None:
    assert customers(caller.get("/v1/customers").json())[1:] == [CUSTOMER, OTHER_CUSTOMER]


def test_its_pages_follow_one_another(caller: Caller) -> None:
    first = caller.get("/v1/customers?size=2").json()
    follow = first["links"]["next"]
    token = {header["key"]: header["value"] for header in follow["headers"]}
    second = caller.get(f"/v1{follow['uri']}", changes=token).json()
    assert (len(customers(first)), customers(second)) == (2, [OTHER_CUSTOMER])
    assert "next" not in second["links"]


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("size=0", None),
        ("size=501", None),
        ("size=ten", None),
        ("size=²", None),
        ("size=", None),
        ("size=1&size=2", None),
        ("filter=x", None),
        ("size=2&order=up", None),
        ("size=2&seekOperation=Next", None),
        ("size=2&seekOperation=Next", "MQ=="),
        ("size=2&seekOperation=Next", "ä"),
        ("size=2&seekOperation=Next", "not base64"),
        ("size=2&seekOperation=Next&x=1", "ZnJvbSAx"),
        ("size=2&seekOperation=Back", "ZnJvbSAx"),
    ],
)
def test_another_query_is_a_mistake(caller: Caller, query: str, token: str | None) -> None:
    before = len(caller.state.protocol_errors)
    changes: Any = {"MS-ContinuationToken": None if token is None else token.encode("latin-1")}
    answer = caller.get(f"/v1/customers?{query}", changes=changes)
    assert (answer.status_code, answer.json()["code"]) == (400, "800002")
    assert ["the query" in error for error in caller.state.protocol_errors[before:]] == [True]


def test_it_takes_part_in_everything_else() -> None:
    with calling(SimulatorOptions(mfa=Mfa.HEADER_OFF, partner_limit=2, partner_window_seconds=600)) as caller:
        asked = caller.get("/v1/customers?size=1", changes={"ValidateMfa": "true"})
        assert (asked.status_code, asked.headers["isMfaCompliant"]) == (200, "false")
        assert caller.get("/v1/customers?size=1", changes={"MS-RequestId": None}).status_code == 400
        assert caller.get("/v1/customers?size=1").status_code == 429
