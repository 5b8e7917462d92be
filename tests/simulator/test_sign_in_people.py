"""Sign-ins in which a person takes part: device codes and the authorization endpoint."""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from sign_in_client import (
    AT,
    DEFAULTS,
    DEVICE_CODE,
    SCOPE,
    VERIFIER,
    Application,
    Changes,
    changed,
    form_of,
    has_entras_shape,
    incoming,
    pure,
    refresh_form,
    signing_in,
)

from batchreset.simulator.options import DeviceAnswer, SimulatorOptions
from batchreset.simulator.sign_in.replies import Reply
from batchreset.simulator.sign_in.service import SignIn

AT_ONCE = SimulatorOptions(device_interval_seconds=0)
REDIRECT = "http://localhost:8400/callback"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with signing_in(AT_ONCE) as application:
        yield application


def test_a_device_code_comes_with_what_a_person_has_to_know(application: Application) -> None:
    document = application.device_code()
    assert document.keys() == {
        *("user_code", "device_code", "verification_uri", "expires_in", "interval", "message"),
    }
    assert (document["expires_in"], document["interval"]) == (900, 0)
    assert document["user_code"] in document["message"]
    assert document["verification_uri"] in document["message"]


def test_after_some_polls_the_person_has_approved_and_the_code_is_used_up(application: Application) -> None:
    device_code = application.device_code()["device_code"]
    answers = [application.poll(device_code) for _ in range(4)]
    assert [answer.json().get("error") for answer in answers] == [
        *("authorization_pending", "authorization_pending", None, "bad_verification_code"),
    ]
    assert has_entras_shape(answers[0].json(), 70016)
    assert "refresh_token" in answers[2].json()
    assert application.errors == []


def test_a_code_that_is_typed_on_the_page_is_approved_at_once(application: Application) -> None:
    document = application.device_code()
    page = application.client.get(document["verification_uri"])
    action, fields = form_of(page.text)
    assert (page.headers["Content-Type"], action, [*fields]) == ("text/html; charset=utf-8", "", ["user_code"])
    wrong = application.client.post(document["verification_uri"], data={"user_code": "<b>"})
    assert (wrong.status_code, "<b>" in wrong.text) == (400, False)
    typed = application.client.post(document["verification_uri"], data={"user_code": document["user_code"].lower()})
    assert DEFAULTS.user_name in typed.raise_for_status().text
    assert application.poll(document["device_code"]).status_code == 200


@pytest.mark.parametrize(
    ("answer", "error"),
    [(DeviceAnswer.DECLINE, "authorization_declined"), (DeviceAnswer.EXPIRE, "expired_token")],
)
def test_a_person_may_decline_or_never_come(answer: DeviceAnswer, error: str) -> None:
    with signing_in(SimulatorOptions(device_answer=answer, device_polls=1, device_interval_seconds=0)) as application:
        device_code = application.device_code()["device_code"]
        assert [application.poll(device_code).json()["error"] for _ in range(3)] == [
            *("authorization_pending", error, error),
        ]


def started(service: SignIn) -> dict[str, Any]:
    form = {"client_id": DEFAULTS.client_id, "scope": SCOPE}
    document: dict[str, Any] = json.loads(service.device_code(incoming(form), AT).body)
    return document


def polled(service: SignIn, device_code: str, seconds: float) -> str | None:
    form = refresh_form({"grant_type": DEVICE_CODE, "refresh_token": None, "device_code": device_code})
    body = service.token(incoming(form), AT + dt.timedelta(seconds=seconds)).body
    error: str | None = json.loads(body).get("error")
    return error


@pytest.mark.parametrize(("seconds", "mistakes"), [(4.8, 1), (4.95, 0), (5, 0)])
def test_who_polls_before_the_interval_is_over_makes_a_mistake(seconds: float, mistakes: int) -> None:
    service, state = pure(SimulatorOptions(device_interval_seconds=5))
    device_code = started(service)["device_code"]
    assert [polled(service, device_code, at) for at in (0, seconds)] == ["authorization_pending"] * 2
    assert len(state.protocol_errors) == mistakes


def test_a_device_code_is_good_for_a_quarter_of_an_hour() -> None:
    service, _ = pure(SimulatorOptions(device_polls=0))
    document = started(service)
    late = AT + dt.timedelta(seconds=900)
    assert service.type_in(incoming({"user_code": document["user_code"]}), late).status == 400
    assert polled(service, document["device_code"], 900) == "expired_token"
    assert polled(service, document["device_code"], 899) is None


@pytest.mark.parametrize(
    ("form", "code"),
    [
        pytest.param({"client_id": DEFAULTS.client_id, "scope": "openid"}, 70011, id="scope"),
        pytest.param({"client_id": DEFAULTS.tenant_id, "scope": SCOPE}, 700016, id="client"),
    ],
)
def test_a_device_code_is_for_the_application_and_partner_center(form: dict[str, str], code: int) -> None:
    service, _ = pure()
    assert json.loads(service.device_code(incoming(form), AT).body)["error_codes"] == [code]


