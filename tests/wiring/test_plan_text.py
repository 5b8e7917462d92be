"""What a plan says of itself before anybody is asked to confirm it."""

import datetime as dt
import io
import json
from pathlib import Path

import pytest

from batchreset.errors import RunFolderError
from batchreset.settings.model import Settings
from batchreset.wiring.frozen import FrozenRun, digest_of, read_frozen
from batchreset.wiring.planning import NewRun, plan_run
from batchreset.wiring.summary import plan_lines
from batchreset.wiring.unchanged import check_plan_is_unchanged

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
NOW = dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC)


def planned(folder: Path, *names: str, now: dt.datetime = NOW) -> FrozenRun:
    """A plan of one account, with so many protected names to look up."""
    source = folder / "users.csv"
    source.write_text(f"customer-tenant-id,user-id\n{CUSTOMER},{USER}\n", encoding="utf-8")
    settings = Settings.model_validate(
        {
            "input": {"path": str(source), "protected": names},
            "password": {"kind": "discard"},
            "output": {"runs_dir": str(folder / "runs")},
        }
    )
    return plan_run(settings, NewRun(run_id="r", now=now), environ={}, stdin=io.BytesIO())


def test_names_that_are_still_to_be_looked_up_are_told(tmp_path: Path) -> None:
    run = planned(tmp_path, "a@b.example", "c@d.example")
    assert "  protected: by name 2, looked up before the first reset" in plan_lines(run)


def test_two_runs_of_one_name_and_the_same_accounts_are_two(tmp_path: Path) -> None:
    """Whoever sends for both of them must not take one for a later session of the other."""
    (tmp_path / "elsewhere").mkdir()
    one, other = planned(tmp_path), planned(tmp_path / "elsewhere", now=NOW + dt.timedelta(milliseconds=1))
    assert one.folder.run_id == other.folder.run_id
    assert one.identity != other.identity
    assert one.identity == read_frozen(one.folder).identity


def test_the_plans_sha256_is_that_of_all_that_is_frozen(tmp_path: Path) -> None:
    run = planned(tmp_path)
    assert not any("looked up" in line for line in plan_lines(run))
    assert f"  plan SHA-256 {digest_of(run.facts)}" in plan_lines(run)
    assert run.planned_at == NOW
    check_plan_is_unchanged(run)


@pytest.mark.parametrize("planned_at", [None, "", "yesterday", 7])
def test_a_run_that_does_not_say_when_it_was_planned_is_refused(tmp_path: Path, planned_at: object) -> None:
    run = planned(tmp_path)
    run.folder.run_json.write_text(json.dumps({**run.facts, "planned_at": planned_at}), encoding="utf-8")
    with pytest.raises(RunFolderError, match="does not say when"):
        _ = read_frozen(run.folder).planned_at
