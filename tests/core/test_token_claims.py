"""What a token says of itself; whatever it is, reading it never fails."""

import base64
import datetime as dt
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.secret import Secret
from batchreset.core.token_claims import TokenClaims, claims_challenge, claims_of

TENANT = "0F8FAD5B-d9cb-469f-a165-70867728950e"
CHALLENGE = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}


def jwt(payload: object) -> Secret:
    return Secret(f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.c2ln")


def test_a_users_token_names_user_tenant_and_when_it_expires() -> None:
    token = jwt({"upn": "op@partner.example", "tid": TENANT, "scp": "user_impersonation", "exp": 1795636000})
    assert claims_of(token) == TokenClaims(
        user="op@partner.example",
        principal_name="op@partner.example",
        tenant_id=TENANT.lower(),
        app_only=False,
        expires_at=dt.datetime.fromtimestamp(1795636000, dt.UTC),
    )


@pytest.mark.parametrize(
    ("payload", "user_id", "principal_name"),
    [
        ({"oid": TENANT, "upn": "Op@Partner.example"}, TENANT.lower(), "op@partner.example"),
        ({"oid": TENANT, "preferred_username": "op@partner.example"}, TENANT.lower(), "op@partner.example"),
        ({"oid": TENANT, "unique_name": "op@partner.example", "name": "Op"}, TENANT.lower(), "op@partner.example"),
        ({"oid": "nobody", "name": "a@b"}, "", ""),
        ({"upn": "live.com#op"}, "", ""),
        ({"oid": TENANT, "idtyp": "app"}, "", ""),
    ],
    ids=["v1", "v2", "unique_name", "no ids", "no principal name", "an application"],
)
def test_whose_account_it_is_is_told_by_id_and_principal_name(
    payload: object, user_id: str, principal_name: str
) -> None:
    claims = claims_of(jwt(payload))
    assert claims is not None
    assert (claims.user_id, claims.principal_name) == (user_id, principal_name)


@pytest.mark.parametrize(
    ("payload", "user"),
    [
        ({"name": "Op", "unique_name": "u@p", "preferred_username": "p@p", "upn": "Op@p"}, "Op@p"),
        ({"name": "Op", "unique_name": "u@p", "preferred_username": "p@p"}, "p@p"),
        ({"name": "Op", "unique_name": "u@p", "upn": ""}, "u@p"),
        ({"name": "Op", "upn": 7}, "Op"),
        ({}, ""),
    ],
)
def test_a_user_is_named_by_the_first_name_that_there_is(payload: object, user: str) -> None:
    claims = claims_of(jwt(payload))
    assert claims is not None
    assert claims.user == user


@pytest.mark.parametrize("name", ["~~~???>>>", "a~~~???>>>", "ab~~~???>>>"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["base64", "for URLs"])
def test_both_alphabets_are_read(encode: Callable[[bytes], bytes], name: str) -> None:
    claims = claims_of(Secret(f"e30.{encode(json.dumps({'name': name}).encode()).decode()}.c2ln"))
    assert claims == TokenClaims(user=name)


@pytest.mark.parametrize(
    ("payload", "app_only"),
    [
        ({"idtyp": "app"}, True),
        ({"roles": ["Directory.Read.All"]}, True),
        ({"roles": ["Directory.Read.All"], "scp": "user_impersonation"}, False),
        ({"idtyp": "user", "scp": "user_impersonation"}, False),
        ({}, False),
    ],
    ids=["said so", "roles and no scope", "roles and scope", "user", "says nothing"],
)
def test_an_application_alone_is_known_only_where_the_token_says_so(payload: object, *, app_only: bool) -> None:
    claims = claims_of(jwt(payload))
    assert claims is not None
    assert claims.app_only is app_only


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b", "a.b.c", "..", "a.W10.c", "a.é.c", "a.e30=!.c", f"a.{'W' * 4000}.c"]
)
def test_a_token_that_is_no_jwt_says_nothing(token: str) -> None:
    assert claims_of(Secret(token)) is None


@given(
    st.text(),
    st.recursive(st.none() | st.booleans() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)),
)
def test_no_token_makes_the_reading_fail(text: str, payload: object) -> None:
    claims_of(Secret(text))
    claims_of(Secret(f"a.{text}.c"))
    claims_of(jwt({"upn": payload, "tid": payload, "exp": payload, "oid": payload, "roles": payload, "scp": payload}))


@pytest.mark.parametrize(
    "encode",
    [
        lambda raw: base64.b64encode(raw).decode(),
        lambda raw: base64.b64encode(raw).decode().rstrip("="),
        lambda raw: base64.urlsafe_b64encode(raw).decode(),
    ],
    ids=["padded", "unpadded", "URL alphabet"],
)
def test_a_challenge_is_read_in_every_writing(encode: object) -> None:
    assert callable(encode)
    text = claims_challenge(encode(json.dumps(CHALLENGE).encode()))
    assert text is not None
    assert json.loads(text) == CHALLENGE


@pytest.mark.parametrize("challenge", [None, "", "%%%", "bm90IGpzb24=", "W10=", "e30="])
def test_a_challenge_that_cannot_be_read_asks_for_nothing(challenge: str | None) -> None:
    assert claims_challenge(challenge) is None
