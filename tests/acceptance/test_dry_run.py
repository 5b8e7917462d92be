"""--dry-run does all but the requests."""

from collections.abc import Callable

from acceptance_world import World, accounts
from evidence import gather
from proof import prove

MakeWorld = Callable[..., World]


def test_a_dry_run_asks_nobody_anything_and_leaves_the_same_files(make_world: MakeWorld) -> None:
    """Not even for a token or whether MFA holds; then apply carries the plan out."""
    made = make_world()
    source = made.input(accounts(4, 3))
    dry = made.batchreset("run", source, "--run-id", "r", "--dry-run", environ={"BATCHRESET_AUTH__ACCESS_TOKEN": None})
    assert dry.code == 0, dry.stderr
    assert made.requests == 0
    assert dry.stdout.startswith("Run r: dry run, nothing was sent; 7 accounts would be reset\n")
    assert {(line["outcome"], line["reason"]) for line in made.results()} == {("not_attempted", "dry_run")}
    assert {"plan.parquet", "run.json", "results.csv", "summary.json", "log.ndjson"} <= {
        path.name for path in (made.runs / "r").iterdir()
    }
    prove(gather(made, source))

    applied = made.batchreset("apply", "r", "--yes")
    assert applied.code == 0, applied.stderr
    prove(gather(made, source))


def test_a_dry_run_of_a_planned_run_is_no_application_of_it(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(4, 3))
    assert made.batchreset("plan", source, "--run-id", "r").code == 0
    dry = made.batchreset("apply", "r", "--dry-run", "--json")
    assert (dry.code, dry.json["state"], made.requests) == (0, "dry_run", 0)
    assert made.batchreset("status", "r").stdout.startswith("Run r: planned (a dry run was made)\n")
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    prove(gather(made, source))


def test_bad_input_is_refused_in_a_dry_run_too(make_world: MakeWorld) -> None:
    made = make_world()
    bad = made.folder / "bad.csv"
    bad.write_text("customer-tenant-id,user-id\nx,y\n", encoding="utf-8")
    refused = made.batchreset("run", bad, "--dry-run")
    assert (refused.code, refused.stdout, made.requests) == (2, "", 0)
    assert sorted(path.name for path in made.runs.glob("*/*")) == ["lock", "problems.csv"]


def test_a_dry_run_that_was_to_read_users_is_no_plan_to_carry_out(make_world: MakeWorld) -> None:
    made = make_world()
    dry = made.batchreset(
        "run", made.input(accounts(2)), "--run-id", "r", "--dry-run", "--online", "--refuse", "synced"
    )
    assert (dry.code, made.requests) == (0, 0), dry.stderr
    refused = made.batchreset("apply", "r", "--yes")
    assert (refused.code, made.requests) == (2, 0)
    assert "which reads nobody" in refused.stderr
