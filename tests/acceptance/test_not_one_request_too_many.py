"""Through the whole program, over real TLS, at a service that only counts: what must not be sent is not sent."""

import base64
import contextlib
import csv
import datetime as dt
import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner
from counting_server import Answer, CountingServer, Got, counting_server

from batchreset.adapters.ledger import LedgerStore
from batchreset.adapters.run_folder import RunFolder, holding
from batchreset.adapters.sealing import parse_recipients, sealer
from batchreset.cli.main import cli
from batchreset.core.records import Intent
from batchreset.core.secret import Secret
from batchreset.errors import BatchresetError
from batchreset.wiring.frozen import digest_of

CUSTOMER = str(uuid.UUID(int=0xC0 << 120))
USERS = [str(uuid.UUID(int=(0xA5 << 120) + number)) for number in range(40)]
TOKEN = "canary-token-Vb83kQz1"
ONE_BY_ONE = ("--max-concurrency", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended; `error`: what it said then."""

    code: int
    output: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An operator's folder, and the service that counts."""

    folder: Path
    server: CountingServer
    key: Path
    recipient: str

    def environment(self, token: str = TOKEN) -> dict[str, str | None]:
        return {
            "HOME": str(self.folder),
            "BATCHRESET_PARTNER_CENTER__BASE_URL": self.server.url,
            "BATCHRESET_PARTNER_CENTER__CA_FILE": str(self.folder / "ca.pem"),
            "BATCHRESET_AUTH__ACCESS_TOKEN": token,
            "BATCHRESET_PASSWORD__RECIPIENTS": self.recipient,
            "BATCHRESET_OUTPUT__REPORT": "false",
            "BATCHRESET_PACE__MAX_CONCURRENCY": "8",
        }

    def batchreset(self, *arguments: str, token: str = TOKEN, elsewhere: bool = False) -> Ended:
        """The program from its command line on, in this process: a process of its own for each claim costs too much."""
        with contextlib.chdir(self.folder.parent if elsewhere else self.folder):
            ran = CliRunner().invoke(cli, arguments, env=self.environment(token), standalone_mode=False)
        if isinstance(ran.exception, BatchresetError):
            return Ended(code=ran.exception.exit_code, output=ran.output, error="\n".join(ran.exception.lines()))
        if ran.exception is not None:
            raise ran.exception
        return Ended(code=ran.return_value or 0, output=ran.output)

    def plan(self, *arguments: str, users: Sequence[str] = USERS, token: str = TOKEN, names: bool = False) -> None:
        """`names`: the input calls the third user `third@contoso.example`."""
        lines = [f"{CUSTOMER},{user}{f',{user[-2:]}@contoso.example' if names else ''}" for user in users]
        header = "customer-tenant-id,user-id" + (",User Principal Name" if names else "")
        content = "\n".join([header, *lines]).replace("02@contoso", "Third@contoso")
        (self.folder / "users.csv").write_text(content, encoding="utf-8")
        planned = self.batchreset("plan", "users.csv", "--run-id", "r", *arguments, token=token)
        assert planned.code == 0, planned.error

    def protect(self, *users: str) -> None:
        (self.folder / "glass.csv").write_text("\n".join(["user-id", *users]), encoding="utf-8")

    @property
    def run(self) -> Path:
        return self.folder / "runs" / "r"

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.run / "run.json").read_text(encoding="utf-8"))
        return facts

    def change_facts(self, **changes: Any) -> None:
        (self.run / "run.json").write_text(json.dumps({**self.facts, **changes}), encoding="utf-8")

    @property
    def results(self) -> dict[str, tuple[str, str]]:
        """Outcome and reason by user."""
        with (self.run / "results.csv").open(encoding="utf-8", newline="") as file:
            return {line["user-id"]: (line["outcome"], line["reason"]) for line in csv.DictReader(file)}

    @property
    def handed_over(self) -> dict[str, str]:
        """Certainty by user."""
        out = self.folder / "out.csv"
        out.unlink(missing_ok=True)
        opened = self.batchreset("handover", "r", "--identity", str(self.key), "--out", str(out))
        assert opened.code == 0, opened.error
        with out.open(encoding="utf-8", newline="") as file:
            return {line["user-id"]: line["certainty"] for line in csv.DictReader(file)}

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.run / "log.ndjson").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path / "helpdesk.key"
    key.write_text(f"{identity}\n", encoding="ascii")
    with counting_server(tmp_path / "ca.pem") as server:
        yield Desk(folder=tmp_path, server=server, key=key, recipient=str(identity.to_public()))


