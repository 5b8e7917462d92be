"""The caller's own mistakes are answered, named and counted."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from simulator_client import CUSTOMER, PASSWORD, USER, Caller, body, calling

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.protocol import Malformed, Reset, read_body


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with calling(SimulatorOptions()) as caller:
        yield caller


def test_a_right_call_counts_no_mistake() -> None:
    with calling(SimulatorOptions()) as caller:
        caller.reset(changes={"Content-Type": "application/json; charset=utf-8"}).raise_for_status()
        caller.reset(address="").raise_for_status()
        caller.get(f"/v1/customers/{CUSTOMER}/users/{USER}").raise_for_status()
        caller.get(f"/v1/customers/{CUSTOMER}").raise_for_status()
        assert caller.report()["protocol_errors"] == []


@pytest.mark.parametrize(
    ("header", "value", "status", "code", "named"),
    [
        ("Authorization", None, 401, "800001", "Authorization"),
        ("Authorization", "Basic ZGVtbw==", 401, "800001", "Authorization"),
        ("Authorization", "Bearer", 401, "800001", "Authorization"),
        ("Accept", None, 400, "800002", "Accept"),
        ("Accept", "*/*", 400, "800002", "Accept"),
        ("Content-Type", None, 400, "800002", "Content-Type"),
        ("Content-Type", "text/json", 400, "800002", "Content-Type"),
        ("MS-RequestId", None, 400, "800002", "MS-RequestId"),
        ("MS-RequestId", f"{USER}0", 400, "800002", "MS-RequestId"),
        ("MS-CorrelationId", None, 400, "800002", "MS-CorrelationId"),
        ("MS-CorrelationId", "1", 400, "800002", "MS-CorrelationId"),
        ("MS-Contract-Version", None, 400, "800002", "MS-Contract-Version"),
        ("MS-Contract-Version", "v2", 400, "800002", "MS-Contract-Version"),
    ],
)
def test_a_missing_or_wrong_header_is_refused_and_counted(
    *, caller: Caller, header: str, value: str | None, status: int, code: str, named: str
) -> None:
    before = len(caller.state.protocol_errors), len(caller.state.applied)
    answer = caller.reset(changes={header: value})
    error = json.loads(answer.content)
    assert (answer.status_code, error["code"]) == (status, code)
    assert named in caller.state.protocol_errors[-1]
    assert status == 401 or named in error["description"]
    assert (len(caller.state.protocol_errors), len(caller.state.applied)) == (before[0] + 1, before[1])


USER_PATH = f"/v1/customers/{CUSTOMER}/users/{USER}"


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("POST", f"{USER_PATH}/resetpassword", 405, "PATCH"),
        ("GET", f"{USER_PATH}/resetpassword", 405, "PATCH"),
        ("DELETE", USER_PATH, 405, "GET, PATCH"),
        ("HEAD", USER_PATH, 405, "GET, PATCH"),
        ("PATCH", f"/v1/customers/{CUSTOMER}", 405, "GET"),
        ("PATCH", f"{USER_PATH}/resetpassword/", 404, None),
        ("PATCH", f"/v2/customers/{CUSTOMER}/users/{USER}", 404, None),
        ("GET", "/", 404, None),
    ],
)
def test_a_wrong_method_or_address_is_refused_and_counted(
    *, caller: Caller, method: str, path: str, status: int, allow: str | None
) -> None:
    before = len(caller.state.protocol_errors)
    answer = caller.send(method, path)
    assert (answer.status_code, answer.headers.get("Allow")) == (status, allow)
    assert caller.state.protocol_errors[before:] == [f"{method} {path}: {method} {path} is not served"]


def test_a_query_and_the_body_of_a_get_are_mistakes(caller: Caller) -> None:
    assert "query" in json.loads(caller.get(f"{USER_PATH}?a=b").content.decode("utf-8-sig"))["description"]
    assert "body" in json.loads(caller.send("GET", USER_PATH, content=b"{}").content)["description"]


def test_a_correlation_id_seen_twice_is_a_mistake_whatever_its_case(caller: Caller) -> None:
    once = str(uuid.uuid4())
    assert caller.reset(changes={"MS-CorrelationId": once}).status_code == 200
    again = caller.reset(changes={"MS-CorrelationId": once.upper()})
    assert again.status_code == 400
    assert "MS-CorrelationId came before" in again.text
    assert "MS-CorrelationId came before" in caller.state.protocol_errors[-1]


def test_a_mistake_is_counted_also_when_the_request_is_throttled() -> None:
    with calling(SimulatorOptions(partner_limit=1, partner_window_seconds=600)) as caller:
        caller.reset()
        assert caller.reset(changes={"Accept": None}).status_code == 429
        assert len(caller.report()["protocol_errors"]) == 1


GOOD: dict[str, Any] = json.loads(body())


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="empty"),
        pytest.param([], id="a list"),
        pytest.param({"passwordProfile": GOOD["passwordProfile"]}, id="no attributes"),
        pytest.param({**GOOD, "attributes": {}}, id="empty attributes"),
        pytest.param({**GOOD, "attributes": {"objectType": "User"}}, id="wrong object type"),
        pytest.param({**GOOD, "id": USER}, id="one key too many"),
        pytest.param({**GOOD, "passwordProfile": {"password": PASSWORD}}, id="no forceChangePassword"),
        pytest.param({**GOOD, "passwordProfile": {"forceChangePassword": True}}, id="no password"),
        pytest.param({**GOOD, "passwordProfile": {**GOOD["passwordProfile"], "x": 1}}, id="profile with more"),
        pytest.param(
            {**GOOD, "passwordProfile": {"password": PASSWORD, "forceChangePassword": "true"}}, id="boolean as text"
        ),
        pytest.param({**GOOD, "passwordProfile": {"password": 1, "forceChangePassword": True}}, id="password a number"),
    ],
)
def test_a_body_of_another_shape_is_malformed(document: object) -> None:
    found = read_body(json.dumps(document).encode())
    assert isinstance(found, Malformed)
    assert PASSWORD not in found.why


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(body()[:-1], id="cut off"),
        pytest.param(b"\xef\xbb\xbf" + body(), id="byte order mark"),
        pytest.param(body().decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
    ],
)
def test_a_body_that_is_not_json_is_refused_with_its_code_and_counted(caller: Caller, content: bytes) -> None:
    answer = caller.reset(content=content)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (400, "800002")
    assert "the body is not JSON in UTF-8" in caller.state.protocol_errors[-1]


def test_the_documented_body_is_read() -> None:
    assert read_body(body("x", force=False)) == Reset(password="x", force_change_password=False)


def test_a_password_is_not_in_the_text_of_what_was_read() -> None:
    assert PASSWORD not in repr(read_body(body()))
