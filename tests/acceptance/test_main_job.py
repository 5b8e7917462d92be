"""The main job on a service without faults: file in, every password changed, recorded and handed over."""

import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from acceptance_world import COMMAND, CUSTOMERS, World, accounts, outcomes, world
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from evidence import gather
from proof import prove, read_input, sha256

from batchreset.simulator.options import SimulatorOptions

MakeWorld = Callable[..., World]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A finished run of 120 accounts of 4 customers, to be looked at; its id is `r`."""
    with world(tmp_path_factory.mktemp("done"), SimulatorOptions(bom_share=0.5)) as made:
        source = made.input(accounts(48, 36, 24, 12))
        finished = made.batchreset("run", source, "--run-id", "r", "--yes")
        assert finished.code == 0, finished.stderr
        yield made


def test_run_resets_every_account_and_every_promise_holds(done: World) -> None:
    assert outcomes(done.results()) == {"succeeded": 120}
    assert done.simulator.state.report()["by_route"] == {"customer": 1, "resetpassword": 120}
    prove(gather(done, done.folder / "users.csv"))


def test_plan_is_shown_on_standard_error_and_the_summary_on_standard_output(make_world: MakeWorld) -> None:
    made = make_world()
    finished = made.batchreset("run", made.input(accounts(3, 2)), "--run-id", "r", "--yes")
    assert finished.stderr.startswith("Plan r: 5 accounts of 2 customers, from ")
    assert finished.stdout.startswith("Run r: finished, all 5 accounts were reset\n")
    assert f"  results    {made.runs}/r/results.csv\n" in finished.stdout


def test_plan_and_apply_apart_at_the_older_address_with_64_at_a_time(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(30, 20, 10))
    planned = made.batchreset("plan", source, "--run-id", "r", "--address", "users", "--max-concurrency", "64")
    assert (planned.code, planned.stdout) == (0, f"{made.runs}/r\n")
    assert made.requests == 0
    assert {path.name for path in (made.runs / "r").iterdir()} <= {"plan.parquet", "run.json", "lock"}

    applied = made.batchreset("apply", "r", "--yes", "--json")
    assert applied.code == 0, applied.stderr
    assert applied.json == made.summary()
    assert made.simulator.state.report()["by_route"] == {"customer": 1, "users": 60}
    prove(gather(made, source))


def test_results_are_also_written_where_the_setting_says_in_the_format_of_its_ending(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(6, 4))
    wanted = made.folder / "out.parquet"
    finished = made.batchreset("run", source, "--run-id", "r", "--yes", "--results", wanted)
    assert finished.code == 0, finished.stderr
    assert as_text(wanted) == as_text(made.runs / "r" / "results.csv")
    assert stat.S_IMODE(wanted.stat().st_mode) == 0o600
    prove(gather(made, source, further_files=[wanted]))


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".ndjson"])
def test_results_writes_them_again_in_any_format(done: World, ending: str) -> None:
    wanted = done.folder / f"again{ending}"
    written = done.batchreset("results", "r", "--results", wanted)
    assert (written.code, written.stdout, written.stderr) == (0, f"{wanted}\n", "")
    assert as_text(wanted) == as_text(done.runs / "r" / "results.csv")


def as_text(path: Path) -> list[dict[str, str]]:
    """A results file of any format as a CSV file would hold it."""
    frame = {
        ".csv": lambda: pl.read_csv(path, infer_schema=False),
        ".parquet": lambda: pl.read_parquet(path),
        ".ndjson": lambda: pl.read_ndjson(path, infer_schema_length=None),
    }[path.suffix]()
    return [
        {name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
         for name, value in row.items()}
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip


def test_status_tells_what_became_of_a_run_and_of_all_runs(done: World) -> None:
    one = done.batchreset("status", "r")
    assert one.stdout.splitlines()[0] == "Run r: finished"
    assert "120 of 120 accounts have an outcome; 120 requests, 0 throttled" in one.stdout
    by_path = done.batchreset("status", done.runs / "r", "--json").json
    assert {name: by_path[name] for name in ("run_id", "state", "to_reset", "done", "in_flight")} == {
        "run_id": "r", "state": "finished", "to_reset": 120, "done": 120, "in_flight": 0
    }  # fmt: skip
    everything = done.batchreset("status", environ={"BATCHRESET_OUTPUT__RUNS_DIR": str(done.runs)})
    assert everything.stdout.split() == ["r", "finished", "120", "of", "120", "accounts"]


def test_handover_of_one_customer_lists_its_accounts_only(done: World) -> None:
    lines = done.handover("r", "--customer", "{" + CUSTOMERS[2].upper() + "}")
    assert len(lines) == 24
    assert {line["customer-tenant-id"] for line in lines} == {CUSTOMERS[2]}
    other = done.batchreset(
        "handover", "r", "--identity", done.key, "--customer", "99999999-9999-4999-8999-999999999999"
    )
    assert (other.code, other.stdout) == (2, "")
    assert "resets nobody of the customer 99999999" in other.stderr


def test_handover_goes_to_a_private_file_and_never_over_another(done: World) -> None:
    out = done.folder / "passwords.csv"
    arguments = ("handover", "r", "--identity", done.key, "--out", out)
    written = done.batchreset(*arguments)
    assert (written.code, written.stdout) == (0, "")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()
    assert before.decode() == done.batchreset("handover", "r", "--identity", done.key).stdout
    again = done.batchreset(*arguments)
    assert (again.code, out.read_bytes()) == (2, before)
    assert "passwords.csv" in again.stderr
    assert "what to do:" in again.stderr


def test_a_wrong_key_opens_nothing(done: World, tmp_path: Path) -> None:
    with world(tmp_path) as other:
        refused = done.batchreset("handover", "r", "--identity", other.key)
    assert (refused.code, refused.stdout) == (2, "")
    assert "the key does not open this run's passwords" in refused.stderr
    assert "what to do:" in refused.stderr


def test_a_new_password_is_strong_and_each_user_has_another(done: World) -> None:
    passwords = [line["password"] for line in done.handover("r")]
    assert len(set(passwords)) == 120
    assert {len(password) for password in passwords} == {20}
    assert not {character for password in passwords for character in password} & set("0O1lI|")
    assert not [password for password in passwords if password[0] in "=+-@"]
    for password in passwords:
        classes = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
        assert all(any(map(one, password)) for one in classes)


def test_either_of_two_recipients_opens_all_passwords(make_world: MakeWorld) -> None:
    made = make_world()
    private = Ed25519PrivateKey.generate()
    form = serialization.Encoding.OpenSSH
    public = private.public_key().public_bytes(form, serialization.PublicFormat.OpenSSH).decode()
    ssh_key = made.folder / "id_ed25519"
    ssh_key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    team = made.folder / "team.pub"
    team.write_text(f"# the helpdesk\n{made.recipient}\n", encoding="ascii")
    source = made.input(accounts(4, 3))
    finished = made.batchreset(
        "run", source, "--run-id", "r", "--yes", "--recipient", public, "--recipient", team,
        environ={"BATCHRESET_PASSWORD__RECIPIENTS": None},
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    by_age = made.handover("r")
    assert made.handover("r", key=ssh_key) == by_age
    in_force = made.simulator.state.in_force
    assert {line["user-id"]: sha256(line["password"]) for line in by_age} == {
        user: account.sha256 for user, account in in_force.items()
    }
    prove(gather(made, source))


def test_discarded_passwords_are_in_force_and_nobody_knows_them(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(6, 4))
    finished = made.batchreset(
        "run", source, "--run-id", "r", "--yes", "--password-kind", "discard",
        environ={"BATCHRESET_PASSWORD__RECIPIENTS": None},
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 10}
    refused = made.batchreset("handover", "r", "--identity", made.key)
    assert (refused.code, refused.stdout) == (2, "")
    assert 'kind = "discard"' in refused.stderr
    prove(gather(made, source, discarded=True))


def test_input_as_excel_writes_it_ends_in_results_of_the_same_order(make_world: MakeWorld) -> None:
    """UTF-16, semicolons, CRLF, other headers, braces, capitals, a duplicate and rows that are left out."""
    made = make_world()
    first, second, third = accounts(3)
    lines = [
        "User ID;note;Customer Tenant ID;force_change_password",
        f"{{{first.user.upper()}}};ä;{first.customer};Yes",
        f"{second.user};;{second.customer.upper()};0",
        f"{first.user};twice;{first.customer};1",
        f"not-a-guid;wrong;{first.customer};true",
        f"{third.user};;{third.customer};",
    ]
    source = made.folder / "excel.csv"
    source.write_bytes("\r\n".join(lines).encode("utf-16"))
    finished = made.batchreset("run", source, "--run-id", "r", "--yes", "--on-invalid", "skip")
    assert finished.code == 0, finished.stderr
    assert [(line["outcome"], line["reason"]) for line in made.results()] == [
        ("succeeded", ""), ("succeeded", ""), ("skipped", "duplicate"), ("skipped", "invalid"), ("succeeded", ""),
    ]  # fmt: skip
    assert (made.runs / "r" / "problems.csv").read_text(encoding="utf-8").splitlines() == [
        "row,column,found,expected",
        '4,User ID,not-a-guid,"a GUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301, not all zero"',
    ]
    plain = made.folder / "plain.csv"
    plain.write_text("\n".join(lines).replace(";", ","), encoding="utf-8")
    assert len(read_input(plain)) == 5
    prove(gather(made, plain))


def test_parquet_and_standard_input_are_inputs_too(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(3, 2))
    table = made.folder / "users.parquet"
    pl.read_csv(source).write_parquet(table)
    assert made.batchreset("run", table, "--run-id", "r", "--yes").code == 0
    prove(gather(made, table))
    piped = made.batchreset("plan", "-", "--run-id", "piped", stdin=source.read_bytes())
    assert piped.code == 0, piped.stderr
    assert pl.read_parquet(made.runs / "piped" / "plan.parquet").equals(
        pl.read_parquet(made.runs / "r" / "plan.parquet")
    )


def test_a_settings_file_alone_describes_a_whole_job(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(5))
    job = made.folder / "job.toml"
    job.write_text(
        f"""
        [input]
        path = "{source.name}"
        [password]
        length = 24
        recipients = ["{made.recipient}"]
        [partner_center]
        base_url = "{made.simulator.base_url}"
        ca_file = "{made.simulator.ca_file}"
        [auth]
        kind = "access_token"
        [output]
        runs_dir = "elsewhere"
        """,
        encoding="utf-8",
    )
    bare = {name: None for name in made.environment() if name.startswith("BATCHRESET_")}
    token = {"BATCHRESET_AUTH__ACCESS_TOKEN": made.environment()["BATCHRESET_AUTH__ACCESS_TOKEN"]}
    finished = made.batchreset("run", "--job", job, "--yes", "--json", environ={**bare, **token})
    assert finished.code == 0, finished.stderr
    folder = made.folder / finished.json["files"]["folder"]
    assert folder.parent == made.folder / "elsewhere"
    assert {len(line["password"]) for line in made.handover(folder)} == {24}
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["settings"]["password"]["length"] == 24


@pytest.mark.parametrize("command", ["status", "handover"])
def test_a_reader_of_the_output_that_has_gone_is_no_error(done: World, command: str) -> None:
    """As `batchreset handover r --identity key | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    identity = ("--identity", str(done.key)) if command == "handover" else ()
    with os.fdopen(writing, "wb") as nobody:
        ended = subprocess.run(
            [*COMMAND, command, "r", *identity], stdout=nobody, stderr=subprocess.PIPE, cwd=done.folder,
            env=done.environment(), timeout=30, check=False,
        )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, b"")
