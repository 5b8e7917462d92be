"""What the API makes of tokens that the sign-in service issued, and of others."""

import base64
import datetime as dt
import json
import re
from typing import Any

import httpx
import pytest
from sign_in_client import AT, DEFAULTS, RESOURCE, incoming, pure, refresh_form, signing_in
from simulator_client import CUSTOMER, USER, body, headers

from batchreset.simulator.options import Mfa, SimulatorOptions
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.replies import Deliver
from batchreset.simulator.service import PartnerCenter

CUSTOMER_PATH = f"/v1/customers/{CUSTOMER}"
APP_ONLY = {"grant_type": "client_credentials", "refresh_token": None, "scope": f"{RESOURCE}/.default"}
USERS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(100)]


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, json.loads(answer.content.decode("utf-8-sig")).get("code")


@pytest.mark.parametrize("token", ["", "another"], ids=["any token passes", "one token passes"])
def test_an_issued_token_passes_whatever_other_does(token: str) -> None:
    with signing_in(SimulatorOptions(token=token)) as application:
        assert application.caller.reset(changes=application.bearer()).status_code == 200
        assert application.errors == []


def test_with_only_issued_tokens_no_other_passes() -> None:
    with signing_in(SimulatorOptions(only_issued_tokens=True)) as application:
        assert code(application.caller.reset()) == (401, "400")
        assert application.caller.reset(changes=application.bearer()).status_code == 200


@pytest.mark.parametrize("only_issued", [True, False])
def test_an_app_only_token_never_passes(*, only_issued: bool) -> None:
    with signing_in(SimulatorOptions(only_issued_tokens=only_issued)) as application:
        assert code(application.caller.reset(changes=application.bearer(APP_ONLY))) == (401, "400")


def test_an_issued_token_dies_after_its_requests_and_a_new_one_lives() -> None:
    with signing_in(SimulatorOptions(token_requests=1)) as application:
        first = application.bearer()
        assert [application.caller.reset(changes=first).status_code for _ in range(2)] == [200, 401]
        assert application.caller.reset(changes=application.bearer()).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 401)])
def test_an_issued_token_is_good_for_its_time(seconds: int, status: int) -> None:
    options = SimulatorOptions(token_seconds=60)
    sign_in, state = pure(options)
    token = json.loads(sign_in.token(incoming(refresh_form()), AT).body)["access_token"]
    sent = {name.lower(): value for name, value in headers({"Authorization": f"Bearer {token}"}).items()}
    call = Call(route=Route.CUSTOMER, method="GET", target=CUSTOMER_PATH, customer=CUSTOMER, headers=sent)
    service = PartnerCenter(options, state, base_url="https://simulator")
    reply = service.handle(call, now_seconds=0, at=AT + dt.timedelta(seconds=seconds))
    assert isinstance(reply, Deliver)
    assert reply.answer.status == status


@pytest.mark.parametrize(
    ("mfa", "status", "compliant"),
    [(Mfa.ON, 200, "true"), (Mfa.HEADER_OFF, 200, "false"), (Mfa.OFF, 401, "false"), (Mfa.PARTLY, 200, "false")],
)
def test_who_asks_is_told_whether_the_issued_token_has_mfa(mfa: Mfa, status: int, compliant: str) -> None:
    with signing_in(SimulatorOptions(mfa=mfa)) as application:
        answer = application.caller.get(CUSTOMER_PATH, changes={**application.bearer(), "ValidateMfa": "true"})
        assert (answer.status_code, answer.headers["isMfaCompliant"]) == (status, compliant)


@pytest.mark.parametrize("issued", [True, False], ids=["issued token", "any token"])
@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 30, 70), (1.0, 100, 100)])
def test_where_mfa_is_enforced_partly_a_share_of_the_resets_is_blocked(
    *, issued: bool, share: float, least: int, most: int
) -> None:
    with signing_in(SimulatorOptions(mfa=Mfa.PARTLY, mfa_enforced_share=share)) as application:
        changes = application.bearer() if issued else {}
        ends = [code(application.caller.reset(user, changes=changes)) for user in USERS]
        assert least <= ends.count((401, "900421")) <= most
        assert ends.count((401, "900421")) + ends.count((200, None)) == len(USERS)
        assert len(application.state.applied) == ends.count((200, None))