def refusing(*users: str, status: int | None = 403) -> Answer:
    """No to these, yes to everybody else."""
    return lambda got: status if got.user in users else 200


@pytest.mark.parametrize(
    ("arguments", "failing", "code", "asked"),
    [
        (("--canary", "10", "--max-failure-rate", "0.2"), USERS[:2], 3, 40),
        (("--canary", "10", "--max-failure-rate", "0.2", *ONE_BY_ONE), USERS[:3], 4, 3),
        (("--canary", "10", "--max-failure-rate", "0.2", *ONE_BY_ONE), USERS[7:10], 4, 10),
        (("--canary", "10", "--max-failure-rate", "0", *ONE_BY_ONE), USERS[9:10], 4, 10),
        (("--canary", "10", "--max-failure-rate", "0", *ONE_BY_ONE), USERS[10:11], 4, 11),
        (("--canary", "0", "--max-failure-rate", "0.05", *ONE_BY_ONE), USERS[:10], 3, 40),
        (("--canary", "0", "--max-failure-rate", "0.05", *ONE_BY_ONE), USERS[:11], 4, 11),
        (("--canary", "0", "--max-failure-rate", "1", "--max-failures", "3", *ONE_BY_ONE), USERS[5:8], 3, 40),
        (("--canary", "0", "--max-failure-rate", "1", "--max-failures", "3", *ONE_BY_ONE), USERS[5:9], 4, 9),
    ],
    ids=[
        "a canary with what it bears", "one more at its begin", "one more at its end", "the canary's last row",
        "the first row after the canary", "a rate that is borne", "a rate and one more", "max_failures",
        "max_failures and one more",
    ],
)  # fmt: skip
def test_a_limit_is_borne_exactly_and_one_failure_more_is_the_last_request(
    desk: Desk, *, arguments: tuple[str, ...], failing: list[str], code: int, asked: int
) -> None:
    desk.plan(*arguments)
    desk.server.answer = refusing(*failing)
    assert desk.batchreset("apply", "r", "--yes").code == code
    assert sorted(desk.server.resets) == USERS[:asked]
    assert desk.server.looks == 1
    assert [result[0] for result in desk.results.values()].count("not_attempted") == 40 - asked


def test_beside_one_another_no_row_beyond_the_canary_is_sent(desk: Desk) -> None:
    desk.plan("--canary", "10", "--max-failure-rate", "0.2")
    desk.server.answer = refusing(*USERS)
    assert desk.batchreset("apply", "r", "--yes").code == 4
    assert 3 <= len(desk.server.resets) == len(set(desk.server.resets)) <= 10
    assert set(desk.server.resets) <= set(USERS[:10])


def test_after_max_duration_nothing_is_sent(desk: Desk) -> None:
    def slowly(got: Got) -> int:
        answered.wait(0.15)
        return 200

    answered = threading.Event()
    desk.plan("--max-duration", "1s", "--canary", "0", *ONE_BY_ONE)
    desk.server.answer = slowly
    assert desk.batchreset("apply", "r", "--yes").code == 4
    times = [one.at_seconds for one in desk.server.got]
    assert times[-1] - times[0] <= 2.0
    assert 1 <= len(desk.server.resets) <= 8
    assert list(desk.results.values()).count(("succeeded", "")) == len(desk.server.resets)


def test_the_list_is_read_again_and_whom_it_names_by_then_is_not_asked_for(desk: Desk) -> None:
    desk.protect(USERS[3])
    desk.plan("--protected", "glass.csv", "--protected", USERS[4])
    desk.protect(USERS[3], USERS[7])
    assert desk.batchreset("apply", str(desk.run), "--yes", elsewhere=True).code == 0
    spared = {USERS[3], USERS[4], USERS[7]}
    assert set(desk.server.resets) == set(USERS) - spared
    assert {user for user, result in desk.results.items() if result == ("skipped", "protected")} == spared
    assert desk.handed_over.keys() == set(USERS) - spared
    summary = json.loads((desk.run / "summary.json").read_text(encoding="utf-8"))
    assert (summary["to_reset"], summary["outcomes"]["skipped"], summary["state"]) == (37, 3, "finished")
    status = json.loads(desk.batchreset("status", "r", "--json").output)
    assert (status["state"], status["outcomes"]["skipped"], status["done"]) == ("finished", 3, 38)
    with holding(RunFolder(desk.run)):
        running = json.loads(desk.batchreset("status", "r", "--json").output)
    assert (running["state"], running["outcomes"]["skipped"]) == ("running", 3)


