"""The job files that come with the program."""

from pathlib import Path

import pytest

from batchreset.settings.model import Settings
from batchreset.settings.sources import load_settings

JOBS = Path(__file__).parents[2] / "jobs"


def load(name: str) -> Settings:
    return load_settings(flags={}, environ={}, job_file=JOBS / name)


@pytest.mark.parametrize("path", sorted(JOBS.glob("*.toml")), ids=lambda path: path.name)
def test_a_job_file_is_valid_guarded_and_can_be_carried_out(path: Path) -> None:
    settings = load(path.name)
    assert settings.input.protected
    assert settings.safety.check_mfa
    assert settings.safety.canary
    assert bool(settings.password.recipients) is (settings.password.kind != "discard")


def test_there_is_a_job_file_for_each_use() -> None:
    assert {path.name for path in JOBS.glob("*.toml")} == {"incident.toml", "scheduled.toml", "offboarding.toml"}


def test_an_incident_starts_with_a_canary_and_stops_at_an_unclear_input() -> None:
    settings = load("incident.toml")
    assert (settings.safety.canary, settings.input.on_invalid) == (10, "stop")


def test_a_scheduled_run_is_bounded_in_customers_time_and_failures() -> None:
    settings = load("scheduled.toml")
    assert settings.input.customers
    assert settings.safety.max_duration_seconds == 7200
    assert settings.safety.max_failures


def test_offboarding_keeps_no_password_and_takes_short_lists_only() -> None:
    settings = load("offboarding.toml")
    assert (settings.password.kind, settings.input.max_rows) == ("discard", 50)
