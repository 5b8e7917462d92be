"""It would rather stop than harm: canary, failure rate, protected accounts, ceilings."""

from collections.abc import Callable

import pytest
from acceptance_world import CUSTOMERS, Account, World, accounts, outcomes
from evidence import gather
from proof import prove

MakeWorld = Callable[..., World]
FORBIDDEN = {"forbidden_customers": frozenset(CUSTOMERS)}


def test_a_canary_of_403s_stops_the_run_and_only_apply_takes_it_up(make_world: MakeWorld) -> None:
    made = make_world(**FORBIDDEN)
    source = made.input(accounts(30, 20, 10))
    stopped = made.batchreset("run", source, "--run-id", "r", "--yes")
    assert stopped.code == 4, stopped.stderr
    assert 2 <= made.resets <= 10
    assert "error: too many of the canary rows did not succeed" in stopped.stderr
    assert "what to do: " in stopped.stderr
    assert {(line["outcome"], line["reason"]) for line in made.results()} == {
        ("failed", "forbidden"),
        ("not_attempted", "canary"),
    }
    prove(gather(made, source))

    before = made.requests
    again = made.batchreset("run", source, "--run-id", "r", "--json")
    assert (again.code, again.json, made.requests) == (4, made.summary(), before)

    taken_up = made.batchreset("apply", "r", "--yes")
    assert taken_up.code == 4, taken_up.stderr
    assert before < made.requests <= before + 11
    prove(gather(made, source))


def test_a_canary_that_succeeds_is_followed_by_the_rest(make_world: MakeWorld) -> None:
    """The first ten requests are of ten accounts, of every customer, and end before the eleventh is sent."""
    made = make_world(latency_seconds=0.02)
    source = made.input(accounts(20, 6, 2))
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    ordered = sorted(made.results(), key=lambda line: line["first_sent_at"])
    canary, rest = ordered[:10], ordered[10:]
    assert {line["customer-tenant-id"] for line in canary} == set(CUSTOMERS[:3])
    assert max(line["completed_at"] for line in canary) <= min(line["first_sent_at"] for line in rest)


def test_a_rising_failure_rate_stops_the_run(make_world: MakeWorld) -> None:
    """A quarter of the users are gone; the run ends after a tenth of 200, not at its end."""
    rows = accounts(60, 60)
    made = make_world(missing_users=frozenset(row.user for row in rows[1::4]))
    source = made.input(rows)
    stopped = made.batchreset(
        "run", source, "--run-id", "r", "--yes", "--canary", "0", "--max-failure-rate", "0.05"
    )  # fmt: skip
    assert stopped.code == 4, stopped.stderr
    counts = outcomes(made.results())
    assert 11 <= counts["failed"] <= 11 + 8
    assert counts["not_attempted"] > 40
    assert made.summary()["stop"]["reason"] == "failure_rate"
    prove(gather(made, source))


def test_max_failures_is_absolute(make_world: MakeWorld) -> None:
    rows = accounts(20, 20)
    made = make_world(missing_users=frozenset(row.user for row in rows[::3]))
    source = made.input(rows)
    arguments = ("--canary", "0", "--max-failures", "2", "--max-failure-rate", "1", "--max-concurrency", "1")
    stopped = made.batchreset("run", source, "--run-id", "r", "--yes", *arguments)
    assert stopped.code == 4, stopped.stderr
    assert outcomes(made.results()) == {"succeeded": 4, "failed": 3, "not_attempted": 33}
    assert made.summary()["stop"]["reason"] == "max_failures"
    prove(gather(made, source))


def test_max_duration_ends_a_run_in_order(make_world: MakeWorld) -> None:
    made = make_world(latency_seconds=0.3)
    source = made.input(accounts(20, 20))
    stopped = made.batchreset("run", source, "--run-id", "r", "--yes", "--max-duration", "1s", "--max-concurrency", "2")
    assert stopped.code == 4, stopped.stderr
    assert {reason["reason"] for reason in made.summary()["reasons"]} == {"max_duration"}
    assert outcomes(made.results()).get("succeeded", 0) == made.resets
    prove(gather(made, source))


@pytest.mark.parametrize(
    ("content", "spared"),
    [
        ("User ID\n{first.user}\n", {0}),
        ("customer-tenant-id\n{{{second.customer}}}\n", {1}),
        ("customer-tenant-id,user-id\n{third.customer},{third.user}\n", {2}),
        ("userPrincipalName\nBREAK.Glass@contoso.example\n", {3}),
    ],
    ids=["by user", "by customer", "by both", "by name"],
)
def test_a_protected_account_is_never_touched(make_world: MakeWorld, content: str, spared: set[int]) -> None:
    made = make_world()
    first, third, fourth = accounts(3)
    second = Account(customer=CUSTOMERS[1], user=accounts(1, start=50)[0].user)
    names = ["a@contoso.example", "b@fabrikam.example", "c@contoso.example", "break.glass@contoso.example"]
    rows = [first, second, third, fourth]
    source = made.folder / "users.csv"
    lines = [f"{row.customer},{row.user},{name}" for row, name in zip(rows, names, strict=True)]
    source.write_text("\n".join(["customer-tenant-id,user-id,userPrincipalName", *lines]), encoding="utf-8")
    protected = made.folder / "break-glass.csv"
    protected.write_text(content.format(first=first, second=second, third=third), encoding="utf-8")
    finished = made.batchreset("run", source, "--run-id", "r", "--yes", "--protected", protected)
    assert finished.code == 0, finished.stderr
    assert {number for number, line in enumerate(made.results()) if line["reason"] == "protected"} == spared
    assert made.simulator.state.in_force.keys() == {rows[number].user for number in {0, 1, 2, 3} - spared}
    prove(gather(made, source))


def test_only_the_named_customers_may_appear(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(2, 1))
    refused = made.batchreset("run", source, "--yes", "--customer", CUSTOMERS[0])
    assert (refused.code, refused.stdout, made.requests) == (2, "", 0)
    assert CUSTOMERS[1] in refused.stderr
    both = ("--customer", CUSTOMERS[0], "--customer", CUSTOMERS[1])
    assert made.batchreset("run", source, "--run-id", "r", "--yes", *both).code == 0
    prove(gather(made, source))


def test_a_larger_input_than_max_rows_is_refused(make_world: MakeWorld) -> None:
    made = make_world()
    refused = made.batchreset("run", made.input(accounts(6)), "--yes", "--max-rows", "5")
    assert (refused.code, refused.stdout, made.requests) == (2, "", 0)
    assert "has more than 5 rows, which max_rows under [input] allows" in refused.stderr
    assert not made.runs.exists()
