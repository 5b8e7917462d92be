"""Who signs people in is found, Microsoft's own way first; a wrong tenant is told in Microsoft's own words."""

from typing import Any

import httpx
import pytest
from sign_in_parts import AUTHORITY, METADATA, TENANT, Service

from batchreset.adapters.signin.exchange import Unclear
from batchreset.adapters.signin.provider import WELL_KNOWN, discover
from batchreset.errors import SettingsError, SignInError
from batchreset.net import tls_context
from batchreset.net.clients import sign_in_client


def asked(service: Service, authority: str, tenant: str) -> list[str]:
    """The paths that were asked for, the known end left off."""
    with pytest.raises(SignInError, match="no sign-in service"):
        discover(service.http(), authority=authority, tenant_id=tenant)
    return [path.removesuffix(WELL_KNOWN) for path in service.asked]


@pytest.mark.parametrize(
    ("authority", "tenant", "paths"),
    [
        (AUTHORITY, TENANT, [f"/{TENANT}/v2.0", "", f"/{TENANT}"]),
        (f"{AUTHORITY}/{TENANT}", TENANT, [f"/{TENANT}/v2.0", f"/{TENANT}"]),
        (f"{AUTHORITY}/{TENANT}", "", [f"/{TENANT}/v2.0", f"/{TENANT}"]),
        (f"{AUTHORITY}/{TENANT}/v2.0", TENANT, [f"/{TENANT}/v2.0"]),
        (AUTHORITY, "", [""]),
        (f"{AUTHORITY}/realms/x", "", ["/realms/x/v2.0", "/realms/x"]),
        (f"{AUTHORITY}/realms", "x", ["/realms/x/v2.0", "/realms", "/realms/x"]),
        ("https://login.microsoftonline.com", TENANT, [f"/{TENANT}/v2.0"]),
        ("https://login.microsoftonline.us", TENANT, [f"/{TENANT}/v2.0"]),
        ("https://login.chinacloudapi.cn", TENANT, [f"/{TENANT}/v2.0"]),
    ],
    ids=[
        "tenant beside", "tenant in it", "tenant only in it", "whole", "plain", "plain with a path",
        "plain with tenants", "global", "US Government", "China",
    ],
)  # fmt: skip
def test_the_document_is_looked_for_where_it_may_be(authority: str, tenant: str, paths: list[str]) -> None:
    assert asked(Service(documents={}), authority, tenant) == paths


def test_microsofts_layout_is_known_by_where_its_document_is() -> None:
    found = discover(Service().http(), authority=AUTHORITY, tenant_id=TENANT)
    assert (found.authority, found.entra) == (f"{AUTHORITY}/{TENANT}", True)
    assert found.metadata["token_endpoint"] == METADATA["token_endpoint"]


def test_any_other_provider_serves_too() -> None:
    service = Service(documents={WELL_KNOWN: METADATA})
    found = discover(service.http(), authority=AUTHORITY, tenant_id=TENANT)
    assert (found.authority, found.entra) == (AUTHORITY, False)


def test_an_unknown_tenant_is_told_in_microsofts_words_with_advice() -> None:
    no = {"error": "invalid_tenant", "error_description": f"AADSTS90002: Tenant '{TENANT}' not found.\r\nTrace ID: 1"}
    service = Service(documents={f"/{TENANT}/v2.0{WELL_KNOWN}": httpx.Response(400, json=no)})
    with pytest.raises(SignInError, match=f"AADSTS90002: Tenant '{TENANT}' not found") as caught:
        discover(service.http(), authority=AUTHORITY, tenant_id=TENANT)
    assert "tenant_id" in caught.value.next_step
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "document", [{}, {"token_endpoint": 7}, ["token_endpoint"], "x"], ids=["empty", "number", "list", "text"]
)
def test_what_is_no_discovery_document_is_not_used(document: Any) -> None:
    service = Service(documents={WELL_KNOWN: httpx.Response(200, json=document)})
    with pytest.raises(SignInError, match="no sign-in service"):
        discover(service.http(), authority=AUTHORITY, tenant_id="")


@pytest.mark.parametrize("name", ["token_endpoint", "device_authorization_endpoint", "authorization_endpoint"])
@pytest.mark.parametrize(
    "address",
    ["http://login.example/x", "https://me:pw@login.example/x", "https:///x", "https://[::1/x", "https://h/\n"],
    ids=["plain http", "user and password", "no host", "broken", "line break"],
)
def test_a_document_that_would_send_secrets_or_people_astray_is_refused(name: str, address: str) -> None:
    service = Service(documents={WELL_KNOWN: {**METADATA, name: address}})
    with pytest.raises(SignInError, match=f"names a {name} that no secret may be sent to"):
        discover(service.http(), authority=AUTHORITY, tenant_id="")


def test_microsofts_own_service_sends_nobody_elsewhere() -> None:
    service = Service(documents={f"/{TENANT}/v2.0{WELL_KNOWN}": METADATA})
    with pytest.raises(SignInError, match="of another party"):
        discover(service.http(), authority="https://login.microsoftonline.com", tenant_id=TENANT)


@pytest.mark.parametrize("authority", ["https://login..example", "https://.example", f"https://{'a' * 70}.example"])
def test_an_address_that_no_name_can_be_is_told_at_once(authority: str) -> None:
    with pytest.raises(Unclear) as caught, sign_in_client(timeout_seconds=5, verify=tls_context("")) as http:
        discover(http, authority=authority, tenant_id="")
    assert caught.value.hopeless


def test_a_service_in_trouble_is_worth_another_try() -> None:
    service = Service(documents={WELL_KNOWN: httpx.Response(503)})
    with pytest.raises(Unclear, match="503"):
        discover(service.http(), authority=AUTHORITY, tenant_id="")


def test_microsofts_own_service_needs_a_tenant() -> None:
    with pytest.raises(SettingsError, match="tenant_id is missing"):
        discover(Service().http(), authority="https://login.microsoftonline.com", tenant_id="")