def _all_protected(desk: Desk) -> None:
    desk.protect(*USERS)


def _a_name(desk: Desk) -> None:
    (desk.folder / "glass.csv").write_text("userPrincipalName\nthird@contoso.example\n", encoding="utf-8")


def _no_list(desk: Desk) -> None:
    (desk.folder / "glass.csv").unlink()


def _half_a_list(desk: Desk) -> None:
    desk.protect(USERS[0][:-1])


def _other_recipient(desk: Desk) -> None:
    settings = desk.facts["settings"]
    settings["password"]["recipients"] = [str(pyrage.x25519.Identity.generate().to_public())]
    desk.change_facts(settings=settings)


def _other_canary(desk: Desk) -> None:
    settings = desk.facts["settings"]
    settings["safety"]["canary"] = 0
    desk.change_facts(settings=settings)


def _again(desk: Desk) -> None:
    desk.change_facts(again=True)


def _other_accounts(desk: Desk) -> None:
    desk.change_facts(accounts_sha256="0" * 64)


def _without_a_file_hash(desk: Desk) -> None:
    plan = desk.facts["plan"]
    plan["sha256"] = plan.pop("file_sha256")
    desk.change_facts(plan=plan)


def _other_file(desk: Desk) -> None:
    (desk.run / "plan.parquet").write_bytes((desk.run / "plan.parquet").read_bytes() + b" ")


def _old(desk: Desk, hours: float = 24.1) -> None:
    planned_at = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    desk.change_facts(planned_at=planned_at.isoformat())


def _nothing(desk: Desk) -> None:
    pass


def _another_customer_only(desk: Desk) -> None:
    """As no plan that was checked can be, and whoever made it has made its SHA-256 fit."""
    facts = desk.facts
    facts["settings"]["input"]["customers"] = [USERS[0]]
    facts["plan"]["sha256"] = digest_of(facts)
    desk.change_facts(**facts)


YES = ("--yes",)


@pytest.mark.parametrize(
    ("before", "arguments", "code", "says"),
    [
        (_nothing, (), 2, "no terminal"),
        (_nothing, ("--dry-run",), 0, ""),
        (_all_protected, YES, 0, ""),
        (_another_customer_only, YES, 0, ""),
        (_no_list, YES, 2, "glass.csv ([input] protected) does not exist"),
        (_half_a_list, YES, 2, "no GUID"),
        (_other_recipient, YES, 2, "run.json is not as it was frozen: its settings"),
        (_other_canary, YES, 2, "run.json is not as it was frozen: its settings"),
        (_again, YES, 2, "run.json is not as it was frozen"),
        (_other_accounts, YES, 2, "run.json is not as it was frozen"),
        (_without_a_file_hash, YES, 2, "another version wrote it, or it was changed"),
        (_other_file, YES, 2, "plan.parquet is cut short or damaged"),
        (_old, YES, 2, "the plan was made 24 hours ago, and nobody has begun it"),
        (_nothing, (*YES, "--plan-sha256", "0" * 64), 2, "another plan than the one that was looked at"),
        (_nothing, (*YES, "--plan-sha256", "0" * 63), 2, "is no SHA-256"),
        (_nothing, (*YES, "--reason", "forbidden"), 2, "--retry-failed is not given"),
        (_nothing, (*YES, "--retry-failed", "--reason", "forbiden"), 2, "did you mean forbidden?"),
        (_nothing, (*YES, "--plan-sha256", TOKEN), 2, "is no SHA-256"),
        (_nothing, (*YES, "--retry-failed", "--reason", TOKEN), 2, "no reason of a text that is not shown"),
    ],
)
def test_what_is_refused_opens_no_connection(
    desk: Desk, *, before: Callable[[Desk], None], arguments: tuple[str, ...], code: int, says: str
) -> None:
    desk.protect(str(uuid.uuid4()))
    desk.plan("--protected", "glass.csv")
    before(desk)
    ended = desk.batchreset("apply", "r", *arguments)
    assert (ended.code, desk.server.connections) == (code, 0), ended.error
    assert says in ended.error
    assert not says or "what to do: " in ended.error
    assert TOKEN not in ended.output + ended.error
    if code or "--dry-run" in arguments:
        assert not (desk.run / "ledger.sqlite").exists(), "no password was made"