def test_where_mfa_is_enforced_partly_reading_goes_on() -> None:
    with signing_in(SimulatorOptions(mfa=Mfa.PARTLY, mfa_enforced_share=1)) as application:
        assert application.caller.get(CUSTOMER_PATH, changes=application.bearer()).status_code == 200
        assert application.caller.get(CUSTOMER_PATH).status_code == 200


def test_an_account_that_was_blocked_may_pass_the_next_time_and_every_run_is_the_same() -> None:
    def statuses() -> list[int]:
        with signing_in(SimulatorOptions(mfa=Mfa.PARTLY)) as application:
            return [application.caller.reset().status_code for _ in range(20)]

    assert set(statuses()) == {200, 401}
    assert statuses() == statuses()


CHALLENGED = SimulatorOptions(token_requests=1, claims_challenge=True)


def challenge(answer: httpx.Response) -> str:
    """The claims that a 401 asks for."""
    pattern = r'Bearer realm="", authorization_uri="([^"]+)", error="insufficient_claims", claims="([^"]+)"'
    match = re.fullmatch(pattern, answer.headers["WWW-Authenticate"])
    assert match is not None
    assert match[1].endswith(f"/{DEFAULTS.tenant_id}/oauth2/v2.0/authorize")
    return base64.b64decode(match[2]).decode()


def test_a_dead_tokens_401_asks_for_a_newer_token_if_told_to() -> None:
    with signing_in(CHALLENGED) as application:
        first = application.bearer()
        application.caller.reset(changes=first)
        answer = application.caller.reset(changes=first)
        asked = json.loads(challenge(answer))
        assert challenge(application.caller.reset(changes=first)) == challenge(answer)
    nbf = asked["access_token"].pop("nbf")
    assert asked == {"access_token": {}}
    assert (nbf["essential"], nbf["value"].isdecimal()) == (True, True)


@pytest.mark.parametrize(
    "options", [SimulatorOptions(token_requests=1), SimulatorOptions(token_requests=1, mfa=Mfa.OFF)]
)
def test_other_401s_do_not(options: SimulatorOptions) -> None:
    with signing_in(options) as application:
        answers = [application.caller.reset() for _ in range(2)]
        assert answers[1].status_code == 401
        assert ["WWW-Authenticate" in answer.headers for answer in answers] == [False, False]


def test_a_refresh_must_carry_the_challenge_on() -> None:
    with signing_in(CHALLENGED) as application:
        asked = challenge([application.caller.reset() for _ in range(2)][1])
        without, other = application.refresh(), application.refresh({"claims": asked.replace("true", "false")})
        assert (without.json()["error_codes"], without.json()["suberror"]) == ([50076], "basic_action")
        assert other.json()["error_codes"] == [50076]
        assert application.refresh({"claims": asked}).status_code == 200
        assert application.refresh().status_code == 200
        assert application.ends == ["50076", "50076", "ok", "ok"]
        assert application.errors == []


def with_capabilities(claims: str) -> str:
    document: dict[str, Any] = json.loads(claims)
    document["access_token"]["xms_cc"] = {"values": ["cp1"]}
    return json.dumps(document)


def test_the_clients_capabilities_may_stand_beside_it() -> None:
    with signing_in(CHALLENGED) as application:
        asked = challenge([application.caller.reset() for _ in range(2)][1])
        only = json.dumps({"access_token": {"xms_cc": {"values": ["cp1"]}}})
        assert application.refresh({"claims": only}).json()["error_codes"] == [50076]
        assert application.refresh({"claims": with_capabilities(asked)}).status_code == 200


def test_what_is_still_on_its_way_with_an_old_token_asks_nothing_new() -> None:
    with signing_in(CHALLENGED) as application:
        asked = challenge([application.caller.reset() for _ in range(2)][1])
        application.refresh({"claims": asked}).raise_for_status()
        assert challenge(application.caller.reset()) == asked
        assert application.refresh().status_code == 200


def test_no_token_is_ever_in_the_report() -> None:
    with signing_in() as application:
        application.caller.send(
            "PATCH", f"{CUSTOMER_PATH}/users/{USER}/resetpassword", changes=application.bearer(), content=body()
        )
        text = json.dumps(application.caller.report())
        assert [secret for secret in application.state.sign_in.handed_out if secret in text] == []
