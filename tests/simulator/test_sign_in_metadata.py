"""What a client learns before it signs in."""

from collections.abc import Iterator

import jwt
import pytest
from sign_in_client import DEFAULTS, RESOURCE, Application, has_entras_shape, signing_in

from batchreset.simulator.options import Mfa, SimulatorOptions


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with signing_in() as application:
        yield application


def test_the_metadata_name_the_endpoints_below_the_tenant(application: Application) -> None:
    document = application.client.get(f"{application.authority}/v2.0/.well-known/openid-configuration").json()
    assert document["issuer"] == f"{application.authority}/v2.0"
    assert document["authorization_endpoint"] == f"{application.authority}/oauth2/v2.0/authorize"
    assert document["token_endpoint"] == f"{application.authority}/oauth2/v2.0/token"
    assert document["device_authorization_endpoint"] == f"{application.authority}/oauth2/v2.0/devicecode"
    assert document["jwks_uri"] == f"{application.authority}/discovery/v2.0/keys"
    assert document["token_endpoint_auth_methods_supported"] == [
        *("client_secret_post", "private_key_jwt", "client_secret_basic")
    ]
    assert document["response_types_supported"] == ["code"]
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["subject_types_supported"] == ["pairwise"]
    assert "offline_access" in document["scopes_supported"]


def test_a_tenant_is_known_by_its_id_in_any_case(application: Application) -> None:
    upper = application.authority.replace(DEFAULTS.tenant_id, DEFAULTS.tenant_id.upper())
    assert application.client.get(f"{upper}/v2.0/.well-known/openid-configuration").status_code == 200


@pytest.mark.parametrize(
    "path", ["v2.0/.well-known/openid-configuration", "oauth2/v2.0/token", "oauth2/v2.0/devicecode"]
)
def test_another_tenant_is_not_found(application: Application, path: str) -> None:
    method = "GET" if "well-known" in path else "POST"
    content_type = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
    answer = application.client.request(method, f"/contoso.example/{path}", headers=content_type)
    assert answer.status_code == 400
    assert answer.json()["error"] == ("invalid_tenant" if method == "GET" else "invalid_request")
    assert "Tenant 'contoso.example' not found." in answer.json()["error_description"]
    assert has_entras_shape(answer.json(), 90002)


@pytest.mark.parametrize(("mfa", "methods"), [(Mfa.ON, ["pwd", "mfa"]), (Mfa.PARTLY, ["pwd"])], ids=["mfa", "no mfa"])
def test_an_access_token_is_a_jwt_signed_with_a_published_key(mfa: Mfa, methods: list[str]) -> None:
    with signing_in(SimulatorOptions(mfa=mfa)) as application:
        token = application.refresh().json()["access_token"]
        again = application.refresh().json()["access_token"]
        keys = jwt.PyJWKSet.from_dict(application.client.get(f"{application.authority}/discovery/v2.0/keys").json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["RS256"], audience=RESOURCE, issuer=f"{application.authority}/v2.0")
    assert claims["amr"] == methods
    assert (claims["scp"], claims["idtyp"]) == ("user_impersonation", "user")
    assert (claims["tid"], claims["appid"], claims["upn"]) == (
        *(DEFAULTS.tenant_id, DEFAULTS.client_id, DEFAULTS.user_name),
    )
    assert claims["exp"] - claims["iat"] == 3600
    assert {"oid", "name", "ver", "nbf"} <= claims.keys()
    assert claims["jti"] != jwt.decode(again, options={"verify_signature": False})["jti"]


def test_an_id_token_is_the_clients(application: Application) -> None:
    token = application.refresh().json()["id_token"]
    keys = jwt.PyJWKSet.from_dict(application.client.get(f"{application.authority}/discovery/v2.0/keys").json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=DEFAULTS.client_id)
    assert (claims["preferred_username"], claims["tid"]) == (DEFAULTS.user_name, DEFAULTS.tenant_id)
    assert {"oid", "sub", "name"} <= claims.keys()
    assert "nonce" not in claims


def test_looking_is_no_mistake(application: Application) -> None:
    application.client.get(f"{application.authority}/v2.0/.well-known/openid-configuration").raise_for_status()
    application.client.get(f"{application.authority}/discovery/v2.0/keys").raise_for_status()
    assert [error for error in application.errors if "well-known" in error or "keys" in error] == []


def test_a_method_that_is_not_served_is_a_mistake() -> None:
    with signing_in() as application:
        assert application.client.get(f"{application.authority}/oauth2/v2.0/token").status_code == 404
        assert "is not served" in application.errors[-1]
