"""Redeeming a refresh token, and all that may come of it."""

import base64
import hashlib
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from acceptance_world import until
from sign_in_client import (
    AT,
    DEFAULTS,
    RESOURCE,
    SCOPE,
    Application,
    has_entras_shape,
    incoming,
    pure,
    refresh_form,
    signing_in,
)
from simulator_client import connected

from batchreset.errors import RefusedError
from batchreset.simulator.options import Rotation, SimulatorOptions
from batchreset.simulator.server import running


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with signing_in() as application:
        yield application


def test_a_success_has_all_that_is_documented(application: Application) -> None:
    answer = application.refresh()
    document = answer.json()
    assert document.keys() == {
        *("token_type", "scope", "expires_in", "ext_expires_in", "access_token", "refresh_token", "id_token"),
        "client_info",
    }
    assert (document["token_type"], document["scope"]) == ("Bearer", f"{RESOURCE}/user_impersonation")
    assert document["expires_in"] == document["ext_expires_in"] == 3600
    info = json.loads(base64.urlsafe_b64decode(document["client_info"] + "=="))
    assert info["utid"] == DEFAULTS.tenant_id
    assert info.keys() == {"uid", "utid"}
    assert answer.headers["Cache-Control"] == "no-store, no-cache"
    assert len(document["refresh_token"]) > 1000


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({"client_info": None}, "client_info"),
        ({"scope": f"{RESOURCE}/user_impersonation offline_access"}, "id_token"),
    ],
    ids=["client_info", "id_token"],
)
def test_what_was_not_asked_for_does_not_come(application: Application, changes: Any, absent: str) -> None:
    document = application.refresh(changes).json()
    assert absent not in document
    assert "refresh_token" in document


def test_without_a_scope_what_was_granted_is_meant(application: Application) -> None:
    assert application.refresh({"scope": None}).json()["scope"] == f"{RESOURCE}/user_impersonation"


def test_any_address_of_the_api_may_be_the_resource(application: Application) -> None:
    base = application.caller.simulator.base_url
    assert application.refresh({"scope": f"{base}/user_impersonation"}).json()["scope"] == f"{base}/user_impersonation"


@pytest.mark.parametrize(
    "scope",
    [
        "openid offline_access",
        f"{RESOURCE}/.default",
        "http://api.example/user_impersonation",
        "user_impersonation",
        "https:///user_impersonation",
        f"{RESOURCE}/user_impersonation https://graph.microsoft.com/user_impersonation",
        f"{RESOURCE}/user_impersonation User.Read",
    ],
)
def test_another_scope_is_refused_and_a_mistake(application: Application, scope: str) -> None:
    before = len(application.errors)
    answer = application.refresh({"scope": scope})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert has_entras_shape(answer.json(), 70011)
    assert ["scope" in error for error in application.errors[before:]] == [True]


@pytest.mark.parametrize(
    ("send", "code", "named"),
    [
        pytest.param({"json": refresh_form()}, 900144, "Content-Type", id="JSON"),
        pytest.param({"content": b"\xff=1"}, 900144, "Content-Type", id="bytes"),
        pytest.param({"data": {"grant_type": ["refresh_token"] * 2}}, 900144, "more than once", id="twice"),
        pytest.param({"data": refresh_form({"grant_type": None})}, 900144, "grant_type is missing", id="no grant"),
        pytest.param(
            {"data": refresh_form({"refresh_token": None})}, 900144, "refresh_token is missing", id="no token"
        ),
        pytest.param({"data": refresh_form({"grant_type": "password"})}, 70003, "grant_type", id="another grant"),
        pytest.param({"data": refresh_form({"claims": "[]"})}, 9002313, "claims", id="claims not an object"),
        pytest.param({"data": refresh_form({"claims": "{"})}, 9002313, "claims", id="claims not JSON"),
        pytest.param({"data": refresh_form(), "params": {"x": "1"}}, None, "query", id="a query"),
    ],
)
def test_a_request_of_another_shape_is_a_mistake(
    *, application: Application, send: Any, code: int | None, named: str
) -> None:
    before = len(application.errors)
    answer = application.client.post(f"{application.authority}/oauth2/v2.0/token", **send)
    assert answer.json().get("error_codes") == (None if code is None else [code])
    assert named in application.errors[before]
    assert DEFAULTS.refresh_token not in "".join(application.errors)