def asked(changes: Changes | None = None) -> dict[str, str]:
    right = {
        "client_id": DEFAULTS.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "a state & more",
        "nonce": "a nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return changed(right, changes or {})


def code_form(code: str, changes: Changes | None = None) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return refresh_form({"refresh_token": None, **form, **(changes or {})})


def answered(reply: Reply) -> dict[str, str]:
    location = reply.headers["Location"]
    assert location.startswith(REDIRECT)
    return dict(parse_qsl(urlsplit(location).query))


def authorized(service: SignIn, changes: Changes | None = None) -> str:
    return answered(service.authorize(incoming(query=asked(changes)), AT))["code"]


def test_who_consents_is_sent_back_with_a_code_that_becomes_tokens(application: Application) -> None:
    answer = application.client.get(f"{application.authority}/oauth2/v2.0/authorize", params=asked())
    assert answer.status_code == 302
    fields = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert fields["state"] == "a state & more"
    document = application.token(code_form(fields["code"])).raise_for_status().json()
    assert jwt.decode(document["id_token"], options={"verify_signature": False})["nonce"] == "a nonce"
    assert fields["code"] in application.state.sign_in.handed_out
    assert document["refresh_token"] == application.state.sign_in.newest_refresh_token


def test_the_answer_may_be_posted_by_a_page() -> None:
    service, _ = pure()
    query = asked({"response_mode": "form_post", "client_info": "1", "state": "\"><script>alert('x')</script>"})
    html = service.authorize(incoming(query=query), AT).body.decode()
    action, fields = form_of(html)
    assert action == REDIRECT
    assert fields["state"] == query["state"]
    assert json.loads(base64.urlsafe_b64decode(fields["client_info"] + "=="))["utid"] == DEFAULTS.tenant_id
    assert html.count("<script>") == 1
    assert service.token(incoming(code_form(fields["code"])), AT).status == 200


def test_without_offline_access_there_is_no_refresh_token() -> None:
    service, _ = pure()
    code = authorized(service, {"scope": SCOPE.replace("offline_access", "")})
    document = json.loads(service.token(incoming(code_form(code)), AT).body)
    assert "refresh_token" not in document


def test_a_plain_challenge_is_the_verifier_itself() -> None:
    service, _ = pure()
    code = authorized(service, {"code_challenge": VERIFIER, "code_challenge_method": None})
    assert service.token(incoming(code_form(code)), AT).status == 200


def test_an_address_may_have_a_query_of_its_own() -> None:
    service, _ = pure()
    location = service.authorize(incoming(query=asked({"redirect_uri": f"{REDIRECT}?a=b"})), AT).headers["Location"]
    assert location.startswith(f"{REDIRECT}?a=b&code=")


@pytest.mark.parametrize(
    ("changes", "seconds", "code"),
    [
        pytest.param({"code_verifier": "w" * 43}, 0, 501481, id="another verifier"),
        pytest.param({"code_verifier": None}, 0, 501481, id="no verifier"),
        pytest.param({"redirect_uri": "http://localhost/"}, 0, 500112, id="another address"),
        pytest.param({"redirect_uri": None}, 0, 900144, id="no address"),
        pytest.param({"code": "made-up"}, 0, 70000, id="another code"),
        pytest.param({"code": None}, 0, 900144, id="no code"),
        pytest.param({}, 600, 70008, id="too late"),
    ],
)
def test_a_code_is_redeemed_with_proof_in_time_and_for_its_address(
    changes: dict[str, str | None], seconds: int, code: int
) -> None:
    service, state = pure()
    form = code_form(authorized(service), changes)
    service.token(incoming(form), AT + dt.timedelta(seconds=seconds))
    assert state.sign_in.token_requests[-1].ended == str(code)


def test_a_code_is_redeemed_once() -> None:
    service, state = pure()
    form = code_form(authorized(service))
    for _ in range(2):
        service.token(incoming(form), AT)
    assert [request.ended for request in state.sign_in.token_requests] == ["ok", "54005"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"client_id": DEFAULTS.tenant_id}, 700016, id="client"),
        pytest.param({"client_id": None}, 900144, id="no client"),
        pytest.param({"redirect_uri": None}, 900144, id="no address"),
        pytest.param({"redirect_uri": "https://localhost/"}, 50011, id="https"),
        pytest.param({"redirect_uri": "http://localhost.example/"}, 50011, id="another host"),
        pytest.param({"redirect_uri": "http://127.0.0.1/#x"}, 50011, id="a fragment"),
    ],
)
def test_who_cannot_be_trusted_gets_no_answer(changes: dict[str, str | None], code: int) -> None:
    service, state = pure()
    reply = service.authorize(incoming(query=asked(changes)), AT)
    assert (reply.status, "Location" in reply.headers, f"AADSTS{code}" in reply.body.decode()) == (400, False, True)
    assert state.sign_in.handed_out == []


def test_another_tenants_sign_in_page_is_an_error() -> None:
    with signing_in() as application:
        answer = application.client.get("/contoso.example/oauth2/v2.0/authorize", params=asked())
        assert (answer.status_code, "AADSTS90002" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"response_type": "token"}, "invalid_request", id="response_type"),
        pytest.param({"response_type": None}, "invalid_request", id="no response_type"),
        pytest.param({"response_mode": "fragment"}, "invalid_request", id="response_mode"),
        pytest.param({"code_challenge_method": "S512"}, "invalid_request", id="code_challenge_method"),
        pytest.param({"scope": "openid"}, "invalid_scope", id="scope"),
    ],
)
def test_a_wrong_request_is_told_so_and_a_mistake(changes: dict[str, str | None], error: str) -> None:
    service, state = pure()
    fields = answered(service.authorize(incoming(query=asked(changes)), AT))
    assert (fields["error"], fields["state"]) == (error, "a state & more")
    assert len(state.protocol_errors) == 1
    assert state.sign_in.handed_out == []


@pytest.mark.parametrize("left_out", ["code_challenge", "state"])
def test_what_is_recommended_is_missed_and_the_sign_in_goes_on(left_out: str) -> None:
    service, state = pure()
    authorized(service, {left_out: None})
    assert state.protocol_errors == [f"/oauth2/v2.0/authorize: {left_out} is missing"]


def test_no_repr_shows_what_is_secret() -> None:
    shown: Mapping[str, str] = asked()
    request = incoming({"code": "a-secret-code"}, query=shown)
    assert "a-secret-code" not in repr(request)
    assert CHALLENGE not in repr(request)
