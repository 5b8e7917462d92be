"""Reading users through the whole program: a roster that is run, a plan that looks first, signals, dry run."""

import signal
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from acceptance_world import CUSTOMERS, TOKEN, Account, World, accounts, outcomes, until
from evidence import gather
from proof import prove

from batchreset.core.columns import REASON
from batchreset.simulator.directory import DirectoryUser, DomainType, UserState

MakeWorld = Callable[..., World]

FOUND: dict[int, dict[str, Any]] = {
    1: {"state": UserState.INACTIVE},
    2: {"domain_type": DomainType.FEDERATED},
    3: {"last_directory_sync_time": "2026-01-02T03:04:05Z"},
    4: {"roles": ("Global Administrator",)},
}
"""What there is to find, by the position of the account."""


def directory(rows: list[Account]) -> tuple[DirectoryUser, ...]:
    return tuple(
        DirectoryUser(customer=row.customer, user=row.user, **FOUND.get(position, {}))
        for position, row in enumerate(rows)
    )


def test_a_roster_is_run_as_it_is(make_world: MakeWorld) -> None:
    """Through a token that dies on the way, and is renewed."""
    made = make_world(
        directory=tuple(
            DirectoryUser(
                customer=row.customer,
                user=row.user,
                user_principal_name=f"nóra@{row.user}.example",
                display_name=f"=Nóra, {position}",
            )
            for position, row in enumerate(accounts(2, 2, 1))
        ),
        only_issued_tokens=True,
        token_requests=3,
    )
    out = made.folder / "everyone.csv"
    written = made.batchreset("roster", "--out", out, environ=made.signing_in())
    assert written.code == 0, written.stderr
    assert written.stderr.endswith("active users: 5, of customers: 3; 0 federated, 0 synced\n")
    done = made.batchreset("run", out, "--run-id", "r", "--yes", environ=made.signing_in(REFRESH_TOKEN=None))
    assert done.code == 0, done.stderr
    assert outcomes(made.results()) == {"succeeded": 5}
    assert made.results()[0]["displayName"] == "'=Nóra, 0"
    prove(gather(made, out))


def test_a_plan_that_looks_first_leaves_out_whose_password_is_not_here(make_world: MakeWorld) -> None:
    """The table names what was found; apply then sends what the plan says and nothing else."""
    rows = accounts(5, 3)
    made = make_world(directory=directory(rows[:-1]))
    source = made.input(rows)
    planned = made.batchreset("plan", source, "--run-id", "r", "--online")
    assert planned.code == 0, planned.stderr
    assert made.resets == 0
    table = planned.stderr.splitlines()[:3]
    assert table[0].split()[0] == "customer"
    assert {tuple(line.split()) for line in table[1:]} == {
        (f"{CUSTOMERS[0][:13]}…", "5", "·", "1", "·", "1", "1"),
        (f"{CUSTOMERS[1][:13]}…", "3", "1", "·", "1", "·", "·"),
    }
    done = made.batchreset("apply", "r", "--yes", "--json")
    assert (done.code, made.resets) == (3, 6)
    findings = (made.runs / "r" / "findings.csv").read_text(encoding="utf-8").splitlines()
    assert findings[0] == "row,customer-tenant-id,user-id,found"
    assert [line.split(",")[3] for line in findings[1:]] == [
        "deleted",
        "federated",
        "synced",
        "privileged",
        "not_found",
    ]
    assert [line.split(",")[0] for line in findings[1:]] == sorted(line.split(",")[0] for line in findings[1:])
    reasons = {line["user-id"]: (line["outcome"], line["reason"]) for line in made.results()}
    assert reasons[rows[1].user] == ("skipped", "deleted")
    assert reasons[rows[2].user] == ("skipped", "federated")
    assert reasons[rows[-1].user] == ("failed", "not_found")
    assert "identity provider" in next(line["advice"] for line in made.results() if line["reason"] == "federated")
    prove(gather(made, source))


def test_a_plan_that_is_refused_leaves_nothing_behind(make_world: MakeWorld) -> None:
    rows = accounts(5)
    made = make_world(directory=directory(rows))
    refused = made.batchreset("run", made.input(rows), "--online", "--refuse", "privileged", "--yes")
    assert (refused.code, refused.stdout, made.resets) == (2, "", 0)
    assert f"row 5: privileged: {rows[4].customer} / {rows[4].user}" in refused.stderr
    assert TOKEN not in refused.stderr
    assert not made.runs.exists()


def test_a_dry_run_does_not_look(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(3))
    dry = made.batchreset("run", source, "--run-id", "r", "--online", "--dry-run")
    assert (dry.code, made.requests) == (0, 0)
    assert "--dry-run sends nothing: users are not read" in dry.stderr
    assert pl.read_parquet(made.runs / "r" / "plan.parquet")[REASON].null_count() == 3


@pytest.mark.parametrize(
    ("number", "code", "command"),
    [(signal.SIGINT, 130, "roster"), (signal.SIGTERM, 143, "plan")],
)
def test_a_signal_ends_it_at_once_and_nothing_is_left(
    make_world: MakeWorld, number: signal.Signals, code: int, command: str
) -> None:
    """Also while a request hangs: a GET need not be waited for."""
    rows = accounts(3)
    made = make_world(directory=directory(rows), hang_share=1.0, faults_on_reads=True)
    out = made.folder / "everyone.csv"
    arguments = ("roster", "--out", out) if command == "roster" else ("plan", made.input(rows), "--online")
    with made.started(*arguments) as process:
        until(lambda: made.requests)
        process.send_signal(number)
        assert process.wait(10) == code
    assert f"{number.name} was received" in made.said[-1]
    assert not out.exists()
    assert not made.runs.exists()


@pytest.mark.parametrize("has_column", [False, True], ids=["no column of names", "another name there"])
def test_a_protected_name_is_looked_up_before_the_first_reset_whatever_the_input_says(
    make_world: MakeWorld, *, has_column: bool
) -> None:
    rows = accounts(3, 2)
    named = DirectoryUser(customer=rows[3].customer, user=rows[3].user, user_principal_name="Glass@contoso.example")
    others = [row for row in rows if row.user != named.user]
    made = make_world(directory=(*directory(others)[:1], named, *directory(others)[1:]))
    source = made.input(rows)
    text = "\n".join(
        ["customer-tenant-id,user-id,userPrincipalName", *(f"{row.customer},{row.user},old.name@x" for row in rows)]
    )
    if has_column:
        source.write_text(text, encoding="utf-8")
    done = made.batchreset("run", source, "--run-id", "r", "--yes", "--protected", "glass@CONTOSO.example")
    assert "protected: by name 1, looked up before the first reset" in done.stderr
    ends = {line["user-id"]: (line["outcome"], line["reason"]) for line in made.results()}
    assert ends.pop(named.user) == ("skipped", "protected")
    assert made.resets == len(rows) - 1
    lists = [exchange for exchange in made.simulator.state.exchanges if exchange.route.value == "customerusers"]
    assert len(lists) == len({row.customer for row in rows})