def test_parameters_that_are_not_utf8_are_a_mistake() -> None:
    service, state = pure()
    asked = incoming()
    service.token(type(asked)(tenant=asked.tenant, headers=asked.headers, body=b"a=\xff"), AT)
    assert state.protocol_errors[0] == "/oauth2/v2.0/token: the parameters are not UTF-8"


def test_a_refresh_token_that_was_never_issued_is_refused(application: Application) -> None:
    answer = application.refresh({"refresh_token": "made-up"})
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["suberror"] == "bad_token"
    assert has_entras_shape(answer.json(), 70000)


def test_an_application_may_begin_without_a_refresh_token() -> None:
    service, state = pure(SimulatorOptions(refresh_token=""))
    service.token(incoming(refresh_form()), AT)
    assert state.sign_in.token_requests[0].ended == "70000"


@pytest.mark.parametrize(("rotation", "second"), [(Rotation.KEEP, 200), (Rotation.ONCE, 400)])
def test_each_refresh_brings_a_new_token_and_the_old_one_lives_or_does_not(rotation: Rotation, second: int) -> None:
    with signing_in(SimulatorOptions(rotation=rotation)) as application:
        new = application.refresh().json()["refresh_token"]
        assert application.refresh().status_code == second
        assert application.refresh({"refresh_token": new}).status_code == 200
        assert new != application.state.sign_in.newest_refresh_token
        assert application.state.sign_in.refresh_tokens[0] == new


def test_a_refusal_does_not_use_a_token_up() -> None:
    with signing_in(SimulatorOptions(rotation=Rotation.ONCE)) as application:
        assert application.refresh({"scope": "openid"}).status_code == 400
        assert application.refresh().status_code == 200