@pytest.mark.parametrize("names", [False, True], ids=["no column of names", "a column of names"])
def test_where_protected_names_cannot_be_looked_up_no_reset_is_sent(desk: Desk, *, names: bool) -> None:
    """The input's own column may be old."""
    desk.protect(str(uuid.uuid4()))
    desk.plan("--protected", "glass.csv", users=USERS[:3], names=names)
    _a_name(desk)
    stopped = desk.batchreset("apply", "r", "--yes")
    assert (stopped.code, desk.server.resets) == (2, [])
    assert f"the users of customer {CUSTOMER} may not be read (HTTP 403, code 2032, no)" in stopped.output
    ends = [
        (("skipped", "protected") if names and user == USERS[2] else ("not_attempted", "protected")) for user in USERS
    ]
    assert list(desk.results.values()) == ends[:3]


@pytest.mark.parametrize(
    ("before", "state", "code"),
    [(_no_list, "refused", 2), (_a_name, "stopped", 2), (_nothing, "finished", 0)],
    ids=["a list that is gone", "a name that cannot be looked up", "nothing wrong"],
)
def test_the_logs_last_event_says_how_it_ended(
    desk: Desk, before: Callable[[Desk], None], state: str, code: int
) -> None:
    desk.protect(str(uuid.uuid4()))
    desk.plan("--protected", "glass.csv", users=USERS[:2])
    before(desk)
    assert desk.batchreset("apply", "r", "--yes").code == code
    last = desk.events[-1]
    assert (last["event"], last["state"], last["exit_code"]) == ("run.ended", state, code)


def test_results_that_cannot_be_written_are_told_in_the_log_too(desk: Desk) -> None:
    desk.plan(users=USERS[:2])
    (desk.run / "results.csv" / "in-the-way").mkdir(parents=True)
    assert desk.batchreset("apply", "r", "--yes").code == 1
    last = desk.events[-1]
    assert (last["event"], last["state"], last["exit_code"]) == ("run.ended", "failed", 1)
    assert sorted(desk.server.resets) == USERS[:2]


def test_who_has_seen_the_plans_sha256_lets_another_apply_just_that(desk: Desk) -> None:
    desk.plan(users=USERS[:3])
    shown = desk.facts["plan"]["sha256"]
    assert shown != desk.facts["plan"]["file_sha256"]
    assert desk.batchreset("apply", "r", "--yes", "--plan-sha256", shown.upper()).code == 0
    assert json.loads((desk.run / "summary.json").read_text(encoding="utf-8"))["plan_sha256"] == shown
    before = desk.server.connections
    assert desk.batchreset("apply", "r", "--yes", "--plan-sha256", "1" * 64).code == 2
    assert desk.batchreset("apply", "r", "--yes", "--plan-sha256", shown).code == 0
    assert desk.batchreset("apply", "r").code == 0
    assert desk.server.connections == before
    assert sorted(desk.server.resets) == USERS[:3]


def test_an_old_plan_is_carried_out_when_that_is_said_and_carried_on_without(desk: Desk) -> None:
    desk.plan("--canary", "0", "--max-failures", "1", "--max-failure-rate", "1", *ONE_BY_ONE, users=USERS[:6])
    _old(desk)
    desk.server.answer = refusing(*USERS[:2])
    assert desk.batchreset("apply", "r", "--old-plan").code == 2
    assert desk.server.connections == 0
    assert desk.batchreset("apply", "r", "--yes", "--old-plan").code == 4
    assert desk.batchreset("apply", "r", "--yes").code == 3
    assert sorted(desk.server.resets) == USERS[:6]


def test_only_rows_that_failed_for_the_reason_are_taken_up(desk: Desk) -> None:
    desk.plan("--canary", "0", "--max-failure-rate", "1", "--max-attempts", "1", users=USERS[:6])

    def answer(got: Got) -> int | None:
        return {USERS[0]: 403, USERS[1]: 404, USERS[2]: 404, USERS[3]: None}.get(got.user, 200)

    desk.server.answer = answer
    assert desk.batchreset("apply", "r", "--yes").code == 3
    before = len(desk.server.resets)
    desk.server.answer = refusing()
    assert desk.batchreset("apply", "r", "--yes", "--retry-failed", "--reason", "not_found").code == 3
    assert sorted(desk.server.resets[before:]) == USERS[1:4], "in doubt too, as always"
    assert desk.results[USERS[0]] == ("failed", "forbidden")
    before = desk.server.connections
    assert desk.batchreset("apply", "r", "--yes", "--retry-failed", "--reason", "not_found").code == 3
    assert desk.server.connections == before


