"""The settings on a report's page say what mattered, and nothing that is a secret."""

from importlib import metadata
from pathlib import Path

import pytest

from batchreset.adapters.run_folder import RunFolder
from batchreset.settings.cluster import ClusterSettings
from batchreset.settings.model import AuthSettings, OutputSettings, PasswordSettings, SafetySettings, Settings
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.report_facts import facts_of, settings_that_mattered

CANARY = "canary-webhook-8Kq2vX"


def test_where_notices_go_is_not_told() -> None:
    settings = Settings(
        auth=AuthSettings(cache_dir=f"/home/{CANARY}", keyvault=f"https://{CANARY}.vault.azure.net/secrets/x"),
        output=OutputSettings(notify=(f"https://hooks.example/{CANARY}",)),
    )
    assert CANARY not in str(list(settings_that_mattered(settings)))


def test_who_can_open_the_passwords_is_told_and_many_keys_are_counted() -> None:
    keys = tuple(f"age1{letter * 58}" for letter in "qpzry9x8")
    told = dict(settings_that_mattered(Settings(password=PasswordSettings(recipients=keys))))
    assert [told[f"Sealed to key {number}"] for number in range(1, 6)] == list(keys[:5])
    assert told["Sealed to further keys"] == "3"
    nobodys = dict(settings_that_mattered(Settings(password=PasswordSettings(kind="discard", recipients=keys))))
    assert nobodys["Sealed to"] == "nobody: these passwords are known to no one"
    assert not any(key in str(nobodys) for key in keys)


def test_every_limit_that_stops_a_run_is_told() -> None:
    safety = SafetySettings(canary=0, max_failures=7, max_duration="2h", check_mfa=False)
    told = dict(settings_that_mattered(Settings(safety=safety)))
    assert told["Stops at"] == "more than 10% failures of the last 200, more than 7 failures, 2h of sending"
    assert (told["Canary"], told["MFA check"]) == ("none", "switched off")


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [("", "httpx 1.0"), ("local:2", f"httpx 1.0, distributed {metadata.version('distributed')}")],
)
def test_what_brings_rows_to_workers_is_among_the_versions_where_it_does(scheduler: str, expected: str) -> None:
    run = FrozenRun(
        folder=RunFolder(Path("r")), facts={"versions": {"httpx": "1.0"}, "input": {"source": "users.csv"}},
        settings=Settings(cluster=ClusterSettings(scheduler=scheduler)), plan_sha256="", file_sha256="",
        input_sha256="", accounts_sha256="", reset_count=1, skipped={},
    )  # fmt: skip
    assert dict(facts_of(run))["Versions"] == expected
