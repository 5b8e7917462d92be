"""The settings on a report's page say what mattered, and nothing that is a secret."""

from batchreset.settings.model import AuthSettings, OutputSettings, PasswordSettings, SafetySettings, Settings
from batchreset.wiring.report_facts import settings_that_mattered

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
