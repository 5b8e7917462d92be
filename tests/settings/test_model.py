"""The settings as a whole: defaults, bounds, what is derived."""

import pytest
from pydantic import ValidationError

from batchreset.settings.explain import allowed
from batchreset.settings.model import PartnerCenterSettings, SafetySettings, Settings
from batchreset.settings.names import SETTINGS

GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def test_every_setting_has_the_documented_default() -> None:
    assert Settings().model_dump() == {
        "input": {"path": "", "protected": (), "on_invalid": "stop", "max_rows": 10000, "customers": ()},
        "password": {"kind": "random", "length": 20, "words": 5, "recipients": ()},
        "partner_center": {
            "cloud": "global",
            "base_url": "",
            "address": "resetpassword",
            "timeout_seconds": 60,
            "ca_file": "",
        },
        "auth": {
            "kind": None,
            "authority": "",
            "tenant_id": "",
            "client_id": "",
            "scope": "",
            "cache_dir": "",
            "keyvault": "",
        },
        "pace": {
            "max_concurrency": 64,
            "max_per_second": 0,
            "max_attempts": 8,
            "order": "interleave",
            "remember": True,
        },
        "safety": {
            "canary": 10,
            "max_failure_rate": 0.1,
            "max_failures": 0,
            "max_duration": "",
            "check_mfa": True,
            "skip": ("federated", "deleted"),
            "refuse": (),
        },
        "cluster": {"scheduler": "", "ca_file": "", "cert_file": "", "key_file": "", "plain_tcp": False},
        "output": {"runs_dir": "runs", "results": "", "report": True, "notify": (), "ping": "", "metrics_file": ""},
    }


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_says_what_it_is_for_and_what_it_may_hold(name: str) -> None:
    field = SETTINGS[name]
    assert (field.description or "").endswith(".")
    assert allowed(field)


def test_settings_cannot_be_changed_after_they_were_checked() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().pace.max_concurrency = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        pytest.param({}, "https://api.partnercenter.microsoft.com", id="global"),
        pytest.param({"cloud": "china"}, "https://partner.partnercenterapi.microsoftonline.cn", id="china"),
        pytest.param({"cloud": "china", "base_url": "https://gw.example/"}, "https://gw.example", id="base-url"),
    ],
)
def test_the_api_is_called_at_the_base_url_or_else_the_clouds(given: dict[str, str], address: str) -> None:
    assert PartnerCenterSettings.model_validate(given).api_base_url == address


@pytest.mark.parametrize(("text", "seconds"), [("", None), ("1h30m", 5400)])
def test_the_longest_duration_is_given_in_seconds(text: str, seconds: float | None) -> None:
    assert SafetySettings(max_duration=text).max_duration_seconds == seconds


def test_customers_are_kept_as_the_plan_writes_them() -> None:
    settings = Settings.model_validate({"input": {"customers": [f"{{{GUID.upper()}}}"]}})
    assert settings.input.customers == (GUID,)


def test_pydantics_own_text_does_not_show_the_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"password": {"length": "canary-value"}})
    assert "canary-value" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("input.max_rows", 1, 100_000_000),
        ("password.length", 8, 256),
        ("password.words", 5, 20),
        ("partner_center.timeout_seconds", 0.1, 600),
        ("pace.max_concurrency", 1, 1_000),
        ("pace.max_per_second", 0, 1_000),
        ("pace.max_attempts", 1, 100),
        ("safety.canary", 0, 10_000),
        ("safety.max_failure_rate", 0, 1),
        ("safety.max_failures", 0, 100_000_000),
    ],
)
def test_a_number_is_taken_within_its_bounds_only(name: str, lowest: int, highest: int) -> None:
    section, key = name.split(".")
    for right in (lowest, highest):
        Settings.model_validate({section: {key: right}})
    for wrong in (lowest - 1, highest + 1, True, float("nan")):
        with pytest.raises(ValidationError):
            Settings.model_validate({section: {key: wrong}})
