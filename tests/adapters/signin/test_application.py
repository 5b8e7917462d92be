"""Refresh tokens redeemed through the real msal: what is sent, what is kept, and that no answer loses a token."""

import base64
import contextlib
import json
import logging
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from key_pairs import key_pair
from sign_in_parts import (
    AUTHORITY,
    CLIENT,
    METADATA,
    SCOPE,
    TENANT,
    Service,
    grant,
    granting,
    part,
    refusal,
)

from batchreset.adapters.signin.application import Application
from batchreset.adapters.signin.cache import account_in, newest_refresh_token, user_in
from batchreset.adapters.signin.certificate import read_certificate
from batchreset.adapters.signin.exchange import Unclear
from batchreset.adapters.signin.refusals import Refused
from batchreset.core.secret import Secret

OLD = Secret("refresh-0")


def redeem(application: Application, token: Secret = OLD, *, state: str = "", claims: str | None = None) -> list[str]:
    """The states that were to be kept."""
    states: list[str] = []
    application.redeem(token, state=state, keep=states.append, claims=claims)
    return states


def test_what_is_granted_is_given_back_and_its_replacement_kept() -> None:
    states: list[str] = []
    granted = granting(1).application(Secret("secret")).redeem(OLD, state="", keep=states.append)
    assert (granted.access_token.open(), granted.lifetime_seconds, granted.user) == (
        "access-1",
        3600,
        "op@partner.example",
    )
    assert granted.refresh_token == newest_refresh_token(states[-1]) == Secret("refresh-1")
    assert user_in(states[-1]) == "op@partner.example"
    assert account_in(states[-1]) == ("o", "op@partner.example")


def test_no_access_token_and_no_older_refresh_token_is_kept() -> None:
    service = granting(1, 2)
    application = service.application()
    first = redeem(application)[-1]
    second = redeem(application, Secret("refresh-1"), state=first)[-1]
    assert "access-" not in first + second
    assert "refresh-1" not in second
    assert newest_refresh_token(second) == Secret("refresh-2")


def test_a_provider_that_gives_no_replacement_leaves_the_kept_one_in_place() -> None:
    service = Service([httpx.Response(200, json=grant(1)), httpx.Response(200, json=grant(2, refresh_token=None))])
    application = service.application()
    kept = redeem(application)[-1]
    assert newest_refresh_token(redeem(application, Secret("refresh-1"), state=kept)[-1]) == Secret("refresh-1")


def test_a_provider_that_gives_no_replacement_leaves_the_redeemed_one_good() -> None:
    """RFC 6749, section 6: it is kept, so that the next run needs nobody to give it again."""
    service = Service([httpx.Response(200, json=grant(1, refresh_token=None))])
    assert newest_refresh_token(redeem(service.application())[-1]) == OLD


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "é", None, 7])
def test_a_token_that_no_header_can_carry_is_none(token: object) -> None:
    with pytest.raises(Refused, match="no usable access token"):
        redeem(Service([httpx.Response(200, json=grant(1, access_token=token))]).application())


def test_the_form_names_application_scope_and_secret() -> None:
    service = granting(1)
    redeem(service.application(Secret("s3cret")))
    (form,) = service.forms
    assert (form["grant_type"], form["client_id"], form["client_secret"]) == ("refresh_token", CLIENT, "s3cret")
    assert SCOPE in form["scope"].split()
    assert "claims" not in form


def test_a_claims_challenge_is_passed_on() -> None:
    service = granting(1)
    claims = json.dumps({"access_token": {"nbf": {"essential": True, "value": "1"}}})
    redeem(service.application(), claims=claims)
    assert json.loads(service.forms[0]["claims"]) == json.loads(claims)


def test_a_public_client_sends_no_credential() -> None:
    service = granting(1)
    redeem(service.application())
    assert {"client_secret", "client_assertion"}.isdisjoint(service.forms[0])


@pytest.mark.parametrize(
    ("tenant", "algorithm", "thumbprint"), [(TENANT, "PS256", "x5t#S256"), ("", "RS256", "x5t")], ids=["Entra", "plain"]
)
def test_a_certificate_signs_an_assertion_that_names_it_by_its_thumbprint(
    tenant: str, algorithm: str, thumbprint: str
) -> None:
    pair = key_pair()
    service = granting(1)
    service.documents = {**service.documents, "/.well-known/openid-configuration": METADATA}
    certificate = read_certificate(Secret(pair.pem + pair.key_pem))
    redeem(service.application(certificate, tenant_id=tenant))
    assertion = service.forms[0]["client_assertion"]
    header = jwt.get_unverified_header(assertion)
    claims = jwt.decode(assertion, pair.key.public_key(), algorithms=[algorithm], audience=METADATA["token_endpoint"])
    assert (claims["iss"], claims["sub"]) == (CLIENT, CLIENT)
    assert thumbprint in header
    if thumbprint == "x5t":
        digest = base64.urlsafe_b64decode(header["x5t"] + "=").hex()
        assert digest == certificate.sha1_thumbprint