def test_a_row_in_doubt_that_is_protected_by_then_stays_in_doubt_and_is_not_sent_again(desk: Desk) -> None:
    desk.protect(str(uuid.uuid4()))
    desk.plan("--protected", "glass.csv", "--max-attempts", "1", "--max-failure-rate", "1", users=USERS[:3])
    desk.server.answer = refusing(USERS[1], status=None)
    assert desk.batchreset("apply", "r", "--yes").code == 3
    results, connections = desk.results, desk.server.connections
    assert results[USERS[1]] == ("in_doubt", "connection")
    desk.protect(*USERS)
    assert desk.batchreset("apply", "r", "--yes").code == 3
    assert (desk.results, desk.server.connections) == (results, connections)
    assert desk.handed_over == {USERS[0]: "in_force", USERS[1]: "possible", USERS[2]: "in_force"}


def test_a_row_that_a_kill_cut_off_and_that_is_protected_by_then_stays_in_doubt(desk: Desk) -> None:
    """Its intent is there and nothing else: whether it was sent nobody knows, and nobody will ask."""
    desk.protect(str(uuid.uuid4()))
    desk.plan("--protected", "glass.csv", users=USERS[:3])
    store = LedgerStore(desk.run / "ledger.sqlite", seal=sealer(parse_recipients([desk.recipient])))
    now = dt.datetime.now(dt.UTC)
    store.begin_session(now)
    noted = Intent(row=2, generation=1, request_id="r-2", password=Secret("Zx9!kfj3Qp"), noted_at=now)
    store.write_group([noted])
    store.close()

    desk.protect(USERS[0], USERS[1])
    assert desk.batchreset("apply", "r", "--yes").code == 3
    assert desk.server.resets == [USERS[2]]
    expected = {USERS[0]: ("skipped", "protected"), USERS[1]: ("in_doubt", "protected"), USERS[2]: ("succeeded", "")}
    assert desk.results == expected
    assert desk.handed_over == {USERS[1]: "possible", USERS[2]: "in_force"}

    connections = desk.server.connections
    assert desk.batchreset("apply", "r", "--yes").code == 3
    assert (desk.results, desk.server.connections) == (expected, connections)
    assert desk.handed_over == {USERS[1]: "possible", USERS[2]: "in_force"}


def jwt(**claims: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"scp": "user_impersonation", **claims}).encode()).decode()
    return f"e30.{payload.rstrip('=')}.c2ln"


def test_the_operators_own_account_is_left_out_of_the_plan_and_not_sent_by_another_operator_either(
    desk: Desk,
) -> None:
    mine, theirs = jwt(oid=USERS[1]), jwt(oid=USERS[2].upper())
    desk.plan(users=USERS[:4], token=mine)
    assert desk.facts["plan"]["skipped"] == {"protected": 1}
    assert desk.batchreset("apply", "r", "--yes", token=theirs).code == 0
    assert sorted(desk.server.resets) == [USERS[0], USERS[3]]
    assert desk.results[USERS[1]] == desk.results[USERS[2]] == ("skipped", "protected")
    log = (desk.run / "log.ndjson").read_text(encoding="utf-8")
    assert '"operator.protected"' in log
    assert mine not in log
    assert theirs not in log


def test_of_an_opaque_token_the_log_says_that_nobody_is_known_by_it(desk: Desk) -> None:
    desk.plan(users=USERS[:1])
    assert desk.batchreset("apply", "r", "--yes").code == 0
    assert "operator.unknown" in [event["event"] for event in desk.events]
    assert TOKEN not in (desk.run / "log.ndjson").read_text(encoding="utf-8")


def test_a_token_that_is_refused_costs_one_harmless_request(desk: Desk) -> None:
    desk.plan()
    desk.server.look = 401
    assert desk.batchreset("apply", "r", "--yes").code == 5
    assert (desk.server.looks, desk.server.resets) == (1, [])


def test_as_a_process_of_its_own_every_row_is_asked_for_once(desk: Desk) -> None:
    desk.plan()
    environment = {name: value for name, value in desk.environment().items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-m", "batchreset", "apply", "r", "--yes"],
        cwd=desk.folder, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(desk.server.resets) == USERS
    assert desk.server.looks == 1
