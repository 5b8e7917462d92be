"""Whatever is wrong before the first reset: one clear message, what to do, the documented code, nothing sent."""

import dataclasses
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
import pytest
from acceptance_world import CUSTOMERS, Finished, World, accounts, outcomes, until, world
from evidence import Before, gather
from proof import prove

GOOD = "".join(f"{one.customer},{one.user},true\n" for one in accounts(2, 1))
HEAD = "customer-tenant-id,user-id,forceChangePassword\n"
USER = accounts(1)[0].user
SECRET_KEY = str(pyrage.x25519.Identity.generate())
RUN = ("run", "users.csv", "--yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to be wrong.

    Attributes:
        says: all of this is in the message.
        files: by name, beside users.csv, which is good unless it is here.
        hides: none of this is in the message.
        lists_problems: a list of what is wrong with the rows is left behind.
    """

    arguments: tuple[str, ...] = RUN
    says: tuple[str, ...]
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    environ: Mapping[str, str | None] = field(default_factory=dict)
    hides: tuple[str, ...] = ()
    code: int = 2
    lists_problems: bool = False


INPUT = {
    "no input": Case(arguments=("run", "--yes"), says=("no input was given", "batchreset run users.csv")),
    "no such file": Case(arguments=("run", "usres.csv", "--yes"), says=("usres.csv does not exist",)),
    "a folder": Case(arguments=("run", ".", "--yes"), says=(". is a folder, not a file",)),
    "unreadable": Case(arguments=("run", "users.csv/x.csv", "--yes"), says=("users.csv/x.csv cannot be read",)),
    "unknown ending": Case(
        arguments=("run", "users.xls", "--yes"), files={"users.xls": b"PK"}, says=("ending .xls,", ".csv, .tsv")
    ),
    "empty": Case(files={"users.csv": ""}, says=("users.csv is empty",)),
    "no rows": Case(files={"users.csv": HEAD}, says=("users.csv has headers but no rows",)),
    "not text": Case(files={"users.csv": HEAD.encode() + b"\xff\xfe\xfa"}, says=("not text in UTF-8", "line 2")),
    "damaged Parquet": Case(
        arguments=("run", "users.parquet", "--yes"), files={"users.parquet": b"PAR1xxxx"}, says=("users.parquet",)
    ),
    "ragged": Case(files={"users.csv": HEAD + GOOD + "x,y\n"}, says=("ragged", "line 5: 2 fields")),
    "wrong columns": Case(
        files={"users.csv": "tenant,user-ids,x\n1,2,3\n"},
        says=(
            "no column customer-tenant-id and none user-id", "found: tenant, user-ids, x",
            "customer-tenant-id: the nearest is tenant", "user-id: the nearest is user-ids",
        ),
    ),
    "wrong cells": Case(
        files={"users.csv": f"{HEAD}nope,{USER},maybe\n{CUSTOMERS[0]},,true\n{GOOD}"},
        says=("users.csv has 3 problems", "1    customer-tenant-id", "nope", "maybe", "2    user-id", "(empty)"),
        lists_problems=True,
    ),
    "clashing duplicates": Case(
        files={"users.csv": f"{HEAD}{CUSTOMERS[0]},{USER},true\n{CUSTOMERS[0]},{USER.upper()},no\n"},
        says=("users.csv has 2 problems", "2    forceChangePassword", "true as in row 1: the same user"),
        lists_problems=True,
    ),
    "a customer that may not appear": Case(
        arguments=(*RUN, "--customer", CUSTOMERS[5]), says=("users.csv has 3 problems", CUSTOMERS[0]),
        lists_problems=True,
    ),
    "nobody left": Case(
        arguments=(*RUN, "--protected", "users.csv"), says=("no account of users.csv is left to reset: 3 protected",)
    ),
    "no protected list": Case(
        arguments=(*RUN, "--protected", "nix.csv"),
        says=("the protected list nix.csv ([input] protected) does not exist",),
    ),
    "misspelled protected account": Case(
        arguments=(*RUN, "--protected", "p.csv"), files={"p.csv": f"user-id\n{USER[:-1]}\n"},
        says=("p.csv", "no GUID", USER[:-1]),
    ),
}  # fmt: skip

SETTINGS = {
    "unknown flag": Case(
        arguments=(*RUN, "--max-concurency", "5"), says=("--max-concurency", "--max-concurrency")
    ),
    "unknown variable": Case(
        environ={"BATCHRESET_PACE__MAX_CONCURENCY": "5"},
        says=("BATCHRESET_PACE__MAX_CONCURENCY", "BATCHRESET_PACE__MAX_CONCURRENCY"),
    ),
    "unknown key in the job file": Case(
        arguments=(*RUN, "--job", "job.toml"), files={"job.toml": "[pace]\nmax_concurency = 5\n"},
        says=("job.toml", "max_concurency", "did you mean [pace] max_concurrency"),
    ),
    "several at once": Case(
        arguments=(*RUN, "--job", "job.toml", "--canary", "-1"), files={"job.toml": "[saftey]\nx = 1\n"},
        environ={"BATCHRESET_PACE__ORDER": "inputs"},
        says=("3 problems", "saftey", "--canary: found -1", '"inputs"', 'did you mean "input"'),
    ),
    "not a number": Case(arguments=(*RUN, "--canary", "ten"), says=("--canary", "ten")),
    "plain http": Case(arguments=(*RUN, "--base-url", "http://localhost"), says=("secrets would travel in clear",)),
    "no job file": Case(arguments=(*RUN, "--job", "nix.toml"), says=("job file nix.toml cannot be read",)),
    "job file that is no TOML": Case(
        arguments=(*RUN, "--job", "job.toml"), files={"job.toml": "[pace\n"}, says=("job.toml is not valid TOML",)
    ),
    "token in the job file": Case(
        arguments=(*RUN, "--job", "job.toml"), files={"job.toml": '[auth]\naccess_token = "eyJ0eXAi"\n'},
        says=("job.toml: [auth] access_token", "BATCHRESET_AUTH__"), hides=("eyJ0eXAi",),
    ),
    "token as a flag": Case(
        arguments=(*RUN, "--access-token", "eyJ0eXAi"), says=("--access-token",), hides=("eyJ0eXAi",)
    ),
    "no recipient": Case(
        environ={"BATCHRESET_PASSWORD__RECIPIENTS": None},
        says=("nobody could open the new passwords", "age-keygen", "discard"),
    ),
    "bad recipient": Case(
        arguments=(*RUN, "--recipient", "age1qqqqqq"), says=("age1qqqqqq", "is not a public key", "age-keygen")
    ),
    "recipient file that is not there": Case(
        arguments=(*RUN, "--recipient", "team.pub"), says=("team.pub", "nor a file that can be read")
    ),
    "secret key as recipient": Case(
        arguments=(*RUN, "--recipient", SECRET_KEY), says=("private key",), hides=(SECRET_KEY[:24],)
    ),
    "file of a secret key as recipient": Case(
        arguments=(*RUN, "--recipient", "key.txt"), files={"key.txt": SECRET_KEY},
        says=("key.txt: this is a secret key",), hides=(SECRET_KEY[:24],),
    ),
    "run id that is no name": Case(arguments=(*RUN, "--run-id", "../r"), says=("--run-id '../r'",)),
    "run id too long for a name": Case(
        arguments=(*RUN, "--run-id", "x" * 300), says=("--run-id of 300 characters", "at most 100")
    ),
    "empty run id": Case(arguments=(*RUN, "--run-id", ""), says=("--run-id is given and empty", "leave --run-id out")),
    "empty run id of a plan": Case(
        arguments=("plan", "users.csv", "--run-id", ""), says=("--run-id is given and empty",)
    ),
    "runs folder that cannot be made": Case(
        arguments=(*RUN, "--runs-dir", "users.csv/runs"), says=("users.csv/runs", "cannot be made", "--runs-dir")
    ),
    "runs folder too long for a name": Case(
        arguments=(*RUN, "--run-id", "r", "--runs-dir", "x" * 300), says=("cannot be made (File name too long)",)
    ),
    "unknown command": Case(arguments=("rnu",), says=("rnu",)),
    "no run named": Case(arguments=("apply", "--yes"), says=("RUN",)),
    "sign-in without an application": Case(
        arguments=(*RUN, "--auth-kind", "device_code"), says=("client_id and tenant_id", "BATCHRESET_AUTH__CLIENT_ID")
    ),
    "cluster that is none": Case(
        arguments=(*RUN, "--cluster", "http://h:8786"), says=("--cluster: found", "local:N", "tls://host:port")
    ),
    "cluster without TLS": Case(
        arguments=(*RUN, "--cluster", "tcp://10.0.0.7:8786"), says=("is not known to be", "--cluster-plain-tcp")
    ),
    "cluster without certificates": Case(
        arguments=(*RUN, "--cluster", "tls://h:8786", "--cluster-ca-file", "ca.pem"),
        says=("cert_file and key_file are not given", "give --cluster-cert-file (", " and --cluster-key-file ("),
    ),
    "cluster whose file is not there": Case(
        arguments=(*RUN, "--cluster", "nix.json"), says=("the scheduler file ", "/nix.json cannot be read", "tls://host")
    ),
    "cluster of a dry run": Case(
        arguments=("run", "users.csv", "--dry-run", "--cluster", "users.csv"), says=("users.csv cannot be used", "JSON")
    ),
}  # fmt: skip

LOOKING = {
    "apply what is not there": Case(arguments=("apply", "nix", "--yes"), says=("there is no run 'nix'", "runs")),
    "status of what is not there": Case(arguments=("status", "nix"), says=("there is no run 'nix'",)),
    "results of what is not there": Case(arguments=("results", "nix"), says=("there is no run 'nix'",)),
    "hand-over of what is not there": Case(
        arguments=("handover", "nix", "--identity", "helpdesk.key"), says=("there is no run 'nix'",)
    ),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One simulator for all cases; each has a folder of its own."""
    with world(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.fixture
def made(bench: World, tmp_path: Path) -> World:
    """A folder with a good users.csv, and the shared simulator."""
    shutil.copy(bench.key, tmp_path / "helpdesk.key")
    (tmp_path / "users.csv").write_text(HEAD + GOOD, encoding="utf-8")
    return dataclasses.replace(bench, folder=tmp_path, key=tmp_path / "helpdesk.key")


def assert_refused(made: World, finished: Finished, case: Case, requests_before: int) -> None:
    __tracebackhide__ = True
    assert finished.code == case.code, finished.stderr
    assert finished.stdout == ""
    assert made.requests == requests_before
    lines = [line for line in finished.stderr.splitlines() if line]
    assert sum(line.startswith("error: ") for line in lines) == 1, finished.stderr
    assert lines[-1].startswith("what to do: "), finished.stderr
    assert "Traceback" not in finished.stderr
    for text in case.says:
        assert text in finished.stderr, finished.stderr
    for text in case.hides:
        assert text not in finished.stderr


@pytest.mark.parametrize("name", [*INPUT, *SETTINGS, *LOOKING])
def test_it_is_refused_with_one_message_that_says_what_to_do_and_no_folder_is_left(made: World, name: str) -> None:
    """But for the list of what is wrong with the rows."""
    case = {**INPUT, **SETTINGS, **LOOKING}[name]
    for file, content in case.files.items():
        (made.folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    before = made.requests
    assert_refused(made, made.batchreset(*case.arguments, environ=case.environ), case, before)
    left = sorted(path.name for path in made.runs.glob("**/*") if path.is_file())
    assert left == (["lock", "problems.csv"] if case.lists_problems else [])
    assert made.runs.exists() == case.lists_problems


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--ca-file", "nix.pem"), ("[partner_center] ca_file: ", "nix.pem", "No such file")),
        (("--ca-file", "users.csv"), ("[partner_center] ca_file: ", "users.csv", "holds no certificate")),
        (("--log-file", "nix/log.ndjson"), ("nix/log.ndjson cannot be written",)),
        (("--results", "nix/results.csv"), ("there is no folder ", "/nix")),
    ],
    ids=["no ca_file", "ca_file without a certificate", "log that cannot be written", "results that cannot be written"],
)
def test_what_is_found_only_when_the_run_begins_is_refused_before_anything_is_sent(
    made: World, arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    """But for ca_file a plan is there by then; mended, the same run is carried out."""
    before = made.requests
    finished = made.batchreset(*RUN, "--run-id", "r", *arguments)
    assert (finished.code, finished.stdout, made.requests) == (2, "", before), finished.stderr
    assert "\nwhat to do: " in finished.stderr
    for text in says:
        assert text in finished.stderr


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"BATCHRESET_PARTNER_CENTER__CA_FILE": None}, ("secure connection", "not trusted", "ca_file")),
        (
            {"BATCHRESET_PARTNER_CENTER__BASE_URL": "https://127.0.0.1:{closed}"},
            ("refused", "base_url", "continue the run with `batchreset apply /"),
        ),
    ],
    ids=["TLS not trusted", "nobody listens"],
)
def test_a_service_that_cannot_be_reached_ends_the_run_with_2_and_every_row_not_attempted(
    made: World, environ: dict[str, str | None], says: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    filled = {name: value and value.format(closed=closed) for name, value in environ.items()}
    before = made.requests
    finished = made.batchreset(*RUN, "--run-id", "r", environ=filled)
    assert (finished.code, made.requests) == (2, before), finished.stderr
    assert finished.stdout.startswith("Run r: stopped before its end (exit 2)\n")
    for text in ("\nerror: ", "\nwhat to do: ", *says):
        assert text in finished.stderr
    assert outcomes(made.results()) == {"not_attempted": 3}
    prove(gather(made, made.folder / "users.csv", before=Before(requests=before)))


@pytest.fixture(scope="module")
def frozen(bench: World) -> Path:
    """A planned run's folder, to be copied."""
    (bench.folder / "users.csv").write_text(HEAD + GOOD, encoding="utf-8")
    assert bench.batchreset("plan", "users.csv", "--run-id", "r").code == 0
    return bench.runs / "r"


@pytest.fixture
def planned(made: World, frozen: Path) -> World:
    """A run `r` that is planned."""
    shutil.copytree(frozen, made.runs / "r")
    return made


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def foreign(path: Path) -> None:
    path.write_text('{"some": "other file"}', encoding="utf-8")


def garbage(path: Path) -> None:
    path.write_bytes(b"not what it was" * 400)


APPLY = ("apply", "r", "--yes")
BAD_LEDGER = ("ledger.sqlite", "it is damaged", "restore the run's folder")
DAMAGED: dict[str, tuple[str, Callable[[Path], None], Case]] = {
    "plan, garbage": ("plan.parquet", garbage, Case(arguments=APPLY, says=("plan.parquet",))),
    "plan, gone": ("plan.parquet", Path.unlink, Case(arguments=APPLY, says=("plan.parquet",))),
    "run.json, cut": ("run.json", cut, Case(arguments=APPLY, says=("run.json",))),
    "run.json, another file": ("run.json", foreign, Case(arguments=APPLY, says=("does not tell of a run: it lacks",))),
    "run.json, status": ("run.json", garbage, Case(arguments=("status", "r"), says=("run.json",))),
    "run.json, run": ("run.json", cut, Case(arguments=(*RUN, "--run-id", "r"), says=("run.json",))),
    "ledger, apply": ("ledger.sqlite", garbage, Case(arguments=APPLY, says=BAD_LEDGER, code=1)),
    "ledger, status": ("ledger.sqlite", garbage, Case(arguments=("status", "r"), says=BAD_LEDGER, code=1)),
    "ledger, empty": (
        "ledger.sqlite", Path.touch,
        Case(
            arguments=("handover", "r", "--identity", "helpdesk.key"),
            says=("ledger.sqlite is empty", "restore the run's folder"), hides=("version",), code=1,
        ),
    ),
}  # fmt: skip


LOST = Case(says=("runs/r is a run's and has lost its run.json", "restore the folder", "the only passwords"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "r"), ("results", "r"), ("handover", "r", "--identity", "helpdesk.key"), ("apply", "r", "--yes"),
        ("apply", "runs/r", "--yes"), (*RUN, "--run-id", "r"), ("plan", "users.csv", "--run-id", "r"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_run_without_its_plan_is_told_as_such_and_nothing_new_is_made_in_its_place(
    planned: World, arguments: tuple[str, ...]
) -> None:
    """A ledger knows rows by their numbers: under another plan they would be other accounts."""
    folder = planned.runs / "r"
    (folder / "run.json").unlink()
    (folder / "ledger.sqlite").write_bytes(b"whatever it holds")
    before = planned.requests
    assert_refused(planned, planned.batchreset(*arguments), LOST, before)
    assert not (folder / "run.json").exists()
    assert (folder / "ledger.sqlite").read_bytes() == b"whatever it holds"


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_run_is_told_as_such(planned: World, name: str) -> None:
    file, damage, case = DAMAGED[name]
    damage(planned.runs / "r" / file)
    before = planned.requests
    assert_refused(planned, planned.batchreset(*case.arguments), case, before)


def test_a_plan_that_was_changed_is_not_carried_out(planned: World) -> None:
    """Whole and readable, but not the one that was frozen: another account is in it."""
    other = planned.folder / "other.csv"
    other.write_text(HEAD + GOOD.replace("true", "false"), encoding="utf-8")
    assert planned.batchreset("plan", "other.csv", "--run-id", "other").code == 0
    shutil.copy(planned.runs / "other" / "plan.parquet", planned.runs / "r" / "plan.parquet")
    before = planned.requests
    finished = planned.batchreset("apply", "r", "--yes")
    says = ("plan.parquet is not the one that was frozen", "SHA-256")
    assert_refused(planned, finished, Case(says=says), before)


def test_a_plan_of_the_same_run_id_is_not_made_over(planned: World) -> None:
    before = (planned.runs / "r" / "run.json").read_bytes()
    finished = planned.batchreset("plan", "users.csv", "--run-id", "r")
    assert_refused(planned, finished, Case(says=("the run r exists already",)), planned.requests)
    assert (planned.runs / "r" / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("results", "r", "--results", "out.xlsx"), ("out.xlsx", ".csv, .parquet, .ndjson")),
        (("results", "r", "--results", "nix/out.csv"), ("nix/out.csv",)),
        (("handover", "r"), ("--identity",)),
        (("handover", "r", "--identity", "nix.key"), ("the key nix.key cannot be read",)),
        (("handover", "r", "--identity", "users.csv"), ("users.csv holds no secret key",)),
    ],
    ids=["results of another kind", "results nowhere", "no key", "key that is not there", "no key in it"],
)
def test_looking_at_a_run_wrongly_is_refused_too(
    planned: World, arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    finished = planned.batchreset(*arguments)
    assert_refused(planned, finished, Case(says=says), planned.requests)


@pytest.mark.parametrize(
    "gone", ["ledger.sqlite*", "ledger.sqlite-*", "ledger.sqlite"], ids=["all", "log", "all but log"]
)
def test_a_ledger_that_is_gone_is_not_taken_for_a_run_that_has_not_begun(
    make_world: Callable[..., World], gone: str
) -> None:
    """After a kill its log holds all of it; without it, everyone would be reset again, to passwords nobody can tell."""
    made = make_world(latency_seconds=0.05)
    source = made.input(accounts(30))
    run = made.runs / "r"
    with made.started("run", source, "--run-id", "r", "--yes") as process:
        until(lambda: made.resets >= 12)
        process.kill()
        process.wait()
    whole = made.folder / "whole"
    shutil.copytree(run, whole)
    for file in list(run.glob(gone)):
        file.unlink()
    seen = made.resets
    for command in (
        ("apply", "r", "--yes"),
        ("run", source, "--run-id", "r", "--yes"),
        ("status", "r"),
        ("results", "r"),
    ):
        refused = made.batchreset(*command)
        assert (refused.code, made.resets) == (1, seen), refused.stderr
        assert "ledger.sqlite is gone, or lacks what its -wal file held" in refused.stderr
        assert "what to do: bring ledger.sqlite and ledger.sqlite-wal back" in refused.stderr
    shutil.rmtree(run)
    whole.rename(run)
    assert made.batchreset("apply", "r", "--yes").code == 0
    prove(gather(made, source, killed=True))
