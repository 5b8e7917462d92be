"""From settings to a sign-in: which kind, what is refused before anything is sent, and what nothing needs msal for."""

import base64
import json
import subprocess
import sys

import pytest

from batchreset.core.secret import Secret
from batchreset.errors import SettingsError, SignInError
from batchreset.settings.model import Settings
from batchreset.wiring.sign_in import kind_of, refuse_unusable, token_check

TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
GIVEN = {"BATCHRESET_AUTH__ACCESS_TOKEN_COMMAND": "vault token"}


def settings(**auth: object) -> Settings:
    return Settings.model_validate({"auth": auth})


def jwt(**payload: object) -> Secret:
    return Secret(f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.c2ln")


@pytest.mark.parametrize(
    ("auth", "environ", "kind"),
    [
        ({"kind": "device_code"}, GIVEN, "device_code"),
        ({"kind": "access_token", "client_id": OTHER}, {}, "access_token"),
        ({"client_id": OTHER}, GIVEN, "access_token"),
        ({"client_id": OTHER}, {}, "refresh_token"),
        ({}, {}, "access_token"),
    ],
    ids=["said", "said, with an application", "a token is given", "an application is named", "nothing"],
)
def test_the_kind_is_what_is_said_else_what_is_given(
    auth: dict[str, object], environ: dict[str, str], kind: str
) -> None:
    assert kind_of(settings(**auth), environ) == kind


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({"kind": "refresh_token"}, "client_id and tenant_id"),
        ({"kind": "device_code", "client_id": OTHER}, "tenant_id"),
        ({"client_id": OTHER}, "tenant_id"),
        ({"kind": "refresh_token", "tenant_id": TENANT}, "client_id"),
        ({"kind": "refresh_token", "tenant_id": TENANT, "client_id": "batchreset"}, "not an application's GUID"),
    ],
)
def test_settings_with_which_nobody_could_sign_in_are_refused(auth: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        refuse_unusable(settings(**auth))


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"kind": "access_token"},
        {"kind": "refresh_token", "tenant_id": "contoso.example", "client_id": OTHER},
        {"kind": "refresh_token", "authority": "https://login.example", "client_id": "batchreset"},
    ],
)
def test_settings_that_may_do_are_not(auth: dict[str, object]) -> None:
    refuse_unusable(settings(**auth))


@pytest.mark.parametrize(
    ("token", "tenant", "said"),
    [
        (jwt(idtyp="app", tid=TENANT), TENANT, "App-only"),
        (jwt(roles=["x"]), "", "App-only"),
        (jwt(tid=OTHER, scp="x"), TENANT, f"of the tenant {OTHER}"),
    ],
    ids=["said so", "roles", "another tenant"],
)
def test_a_token_that_would_be_refused_or_do_harm_is_not_sent(token: Secret, tenant: str, said: str) -> None:
    with pytest.raises(SignInError, match=said):
        token_check(tenant)(token)


@pytest.mark.parametrize(
    ("token", "tenant"),
    [
        (Secret("opaque"), TENANT),
        (jwt(tid=TENANT.upper(), scp="user_impersonation"), TENANT),
        (jwt(tid=OTHER, scp="user_impersonation"), "contoso.example"),
        (jwt(scp="user_impersonation"), TENANT),
    ],
    ids=["opaque", "the same tenant", "a tenant by name", "no tenant"],
)
def test_a_token_that_says_nothing_against_it_is_sent(token: Secret, tenant: str) -> None:
    token_check(tenant)(token)


def test_a_run_with_a_given_token_does_not_wait_for_msal() -> None:
    code = "import sys, batchreset.wiring.applying; print(sorted({'msal', 'azure'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
