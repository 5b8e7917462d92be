"""Microsoft's own client library signs in."""

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from key_pairs import KeyPair, key_pair
from sign_in_client import DEFAULTS, Application, form_of, signing_in

from batchreset.simulator.options import SimulatorOptions

# It ships no types.
msal: Any = importlib.import_module("msal")
SCOPES = ["https://api.partnercenter.microsoft.com/user_impersonation"]


class Http:
    """An `httpx.Client` as msal wants it: httpx would send the bytes of an assertion as the text "b'…'"."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, url: str, **more: Any) -> httpx.Response:
        return self._client.get(url, **more)

    def post(self, url: str, *, data: dict[str, Any], **more: Any) -> httpx.Response:
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in data.items()}
        return self._client.post(url, data=form, **more)

    def close(self) -> None:
        """The client is the test's."""


def confidential(application: Application, credential: Any = DEFAULTS.client_secret) -> Any:
    return msal.ConfidentialClientApplication(
        DEFAULTS.client_id,
        client_credential=credential,
        authority=application.authority,
        instance_discovery=False,
        http_client=Http(application.client),
    )


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return key_pair()


@contextlib.contextmanager
def registered(pair: KeyPair, folder: Any) -> Iterator[Application]:
    """An application that has a certificate only."""
    path = folder / "certificate.pem"
    path.write_text(pair.pem, encoding="ascii")
    with signing_in(SimulatorOptions(client_secret="", client_certificate=path)) as application:
        yield application


def test_it_redeems_a_refresh_token_and_renews_silently() -> None:
    with signing_in(SimulatorOptions(token_seconds=60)) as application:
        client = confidential(application)
        first = client.acquire_token_by_refresh_token(DEFAULTS.refresh_token, SCOPES)
        (account,) = client.get_accounts()
        second = client.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
        assert account["username"] == DEFAULTS.user_name
        assert first["access_token"] != second["access_token"]
        assert (application.ends, application.errors) == (["ok", "ok"], [])


def test_it_serves_a_token_from_its_cache_while_it_is_good() -> None:
    with signing_in() as application:
        client = confidential(application)
        first = client.acquire_token_by_refresh_token(DEFAULTS.refresh_token, SCOPES)
        silent = client.acquire_token_silent(SCOPES, client.get_accounts()[0])
        assert (silent["access_token"], application.ends) == (first["access_token"], ["ok"])


def test_it_is_told_why_not() -> None:
    with signing_in(SimulatorOptions(refresh_error=50173)) as application:
        result = confidential(application).acquire_token_by_refresh_token(DEFAULTS.refresh_token, SCOPES)
        assert (result["error"], result["error_codes"], result["suberror"]) == ("invalid_grant", [50173], "bad_token")


def test_another_tenant_is_not_found() -> None:
    with signing_in() as application:
        application.authority = f"{application.caller.simulator.base_url}/contoso.example"
        with pytest.raises(ValueError, match="Unable to get authority configuration"):
            confidential(application)


@pytest.mark.parametrize("by_sha1", [False, True], ids=["PS256", "RS256"])
def test_it_signs_in_with_a_certificate_again_and_again(*, pair: KeyPair, tmp_path: Any, by_sha1: bool) -> None:
    sha1 = {"thumbprint": pair.certificate.fingerprint(hashes.SHA1()).hex()}
    named = sha1 if by_sha1 else {"public_certificate": pair.pem}
    with registered(pair, tmp_path) as application:
        client = confidential(application, {"private_key": pair.key_pem, **named})
        for _ in range(2):
            client.acquire_token_by_refresh_token(DEFAULTS.refresh_token, SCOPES)
        assert (application.ends, application.errors) == (["ok", "ok"], [])


def test_a_public_client_signs_in_by_device_code() -> None:
    with signing_in(SimulatorOptions(client_secret="", device_interval_seconds=0)) as application:
        client = msal.PublicClientApplication(
            DEFAULTS.client_id,
            authority=application.authority,
            instance_discovery=False,
            http_client=Http(application.client),
        )
        result = client.acquire_token_by_device_flow(client.initiate_device_flow(SCOPES))
        assert result["id_token_claims"]["preferred_username"] == DEFAULTS.user_name
        assert (application.ends, application.errors) == (["70016", "70016", "ok"], [])


def test_it_signs_in_through_a_browser_that_posts_the_code() -> None:
    with signing_in() as application:
        client = confidential(application)
        flow = client.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:8400", response_mode="form_post")
        action, fields = form_of(application.client.get(flow["auth_uri"]).text)
        result = client.acquire_token_by_auth_code_flow(flow, fields)
        assert action == "http://localhost:8400"
        assert result["refresh_token"] == application.state.sign_in.newest_refresh_token
        assert (application.ends, application.errors) == (["ok"], [])


def test_it_signs_in_through_a_browser_that_is_redirected() -> None:
    with signing_in() as application:
        client = confidential(application)
        with pytest.warns(UserWarning, match="form_post"):
            flow = client.initiate_auth_code_flow(SCOPES, redirect_uri="http://127.0.0.1:8400")
        location = application.client.get(flow["auth_uri"]).headers["Location"]
        result = client.acquire_token_by_auth_code_flow(flow, dict(parse_qsl(urlsplit(location).query)))
        assert result["id_token_claims"]["tid"] == DEFAULTS.tenant_id


def test_an_application_by_itself_gets_a_token() -> None:
    with signing_in() as application:
        result = confidential(application).acquire_token_for_client(
            ["https://api.partnercenter.microsoft.com/.default"]
        )
        assert result["token_type"] == "Bearer"
        assert application.errors == []
