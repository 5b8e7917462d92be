"""The ways round the 24-hour guard that were found, each closed: the ledgers decide, on every path that would send."""

import dataclasses
import gzip
import json
from collections.abc import Callable

from acceptance_world import World, accounts, outcomes, until
from evidence import gather
from proof import prove

MakeWorld = Callable[..., World]
ROWS = accounts(4, 3)
NO_TOKEN = {"BATCHRESET_AUTH__ACCESS_TOKEN": None}


def refused(made: World, *arguments: str) -> None:
    before = made.resets
    second = made.batchreset(*arguments, "--yes")
    assert (second.code, made.resets) == (2, before), second.stderr
    assert "the same accounts were reset by the run r" in second.stderr


def test_another_file_and_a_longer_list_make_the_same_input_no_other(make_world: MakeWorld) -> None:
    """The same accounts in another order and format; and though one of them is protected by then."""
    made = make_world()
    assert made.batchreset("run", made.input(ROWS), "--run-id", "r", "--yes").code == 0
    lines = [
        json.dumps({"userId": row.user.upper(), "customer_tenant_id": f"{{{row.customer}}}", "n": position})
        for position, row in enumerate(reversed(ROWS))
    ]
    (made.folder / "renamed.ndjson.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    refused(made, "run", "renamed.ndjson.gz", "--run-id", "renamed")
    fewer = made.batchreset("run", "renamed.ndjson.gz", "--run-id", "fewer", "--yes", "--protected", ROWS[2].user)
    assert (fewer.code, made.resets) == (2, len(ROWS))
    assert "the accounts that this input names were reset, but for those left out, by the run r" in fewer.stderr
    assert made.batchreset("run", made.input(ROWS[1:], "others.csv"), "--run-id", "others", "--yes").code == 0
    assert made.resets == 2 * len(ROWS) - 1


def test_a_dry_run_of_a_finished_run_forgets_nothing(make_world: MakeWorld) -> None:
    made = make_world(missing_users=frozenset({ROWS[0].user}))
    assert made.batchreset("run", made.input(ROWS), "--run-id", "r", "--yes").code == 3
    results, summary = made.results(), made.summary()
    dry = made.batchreset("apply", "r", "--retry-failed", "--dry-run")
    assert dry.code == 0
    assert (made.results(), made.summary()) == (results, summary)
    refused(made, "run", "users.csv", "--run-id", "other")


def test_a_summary_that_is_gone_forgets_nothing(make_world: MakeWorld) -> None:
    made = make_world()
    made.batchreset("run", made.input(ROWS), "--run-id", "r", "--yes")
    (made.runs / "r" / "summary.json").unlink()
    made.looked_at.add("r")  # it lacks its summary
    refused(made, "run", "users.csv", "--run-id", "other")


def test_runs_that_were_planned_or_begun_before_are_asked_too(make_world: MakeWorld) -> None:
    """`run` with the id of a plan, and `apply` of a run whose first session had no token."""
    made = make_world()
    source = made.input(ROWS)
    assert made.batchreset("plan", source, "--run-id", "planned").code == 0
    assert made.batchreset("plan", source, "--run-id", "begun").code == 0
    assert made.batchreset("apply", "begun", "--yes", environ=NO_TOKEN).code == 5
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    refused(made, "run", "users.csv", "--run-id", "planned")
    refused(made, "apply", "begun")
    assert made.batchreset("apply", "begun", "--yes", "--again").code == 0


def test_a_run_that_was_begun_with_again_is_carried_on_without(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(ROWS)
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    assert made.batchreset("run", source, "--run-id", "b", "--yes", "--again", environ=NO_TOKEN).code == 5
    assert made.batchreset("apply", "b", "--yes").code == 0
    assert made.resets == 2 * len(ROWS)


def test_two_runs_of_the_same_accounts_at_once_are_one(make_world: MakeWorld) -> None:
    made = make_world(latency_seconds=0.5)
    source = made.input(ROWS)
    assert made.batchreset("plan", source, "--run-id", "two").code == 0
    with made.started("run", source, "--run-id", "one", "--yes", "--max-concurrency", "1") as first:
        until(lambda: made.resets)
        second = made.batchreset("apply", "two", "--yes")
        assert second.code == 11
        assert "another run of the same accounts is under way" in second.stderr
        assert first.wait() == 0
    assert made.resets == len(ROWS)


def test_a_plain_run_minds_one_that_was_begun_with_again_and_not_the_other_way_round(make_world: MakeWorld) -> None:
    made = make_world(latency_seconds=0.5)
    source = made.input(ROWS[:3])
    with made.started("run", source, "--run-id", "one", "--yes", "--again", "--max-concurrency", "1") as first:
        until(lambda: made.resets)
        assert made.batchreset("run", source, "--run-id", "two", "--yes").code == 11
        assert made.batchreset("run", source, "--run-id", "three", "--yes", "--again").code == 0
        assert first.wait() == 0
    assert made.resets == 2 * 3


def test_a_run_that_was_stopped_is_named_to_who_begins_it_anew(make_world: MakeWorld) -> None:
    made = make_world(missing_users=frozenset({ROWS[0].user}))
    source = made.input(ROWS)
    stopping = ("--max-failure-rate", "0", "--canary", "0", "--max-concurrency", "1", "--order", "input")
    assert made.batchreset("run", source, "--run-id", "stopped", "--yes", *stopping).code == 4
    anew = made.batchreset("run", source, "--run-id", "anew", "--yes")
    assert "note: the run stopped of the same accounts was not finished; `batchreset apply" in anew.stderr
    assert (made.runs / "stopped").as_posix() in anew.stderr


def test_a_fixed_run_id_with_a_new_input_is_not_taken_for_done(make_world: MakeWorld) -> None:
    """As cron would start it: the input stands in the job file."""
    made = make_world()
    source = made.input(ROWS)
    (made.folder / "job.toml").write_text('[input]\npath = "users.csv"\n', encoding="utf-8")
    nightly = ("run", "--job", "job.toml", "--run-id", "nightly", "--yes")
    assert made.batchreset(*nightly).code == 0
    prove(gather(made, source, "nightly"))
    made.input(accounts(5, 5))
    other = made.batchreset(*nightly)
    assert other.code == 2
    assert "was planned from another input" in other.stderr
    source.unlink()
    assert made.batchreset(*nightly).code == 0


def test_results_never_overwrite_what_cannot_be_had_again(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(ROWS)
    before = source.read_bytes()
    assert made.batchreset("run", source, "--run-id", "x", "--yes", "--results", source).code == 2
    assert source.read_bytes() == before
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    plan = made.runs / "r" / "plan.parquet"
    frozen = plan.read_bytes()
    assert made.batchreset("results", "r", "--results", plan).code == 2
    assert plan.read_bytes() == frozen
    assert outcomes(made.results()) == {"succeeded": len(ROWS)}


def test_what_the_settings_name_is_the_same_from_every_folder(make_world: MakeWorld) -> None:
    made = make_world()
    (made.folder / "ca.pem").write_bytes(made.simulator.ca_file.read_bytes())
    planned = made.batchreset("plan", made.input(ROWS), "--run-id", "r", "--ca-file", "ca.pem", "--results", "out.csv")
    assert planned.code == 0
    elsewhere = made.folder / "elsewhere"
    elsewhere.mkdir()
    moved = dataclasses.replace(made, folder=elsewhere)
    assert moved.batchreset("apply", made.runs / "r", "--yes").code == 0
    assert (made.folder / "out.csv").is_file()