REFUSALS = {
    700082: (400, "invalid_grant", "expired due to inactivity"),
    70008: (400, "invalid_grant", "expired due to inactivity"),
    50173: (400, "invalid_grant", "TokensValidFrom"),
    50076: (400, "invalid_grant", "must use multi-factor"),
    50079: (400, "invalid_grant", "must enroll in multi-factor"),
    50078: (400, "invalid_grant", "multi-factor authentication has expired"),
    53003: (400, "invalid_grant", "Conditional Access"),
    65001: (400, "invalid_grant", f"application with ID '{DEFAULTS.client_id}'"),
    700016: (400, "unauthorized_client", f"directory '{DEFAULTS.tenant_id}'"),
    7000215: (401, "invalid_client", "Invalid client secret"),
    7000222: (401, "invalid_client", "are expired"),
    700027: (401, "invalid_client", "certificate"),
    70000: (400, "invalid_grant", "invalid or malformed"),
    70043: (400, "invalid_grant", "sign-in frequency"),
    50057: (400, "invalid_grant", "disabled"),
    50034: (400, "invalid_grant", DEFAULTS.user_name),
    500011: (400, "invalid_resource", f"principal named {RESOURCE}"),
    90094: (400, "invalid_grant", "administrator"),
    70011: (400, "invalid_scope", "The scope '' is not valid"),
    12345: (400, "invalid_grant", "runtime specific"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refresh_can_be_refused_in_entras_own_words(code: int) -> None:
    service, state = pure(SimulatorOptions(refresh_error=code))
    reply = service.token(incoming(refresh_form()), AT)
    document = json.loads(reply.body)
    status, error, words = REFUSALS[code]
    assert (reply.status, document["error"]) == (status, error)
    assert words in document["error_description"]
    assert has_entras_shape(document, code)
    assert (state.sign_in.token_requests[0].ended, state.protocol_errors) == (str(code), [])


@pytest.mark.parametrize(
    ("code", "suberror"),
    [
        (50076, "basic_action"),
        (50173, "bad_token"),
        (53003, "message_only"),
        (65001, "consent_required"),
        (70043, "token_expired"),
        (50057, None),
    ],
)
def test_a_refusal_says_what_kind_it_is_where_entra_does(code: int, suberror: str | None) -> None:
    service, _ = pure(SimulatorOptions(refresh_error=code))
    assert json.loads(service.token(incoming(refresh_form()), AT).body).get("suberror") == suberror


def test_a_refusal_for_want_of_mfa_says_what_to_ask_for() -> None:
    service, _ = pure(SimulatorOptions(refresh_error=50076))
    claims = json.loads(json.loads(service.token(incoming(refresh_form()), AT).body)["claims"])
    assert claims["access_token"].keys() == {"capolids"}


def test_the_clients_own_id_is_the_correlation(application: Application) -> None:
    own = "0d7a1c9e-aaaa-4bbb-8ccc-123456789012"
    answer = application.refresh({"refresh_token": "made-up"}, headers={"client-request-id": own})
    assert answer.json()["correlation_id"] == answer.headers["client-request-id"] == own
    assert application.state.sign_in.token_requests[-1].correlation_id == own


def test_the_first_requests_fail_before_anything_is_decided() -> None:
    options = SimulatorOptions(token_failures=2, rotation=Rotation.ONCE)
    with signing_in(options) as application:
        answers = [application.refresh() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [503, 503, 200]
        assert answers[0].text.startswith("<html>")
        assert application.ends == ["503", "503", "ok"]


def test_a_client_that_leaves_in_the_middle_of_its_request_has_asked_for_nothing() -> None:
    with signing_in() as application:
        with connected(application.caller.simulator) as connection:
            path = f"/{DEFAULTS.tenant_id}/oauth2/v2.0/token"
            connection.send(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\ngrant".encode())
        application.refresh().raise_for_status()
        assert (application.ends, application.errors) == (["ok"], [])


def test_a_late_answer_is_decided_on_arrival(tmp_path: Path) -> None:
    log = tmp_path / "sign-in.ndjson"
    with signing_in(SimulatorOptions(token_latency_seconds=3600, sign_in_log=log)) as application:
        with pytest.raises(httpx.ReadTimeout):
            application.refresh(timeout=0.3)
        until(lambda: application.ends)
        assert application.ends == ["ok"]
        issued = application.state.sign_in.newest_refresh_token or ""
        assert json.loads(log.read_text(encoding="utf-8"))["issued"] == hashlib.sha256(issued.encode()).hexdigest()


def test_the_log_tells_which_token_became_which_and_never_a_token(tmp_path: Path) -> None:
    log = tmp_path / "sign-in.ndjson"
    for _ in range(2):
        with signing_in(SimulatorOptions(sign_in_log=log)) as application:
            application.refresh({"refresh_token": "made-up"})
            issued = application.refresh().json()["refresh_token"]
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["ended"] for line in lines] == ["70000", "ok"] * 2
    assert lines[2]["issued"] is None
    assert lines[3].pop("time").endswith("Z")
    assert lines[3] == {
        "grant": "refresh_token",
        "ended": "ok",
        "presented": hashlib.sha256(DEFAULTS.refresh_token.encode()).hexdigest(),
        "issued": hashlib.sha256(issued.encode()).hexdigest(),
    }
    assert [secret for secret in (DEFAULTS.refresh_token, issued) if secret in text] == []
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "sign-in.ndjson"
    with pytest.raises(RefusedError, match="sign in log") as raised, running(SimulatorOptions(sign_in_log=path)):
        pass
    assert "--sign-in-log" in raised.value.next_step


def test_the_state_remembers_requests_and_every_secret_and_the_report_counts_only() -> None:
    with signing_in() as application:
        document = application.refresh({"claims": "{}"}).json()
        device_code = application.device_code()["device_code"]
        sign_in = application.state.sign_in
        (request,) = sign_in.token_requests
        report = application.caller.report()
    assert (request.grant, request.ended, request.claims) == ("refresh_token", "ok", True)
    assert set(sign_in.handed_out) == {
        *(document[name] for name in ("access_token", "refresh_token", "id_token")),
        device_code,
    }
    assert report["sign_in"] == {
        "token_requests": 1,
        "by_grant": {"refresh_token": 1},
        "by_end": {"ok": 1},
        "access_tokens": 1,
        "refresh_tokens": 1,
    }
    assert [secret for secret in sign_in.handed_out if secret in json.dumps(report) + repr(request)] == []


def test_the_same_chance_and_the_same_clock_give_the_same_answer_but_for_signatures() -> None:
    def tokens() -> Any:
        service, _ = pure(chance=lambda size: b"\x01" * size)
        return json.loads(service.token(incoming(refresh_form({"scope": SCOPE})), AT).body)["refresh_token"]

    assert tokens() == tokens()
