"""From an input to a frozen plan, or to nothing."""

import datetime as dt
import io
import resource
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from ledger_records import attempt, ending, intent, session

from batchreset.adapters.reader import InvalidRowsError
from batchreset.adapters.run_folder import RunFolder, holding, make_folder
from batchreset.errors import InputError, PlanRefusedError, RunFolderError, RunHeldError, SettingsError
from batchreset.net import tls_context
from batchreset.settings.model import SafetySettings, Settings
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.planning import NewRun, plan_run
from batchreset.wiring.unchanged import check_plan_is_unchanged

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
GOOD = f"customer-tenant-id,user-id\n{CUSTOMER},7c9e6679-7425-40de-944b-e07fc1f90ae7\n"
SIGNING_IN = {"tenant_id": CUSTOMER, "client_id": CUSTOMER}
NEW = NewRun(run_id="r", now=dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC))


def settings(runs: Path, **of_input: object) -> Settings:
    return Settings.model_validate(
        {
            "input": {"path": "-", **of_input},
            "password": {"kind": "discard"},
            "output": {"runs_dir": str(runs)},
        }
    )


def plan(runs: Path, text: str, **of_input: object) -> RunFolder:
    return plan_run(settings(runs, **of_input), NEW, environ={}, stdin=io.BytesIO(text.encode())).folder


def test_a_plan_leaves_plan_and_run_json_and_nothing_else(tmp_path: Path) -> None:
    folder = plan(tmp_path, GOOD)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["r"]
    assert sorted(path.name for path in folder.path.iterdir()) == ["lock", "plan.parquet", "run.json"]


def test_all_problems_are_kept_where_the_input_is_refused_and_harmless_to_a_spreadsheet(tmp_path: Path) -> None:
    with pytest.raises(InvalidRowsError) as caught:
        plan(tmp_path, f"customer-tenant-id,user-id\n{CUSTOMER},=cmd()\n" + f"x,{CUSTOMER}\n" * 30)

    kept = RunFolder(tmp_path / "r").problems
    assert caught.value.details[-2:] == ("... and 11 more", f"all of them are in {kept}")
    problems = pl.read_csv(kept)
    assert problems.height == 31
    assert problems.row(0)[:3] == (1, "user-id", "'=cmd()")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in kept.parent.iterdir()) == ["lock", "problems.csv"]


def test_the_list_of_an_input_that_was_mended_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InvalidRowsError):
        plan(tmp_path, GOOD + "x,y\n")

    assert not plan(tmp_path, GOOD).problems.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"partner_center": {"ca_file": "none.pem"}}, "ca_file: none.pem cannot be used"),
        ({"auth": {**SIGNING_IN, "keyvault": "https://v.vault.azure.net/keys/x"}}, "Vault is not of the form"),
    ],
)
def test_what_a_run_could_not_use_is_not_frozen(tmp_path: Path, wrong: dict[str, object], words: str) -> None:
    """`apply` would refuse it, and takes no other settings."""
    given = Settings.model_validate({**settings(tmp_path).model_dump(), **wrong})
    with pytest.raises(SettingsError, match=words):
        plan_run(given, NEW, environ={}, stdin=io.BytesIO(GOOD.encode()))
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_trust_that_is_not_there_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(SettingsError, match=r"SSL_CERT_FILE names, .*none\.pem, is not there"):
        plan(tmp_path, GOOD)
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        tls_context("")


def test_an_empty_protected_list_is_told_from_an_empty_input(tmp_path: Path) -> None:
    empty = tmp_path / "p.csv"
    empty.touch()
    with pytest.raises(InputError, match=rf"^the protected list {empty} \(\[input\] protected\) is empty"):
        plan(tmp_path / "runs", GOOD, protected=[str(empty)])


def test_what_is_left_out_is_listed_beside_the_plan(tmp_path: Path) -> None:
    folder = plan(tmp_path, GOOD + "x,y\n", on_invalid="skip")

    assert pl.read_csv(folder.problems)["row"].to_list() == [2, 2]
    assert folder.read_run()["plan"]["problems"] == 2


