"""The job files, carried out against the simulator by the commands that their comments give."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from acceptance_world import Account, Finished, World, accounts
from job_files import JOBS, comments

from batchreset.errors import ExitCode

MakeWorld = Callable[..., World]
REFUSED_CUSTOMER = "47eaa099-2cb6-416d-86dc-283cf0480ff9"
"""The one that incident.toml's comments name."""


def laid_out(made: World, job: str) -> None:
    """What the job file names, where it says."""
    (made.folder / "jobs").mkdir()
    shutil.copy(JOBS / job, made.folder / "jobs")
    (made.folder / "break-glass.csv").write_text(f"user-id\n{accounts(1, start=900)[0].user}\n", encoding="utf-8")
    (made.folder / "keys").mkdir()
    for whose in ("helpdesk", "customer"):
        (made.folder / "keys" / f"{whose}.pub").write_text(f"{made.recipient}\n", encoding="utf-8")


def typed(made: World, words: list[str], *, sign_in: bool = False) -> Finished:
    """As it stands there, but for `--yes` in place of the number that somebody types."""
    confirmed = ["--yes"] if words[0] in {"run", "apply"} and not {"--yes", "--dry-run"} & set(words) else []
    own = {
        "BATCHRESET_PASSWORD__RECIPIENTS": None,
        "BATCHRESET_AUTH__KEYVAULT": "",
        "BATCHRESET_AUTH__TENANT_ID": made.options.tenant_id,
    }
    return made.batchreset(*words, *confirmed, environ={**own, **(made.signing_in() if sign_in else {})})


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_an_incident_from_the_rehearsal_to_the_hand_over(make_world: MakeWorld) -> None:
    made = make_world(forbidden_customers=frozenset({REFUSED_CUSTOMER}))
    laid_out(made, "incident.toml")
    one = Account(customer=REFUSED_CUSTOMER, user=accounts(1, start=500)[0].user)
    made.input([*accounts(7, 5), one], name="compromised.csv")
    said = comments("incident.toml")
    login, rehearsal, run, plan, other, status, apply, retry, reconcile, handover, letters, customers = said
    assert login[:2] == ["auth", "login"]

    assert typed(made, rehearsal).code == ExitCode.OK
    assert made.resets == 0
    ran = typed(made, run)
    assert (ran.code, made.resets) == (ExitCode.ROWS_FAILED, 13)
    assert "canary of 10, stops above 10% failures" in ran.stderr
    assert re.search(r"succeeded +12\b", typed(made, status).stdout)
    # Nothing is left to do, and what was refused is refused again: nobody else is touched.
    assert (typed(made, apply).code, made.resets) == (ExitCode.ROWS_FAILED, 13)
    assert (typed(made, retry).code, made.resets) == (ExitCode.ROWS_FAILED, 14)
    assert typed(made, handover).code == ExitCode.OK
    assert len(lines_of(made.folder / "passwords.csv")) == 12
    assert typed(made, reconcile).code == ExitCode.OK
    assert typed(made, letters).code == ExitCode.OK
    assert all(one.user in (made.folder / "letters.html").read_text(encoding="utf-8") for one in accounts(7, 5))
    assert typed(made, customers).code == ExitCode.OK
    assert (made.folder / "customer.age").read_bytes().startswith(b"age-encryption.org/v1")

    made.input(accounts(3, start=600), name="others.csv")
    planned = typed(made, [word.replace("compromised", "others") for word in plan])
    told = re.search(r"plan SHA-256 ([0-9a-f]{64})", planned.stderr)
    assert told
    assert other[-1] == "SHA256"
    assert typed(made, [*other[:-1], "0" * 64]).code == ExitCode.REFUSED
    assert typed(made, [*other[:-1], told[1]]).code == ExitCode.OK
    assert made.resets == 17


def test_a_rotation_is_started_again_and_again_and_resets_once(make_world: MakeWorld) -> None:
    made = make_world()
    laid_out(made, "scheduled.toml")
    customers = [f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "12"]
    due = [Account(customer=customers[index % 2], user=one.user) for index, one in enumerate(accounts(4))]
    made.input([*due, *accounts(1, start=700)], name="due-for-rotation.csv")
    run, login, status, apply, retry, reconcile, notify, handover = comments("scheduled.toml")
    assert login[:2] == ["auth", "login"]

    ran = typed(made, run, sign_in=True)
    assert (ran.code, made.resets) == (ExitCode.OK, 4), ran.stderr
    results = lines_of(made.folder / "rotation-results.csv")
    assert [line["reason"] for line in results] == ["", "", "", "", "invalid"]
    for again in (run, apply, retry):
        assert typed(made, again, sign_in=True).code == ExitCode.OK
    assert made.resets == 4
    assert typed(made, status, sign_in=True).code == ExitCode.OK
    assert typed(made, reconcile, sign_in=True).code == ExitCode.OK
    assert typed(made, notify).code == ExitCode.REFUSED  # nobody is to be told, as the file stands
    assert [path.parent.name for path in made.folder.glob("sign-in/*.json")] == ["sign-in"]
    assert typed(made, handover).code == ExitCode.OK
    assert len(lines_of(made.folder / "passwords.csv")) == 4


def test_leavers_are_locked_out_although_one_of_them_is_refused(make_world: MakeWorld) -> None:
    leavers = accounts(5)
    made = make_world(missing_users=frozenset({leavers[0].user}))
    laid_out(made, "offboarding.toml")
    made.input(leavers, name="leavers.csv")
    run, apply, retry = comments("offboarding.toml")

    ran = typed(made, run)
    assert (ran.code, made.resets) == (ExitCode.ROWS_FAILED, 5), ran.stderr
    assert "nobody will know them" in ran.stderr
    assert (made.folder / "offboarding-results.ndjson").read_text(encoding="utf-8").count('"succeeded"') == 4
    assert (typed(made, apply).code, made.resets) == (ExitCode.ROWS_FAILED, 5)
    assert (typed(made, retry).code, made.resets) == (ExitCode.ROWS_FAILED, 6)
