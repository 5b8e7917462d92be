"""The forms of single settings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from batchreset.settings.values import (
    Client,
    Folder,
    Guids,
    HttpsAddress,
    Recipients,
    ResultsFile,
    Scope,
    Tenant,
    duration_seconds,
)

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", None), ("45s", 45), ("90m", 5400), ("2h", 7200), ("1h30m", 5400), ("1h0m5s", 3605)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float | None) -> None:
    assert duration_seconds(text) == seconds


@given(hours=st.integers(0, 999), minutes=st.integers(0, 999), seconds=st.integers(1, 999))
def test_the_parts_of_a_duration_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert duration_seconds(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


@pytest.mark.parametrize("text", ["0s", "0h0m", "2", "h", "30m1h", "2 h", "-1h", "1.5h", "2H", "٢h", "1h ", "1d"])
def test_another_form_of_duration_or_no_time_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        duration_seconds(text)


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        pytest.param(HttpsAddress, "https://api.example/", "https://api.example", id="trailing-slash"),
        pytest.param(HttpsAddress, "https://gw.example:8443/p", "https://gw.example:8443/p", id="port-and-path"),
        pytest.param(HttpsAddress, "https://[::1]:1", "https://[::1]:1", id="ipv6"),
        pytest.param(Tenant, "Contoso.OnMicrosoft.com", "contoso.onmicrosoft.com", id="domain"),
        pytest.param(Tenant, f"{{{GUID.upper()}}}", GUID, id="tenant-guid"),
        pytest.param(Client, GUID.upper(), GUID, id="client-guid"),
        pytest.param(Client, "batch-reset.dev", "batch-reset.dev", id="client-of-another-provider"),
        pytest.param(
            Scope, "https://api.example/user_impersonation", "https://api.example/user_impersonation", id="scope"
        ),
        pytest.param(ResultsFile, "out/R.CSV", "out/R.CSV", id="suffix-any-case"),
    ],
)
def test_a_right_text_is_kept_in_its_plain_form(kind: Any, text: str, kept: str) -> None:
    assert TypeAdapter(kind).validate_python(text) == kept


@pytest.mark.parametrize("kind", [HttpsAddress, Tenant, Client, Scope, ResultsFile])
def test_the_empty_text_stands_for_none(kind: Any) -> None:
    assert TypeAdapter(kind).validate_python("") == ""


@pytest.mark.parametrize(
    ("kind", "value", "refusal"),
    [
        pytest.param(HttpsAddress, "http://127.0.0.1:8080", "refused", id="http-on-loopback"),
        pytest.param(HttpsAddress, "api.example", "refused", id="no-scheme"),
        pytest.param(HttpsAddress, "https://", "refused", id="no-host"),
        pytest.param(HttpsAddress, "https://h:70000", "refused", id="port-out-of-range"),
        pytest.param(HttpsAddress, "https://[::1", "refused", id="broken-ipv6"),
        pytest.param(HttpsAddress, "https://h/\n", "refused", id="line-break"),
        pytest.param(HttpsAddress, "https://a b", "refused", id="blank"),
        pytest.param(HttpsAddress, "https://h\\x", "refused", id="backslash"),
        pytest.param(HttpsAddress, "https://me:pw@h", "hidden", id="user-and-password"),
        pytest.param(HttpsAddress, "https://h?code=x", "hidden", id="query"),
        pytest.param(HttpsAddress, "https://h#x", "hidden", id="fragment"),
        pytest.param(Guids, [f"{{{GUID}"], "refused", id="half-a-brace"),
        pytest.param(Guids, ["contoso"], "refused", id="not-a-guid"),
        pytest.param(Tenant, "common", "hidden", id="not-one-tenant"),
        pytest.param(Client, "kX8Q~made.up", "hidden", id="client-secret"),
        pytest.param(Client, f"{{{GUID}", "hidden", id="client-half-a-brace"),
        pytest.param(Client, "e" * 21, "hidden", id="client-token"),
        pytest.param(Scope, "two scopes", "refused", id="two-scopes"),
        pytest.param(Recipients, ["AGE-SECRET-KEY-1QQ"], "hidden", id="age-identity"),
        pytest.param(Recipients, ["-----BEGIN OPENSSH PRIVATE KEY-----"], "hidden", id="ssh-private-key"),
        pytest.param(Folder, "a\x00b", "refused", id="nul"),
        pytest.param(Folder, "a\x7fb", "refused", id="delete"),
        pytest.param(ResultsFile, "results.xlsx", "refused", id="format"),
    ],
)
def test_a_wrong_text_is_refused_and_hidden_where_it_may_hold_a_secret(kind: Any, value: object, refusal: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert [error["type"] for error in caught.value.errors()] == [refusal]