def test_problems_are_told_also_where_their_list_cannot_be_kept(tmp_path: Path) -> None:
    with holding(make_folder(tmp_path, "r")), pytest.raises(InvalidRowsError) as caught:
        plan(tmp_path, GOOD + "x,y\n")

    assert "row  column" in caught.value.details[0]
    assert "not kept: another process holds the run r" in caught.value.details[-1]


def test_a_run_that_is_being_planned_by_another_is_refused(tmp_path: Path) -> None:
    with holding(make_folder(tmp_path, "r")), pytest.raises(RunHeldError):
        plan(tmp_path, GOOD)


def test_a_run_that_has_a_plan_is_refused_before_its_input_is_read(tmp_path: Path) -> None:
    plan(tmp_path, GOOD)

    with pytest.raises(RunFolderError, match="exists already"):
        plan(tmp_path, "rubbish")


def test_what_a_guard_refuses_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PlanRefusedError):
        plan(tmp_path / "runs", GOOD, protected=[CUSTOMER])

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["-", "users.csv"])
def test_a_disk_that_is_full_is_told_as_such_and_nothing_is_left(tmp_path: Path, path: str) -> None:
    """A limit on the size of files stands in for it."""
    source = tmp_path / "users.csv"
    source.write_text(GOOD, encoding="utf-8")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        with pytest.raises(RunFolderError, match="could not be put aside") as caught:
            plan(tmp_path / "runs", GOOD, path=path if path == "-" else str(source))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "room" in caught.value.next_step
    assert list(tmp_path.iterdir()) == [source]


def test_refuse_without_reading_anybody_is_refused_not_ignored(tmp_path: Path) -> None:
    refusing = settings(tmp_path / "runs").model_copy(update={"safety": SafetySettings(refuse=("privileged",))})

    with pytest.raises(SettingsError, match="nobody is read without --online"):
        plan_run(refusing, NEW, environ={}, stdin=io.BytesIO(GOOD.encode()))


@pytest.mark.parametrize(
    ("section", "changed"),
    [("plan", {"reset": 2}), ("input", {"accounts_sha256": "0" * 64}), ("online", {"noted": "x"})],
)
def test_a_plan_of_which_something_else_was_changed_is_refused(
    tmp_path: Path, section: str, changed: dict[str, object]
) -> None:
    folder = plan(tmp_path, GOOD)
    facts = folder.read_run()
    folder.write_json(folder.run_json, {**facts, section: {**(facts[section] or {}), **changed}})

    with pytest.raises(RunFolderError, match="is not as it was frozen"):
        check_plan_is_unchanged(read_frozen(folder))


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda plan: plan.unlink(), "cannot be read"),
        (lambda plan: plan.write_bytes(plan.read_bytes()[:-100]), "is cut short or damaged"),
        (lambda plan: plan.write_bytes(b""), "is cut short or damaged"),
        (lambda plan: plan.write_bytes(b"X" + plan.read_bytes()), "is not the one that was frozen"),
    ],
)
def test_where_accounts_were_reset_nobody_is_told_to_plan_again(
    tmp_path: Path, spoil: Callable[[Path], object], what: str
) -> None:
    """A second plan of theirs would reset them a second time; the guard of 24 hours sees finished runs only."""
    folder = plan(tmp_path, GOOD)
    spoil(folder.plan)
    with pytest.raises(RunFolderError, match=what) as caught:
        check_plan_is_unchanged(read_frozen(folder))
    assert "plan again" in caught.value.next_step

    with session(folder.ledger) as store:
        store.write_group([intent(1), attempt(1), ending(1)])
    with pytest.raises(RunFolderError, match=what) as caught:
        check_plan_is_unchanged(read_frozen(folder))
    assert "do not plan again: 1 account was reset, or perhaps reset" in caught.value.next_step