def test_a_plain_provider_gets_the_secret_by_basic_and_no_scope_that_is_not_its_own() -> None:
    service = granting(1)
    service.documents = {"/.well-known/openid-configuration": METADATA}
    redeem(service.application(Secret("s3 cr:et"), tenant_id="", client_id="batchreset"))
    assert {"client_secret", "scope"}.isdisjoint(service.forms[0])
    sent = service.headers[0]["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == "batchreset:s3+cr%3Aet"


def test_a_plain_provider_that_says_so_gets_the_secret_in_the_form() -> None:
    service = granting(1)
    ways = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    service.documents = {"/.well-known/openid-configuration": {**METADATA, **ways}}
    redeem(service.application(Secret("s3cret"), tenant_id=""))
    assert service.forms[0]["client_secret"] == "s3cret"


def test_the_document_is_looked_for_once() -> None:
    service = granting(1, 2)
    application = service.application()
    redeem(application)
    redeem(application)
    assert len([path for path in service.asked if "openid-configuration" in path]) == 1


def test_a_refusal_is_not_answered_from_memory() -> None:
    """Msal keeps refusals for a minute: a secret that was mended meanwhile would be refused unasked."""
    service = Service([refusal(7000215, "invalid_client"), httpx.Response(200, json=grant(1))])
    application = service.application(Secret("s"))
    with pytest.raises(Refused):
        redeem(application)
    assert redeem(application)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(503, html="<h1>503</h1>"),
        httpx.Response(500, json=grant(1)),
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(200, text="access-1 refresh-1"),
        httpx.Response(200, json=["access-1"]),
        httpx.Response(400, text=""),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body (incomplete)"),
    ],
    ids=["503", "500", "429", "no JSON", "no object", "empty", "refused", "timeout", "cut short"],
)
def test_an_answer_that_says_nothing_is_unclear_and_changes_nothing(
    reply: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    states: list[str] = []
    with pytest.raises(Unclear) as caught, caplog.at_level(logging.DEBUG):
        Service([reply]).application().redeem(OLD, state="", keep=states.append)
    assert states == []
    assert "access-1" not in str(caught.value) + repr(caught.value.__context__) + caplog.text


def test_how_long_to_wait_is_read_from_a_429() -> None:
    with pytest.raises(Unclear) as caught:
        redeem(Service([httpx.Response(429, headers={"Retry-After": "7"})]).application())
    assert caught.value.retry_after_seconds == 7


def test_a_secret_that_a_refusal_repeats_is_masked() -> None:
    text = "the secret 'kW8Q~cAnArY-secret-9x' and the token 'canary-refresh-7Hq2' do not fit"
    service = Service([refusal(7000215, "invalid_client", text)])
    with pytest.raises(Refused) as caught:
        redeem(service.application(Secret("kW8Q~cAnArY-secret-9x")), Secret("canary-refresh-7Hq2"))
    assert "AADSTS7000215" in caught.value.refusal.said
    assert "cAnArY" not in caught.value.refusal.said
    assert "canary" not in caught.value.refusal.said


def test_an_answer_without_access_token_is_a_refusal() -> None:
    with pytest.raises(Refused, match="no usable access token"):
        redeem(Service([httpx.Response(200, json={"token_type": "Bearer"})]).application())


odd: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_ODD_FIELDS = (
    "expires_in", "ext_expires_in", "expires_on", "refresh_in", "scope", "id_token", "client_info", "token_type",
    "foci", "id_token_claims",
)  # fmt: skip


BESIDE = st.dictionaries(st.sampled_from(_ODD_FIELDS), odd)
BODIES = odd | st.dictionaries(st.sampled_from(("error", "error_description", "error_codes", "access_token")), odd)


def kept_whatever_comes_beside(fields: dict[str, Any]) -> None:
    service = Service([httpx.Response(200, content=json.dumps(grant(1, **fields), allow_nan=True))])
    states: list[str] = []
    granted = service.application().redeem(OLD, state="", keep=states.append)
    assert granted.access_token == Secret("access-1")
    assert granted.lifetime_seconds > 0
    assert newest_refresh_token(states[-1]) == Secret("refresh-1")


def granted_refused_or_unclear(body: object) -> None:
    service = Service([httpx.Response(400, content=json.dumps(body, allow_nan=True))])
    with contextlib.suppress(Refused, Unclear):
        redeem(service.application())


@settings(max_examples=25)
@given(BESIDE)
def test_whatever_comes_beside_the_tokens_the_newest_refresh_token_is_kept(fields: dict[str, Any]) -> None:
    kept_whatever_comes_beside(fields)


@settings(max_examples=50)
@given(BODIES)
def test_whatever_comes_it_is_granted_refused_or_unclear(body: object) -> None:
    granted_refused_or_unclear(body)


@pytest.mark.torture
@settings(max_examples=1_000, deadline=None)
@given(BESIDE)
def test_whatever_more_comes_beside_the_tokens_the_newest_refresh_token_is_kept(fields: dict[str, Any]) -> None:
    kept_whatever_comes_beside(fields)


@pytest.mark.torture
@settings(max_examples=5_000, deadline=None)
@given(BODIES)
def test_whatever_more_comes_it_is_granted_refused_or_unclear(body: object) -> None:
    granted_refused_or_unclear(body)


def test_an_id_token_that_names_nobody_is_left_out() -> None:
    service = Service([httpx.Response(200, json=grant(1, id_token=f"e30.{part({'oid': 'o'})}.x", client_info="%"))])
    states = redeem(service.application())
    assert newest_refresh_token(states[-1]) == Secret("refresh-1")
    assert account_in(states[-1]) == ("", "")


def test_the_authority_of_an_entra_like_service_is_asked_nothing_else() -> None:
    """No instance discovery, no region: nothing goes to an address that nobody named."""
    service = granting(1)
    redeem(service.application(Secret("s")))
    assert service.asked == [f"/{TENANT}/v2.0/.well-known/openid-configuration", f"/{TENANT}/oauth2/v2.0/token"]
    assert AUTHORITY == "https://login.example"


def test_an_environment_for_msal_does_not_send_the_secret_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westus2")
    service = granting(1)
    redeem(service.application(Secret("s3cret")))
    assert len(service.asked) == 2


def test_what_msal_is_borrowed_from_is_there() -> None:
    """Device codes for confidential clients are put together from msal's own methods."""
    client = granting().application(Secret("s")).client("", lambda _: None)
    assert callable(client.initiate_device_flow)
    assert callable(client.acquire_token_by_device_flow)
