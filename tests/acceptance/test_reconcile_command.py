"""A run beside Partner Center's own records: settled, or in doubt still; sure, or only possible; and never a reset."""

import csv
import datetime as dt
import io
import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acceptance_world import TOKEN, World, accounts, outcomes
from evidence import gather
from proof import hand_over, prove
from syscalls import Kill, Kind, Match, Rule, Watch

from batchreset.adapters.run_folder import RunFolder, find_folder, holding
from batchreset.core.columns import RECONCILE
from batchreset.errors import PlanRefusedError
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.reconciling import Telling, reconcile

MakeWorld = Callable[..., World]

ONCE = ("--run-id", "r", "--yes", "--max-attempts", "1", "--max-failure-rate", "1", "--canary", "0")
LOST = {"lost_applied_share": 0.4, "error_share": 0.3, "seed": 3}
"""Of ten accounts three are lost though applied, and four are answered with a server error."""
VERSION_2 = """
ALTER TABLE attempts DROP COLUMN sender; ALTER TABLE sessions DROP COLUMN lease_ms;
DROP TABLE records; DROP TABLE settlements; DROP TABLE certainties; DROP TABLE writer;
ALTER TABLE attempts DROP COLUMN sent_correlation_id; PRAGMA user_version = 2;
"""


def begun(made: World) -> Path:
    """A run of ten accounts, whatever came of it; its input."""
    source: Path = made.input(accounts(6, 4))
    assert made.batchreset("run", source, *ONCE).code == 3
    return source


def differences(made: World) -> list[dict[str, str]]:
    text = (made.runs / "r" / "reconcile.csv").read_text(encoding="utf-8")
    lines = list(csv.reader(io.StringIO(text)))
    assert tuple(lines[0]) == RECONCILE
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def certainties(made: World) -> Counter[str]:
    return Counter(line["certainty"] for line in hand_over(made.runs / "r", made.key))


def written(made: World) -> dict[str, bytes]:
    return {name: (made.runs / "r" / name).read_bytes() for name in ("results.csv", "summary.json", "reconcile.csv")}


def told(made: World) -> Counter[str]:
    """Events of the run's log."""
    events = [json.loads(line) for line in (made.runs / "r" / "log.ndjson").read_text(encoding="utf-8").splitlines()]
    return Counter(event["event"] for event in events if event["event"].startswith(("row.settled", "reconcile.")))


def test_rows_in_doubt_are_settled_and_never_sent_again(make_world: MakeWorld) -> None:
    """Done once more it comes to the same; and the run that ended with 3 ends with it, for those that failed.

    Answers that came spell their ids oddly, or tell others: what was sent is what is recorded.
    """
    made = make_world(**LOST, audit_page_most=4, odd_head_share=0.3)
    source = begun(made)
    assert outcomes(made.results()) == {"succeeded": 3, "in_doubt": 7}
    resets = made.resets
    compared = made.batchreset("reconcile", "r")
    assert (compared.code, compared.stderr, made.resets) == (0, "", resets)
    assert told(made) == {"reconcile.began": 1, "row.settled": 7, "reconcile.ended": 1}
    assert "no difference" in compared.stdout
    assert "10 records of 2 customers" in compared.stdout
    assert outcomes(made.results()) == {"succeeded": 6, "failed": 4}
    assert Counter((line["outcome"], line["reason"]) for line in made.results()) == {
        ("succeeded", ""): 3,
        ("succeeded", "reconciled"): 3,
        ("failed", "reconciled"): 4,
    }
    assert certainties(made) == {"in_force": 6}
    prove(gather(made, source))

    before = written(made)
    assert made.batchreset("reconcile", "r").stdout == compared.stdout
    assert written(made) == before
    assert made.summary()["exit_code"] == 3
    assert made.batchreset("apply", "r", "--yes").code == 3
    assert made.resets == resets
    assert written(made) == before
    # Those that surely failed are taken up when that is asked for, and those alone.
    assert made.batchreset("apply", "r", "--yes", "--retry-failed").code in {0, 3}
    assert made.resets == resets + 4
    prove(gather(made, source))


def test_when_all_is_settled_well_the_run_exits_with_0_from_then_on(make_world: MakeWorld) -> None:
    """Though its ledger is one of an earlier version."""
    made = make_world(lost_applied_share=1.0)
    source = begun(made)
    with sqlite3.connect(made.runs / "r" / "ledger.sqlite") as ledger:
        ledger.executescript(VERSION_2)
    ledger.close()
    assert certainties(made) == {"possible": 10}
    found = made.batchreset("reconcile", "r", "--json")
    assert (found.code, found.json["settled"]) == (0, {"succeeded": 10, "failed": 0, "in_doubt": 0})
    assert found.json["differences"] == {}
    assert made.batchreset("run", source, *ONCE).code == 0
    assert certainties(made) == {"in_force": 10}
    prove(gather(made, source))


def test_what_somebody_else_has_reset_since_is_possible_only_and_ends_with_3(make_world: MakeWorld) -> None:
    made = make_world(**LOST, audit_foreign_share=1.0)
    source = begun(made)
    compared = made.batchreset("reconcile", "r")
    assert compared.code == 3
    assert "6  somebody_else" in compared.stdout
    lines = differences(made)
    assert [line["difference"] for line in lines] == ["somebody_else"] * 6
    assert {line["recorded_by"] for line in lines} == {"somebody.else@partner.example"}
    assert {line["outcome"] for line in lines} == {"succeeded"}
    assert certainties(made) == {"possible": 6}
    rows = [line for line in made.results() if line["outcome"] == "succeeded"]
    assert {(line["reason"], "look at the user" in line["advice"]) for line in rows} == {("doubted", True)}
    assert {"outcome": "succeeded", "reason": "doubted", "rows": 6} in made.summary()["reasons"]
    prove(gather(made, source))


def test_a_record_that_is_missing_proves_nothing_and_settles_when_it_comes(make_world: MakeWorld) -> None:
    made = make_world(**LOST)
    source = begun(made)
    audited = made.simulator.state.audited
    late = audited.copy()
    audited.clear()
    early = made.batchreset("reconcile", "r")
    assert early.code == 3
    assert "Records appear late" in early.stdout
    assert Counter(line["difference"] for line in differences(made)) == {"in_doubt": 7, "not_recorded": 3}
    assert outcomes(made.results()) == {"succeeded": 3, "in_doubt": 7}
    prove(gather(made, source))

    audited.extend(late)
    assert made.batchreset("reconcile", "r").code == 0
    # What was seen once is kept, whatever becomes of it there.
    audited.clear()
    assert made.batchreset("reconcile", "r").code == 0
    assert certainties(made) == {"in_force": 6}
    prove(gather(made, source))


def test_a_row_that_stays_in_doubt_gets_a_new_password_which_is_then_the_one_in_force(make_world: MakeWorld) -> None:
    made = make_world(lost_share=1.0, seed=1)
    source = begun(made)
    assert made.batchreset("reconcile", "r").code == 3
    assert certainties(made) == {"possible": 10}
    assert made.batchreset("apply", "r", "--yes").code == 3
    assert certainties(made) == {"possible": 20}
    assert [line["difference"] for line in differences(made)] == ["in_doubt"] * 10
    prove(gather(made, source))


def test_a_run_that_was_stopped_is_still_stopped_and_goes_on_with_what_is_left(make_world: MakeWorld) -> None:
    made = make_world(**LOST)
    source = made.input(accounts(6, 4))
    stopped = made.batchreset("run", source, "--run-id", "r", "--yes", "--max-attempts", "1", "--canary", "3")
    before = made.summary()
    assert (stopped.code, before["state"], before["outcomes"]["not_attempted"]) == (4, "stopped", 7)
    assert made.batchreset("reconcile", "r").code == 0
    after = made.summary()
    assert after["outcomes"]["in_doubt"] == 0
    changed = {"outcomes", "reasons", "duration_seconds"}  # of whole milliseconds
    assert {**after, **dict.fromkeys(changed)} == {**before, **dict.fromkeys(changed)}
    resets = made.resets
    made.batchreset("apply", "r", "--yes")
    assert resets < made.resets <= resets + 7
    prove(gather(made, source))


def killed_and_compared(made: World, *lost: str) -> None:
    """The ledger as if the process had been killed before it noted who is in doubt, and what `lost` takes away."""
    with sqlite3.connect(made.runs / "r" / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE sessions SET ended_at = NULL")
        for statement in lost:
            ledger.execute(statement)
        ledger.execute("DELETE FROM outcomes WHERE outcome = 'in_doubt'")
    ledger.close()
    (made.runs / "r" / "summary.json").unlink()
    compared = made.batchreset("reconcile", "r", "--json")
    assert compared.json["settled"] == {"succeeded": 3, "failed": 0, "in_doubt": 0}
    assert compared.json["differences"] == {"in_doubt": 4}


def test_a_run_that_was_killed_keeps_in_doubt_what_nobody_could_note(make_world: MakeWorld) -> None:
    """Its rows are open: those that are recorded as set are settled, the others go on with the run."""
    made = make_world(**LOST)
    source = begun(made)
    killed_and_compared(made)
    assert made.summary()["state"] == "stopped"
    prove(gather(made, source, killed=True))
    resets = made.resets
    made.batchreset("apply", "r", "--yes")
    assert made.resets == resets + 4
    prove(gather(made, source, killed=True))


def test_what_a_killed_process_had_under_way_is_known_by_its_record(make_world: MakeWorld) -> None:
    """Nothing of the exchange was noted; its correlation id follows from what was noted before it."""
    made = make_world(**LOST)
    source = begun(made)
    killed_and_compared(made, "DELETE FROM attempts WHERE row IN (SELECT row FROM outcomes WHERE outcome = 'in_doubt')")
    prove(gather(made, source, killed=True))


def test_killed_within_it_done_once_more_it_is_whole(make_world: MakeWorld, tmp_path: Path) -> None:
    """The ledger is written, and nothing that is made of it; a commit that is torn is the ledger's own test."""
    rule = Rule(match=Match(kinds=frozenset({Kind.RENAME}), name="reconcile.csv"), do=Kill(before=True))
    made = make_world(**LOST)
    source = begun(made)
    watch = Watch(root=made.runs, recording=tmp_path / "recording", rules=[rule])
    assert made.batchreset("reconcile", "r", watch=watch).code == -signal.SIGKILL
    assert not (made.runs / "r" / "reconcile.csv").exists()
    assert certainties(made) == {"in_force": 6}
    assert outcomes(made.results())["in_doubt"] == 7
    again = made.batchreset("run", source, *ONCE, "--json")
    assert again.json["outcomes"]["in_doubt"] == 0
    assert outcomes(made.results())["succeeded"] == 6
    assert made.batchreset("reconcile", "r").code == 0
    assert certainties(made) == {"in_force": 6}
    prove(gather(made, source))


def test_what_cannot_be_compared_is_refused_before_anything_is_asked(make_world: MakeWorld) -> None:
    """Nothing was sent yet; another process holds the run; no log can be written; records are kept for 90 days only."""
    made = make_world(lost_applied_share=1.0)
    assert made.batchreset("plan", made.input(accounts(2), "two.csv"), "--run-id", "two").code == 0
    early = made.batchreset("reconcile", "two")
    assert (early.code, made.requests) == (2, 0)
    assert "nothing has been sent" in early.stderr

    begun(made)
    requests = made.requests
    with holding(RunFolder(made.runs / "r")):
        assert made.batchreset("reconcile", "r").code == 11
    nowhere = made.batchreset("reconcile", "r", "--log-file", made.folder / "nowhere" / "log")
    assert nowhere.code == 2
    assert "--log-file" in nowhere.stderr
    with pytest.raises(PlanRefusedError, match="90 days") as caught:
        compared_after(made, days=100)
    assert "apply" in caught.value.next_step
    assert made.requests == requests
    assert compared_after(made, days=89)["exit_code"] == 0


def compared_after(made: World, *, days: int) -> dict[str, Any]:
    telling = Telling(log_files=(), log_level=20, stderr=io.StringIO(), shown=50, say=lambda _line: None)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    run = read_frozen(find_folder("r", made.runs))
    return reconcile(run, telling, environ={"BATCHRESET_AUTH__ACCESS_TOKEN": "x"}, now=later)


def test_when_the_records_may_not_be_read_nothing_is_changed(make_world: MakeWorld) -> None:
    made = make_world(lost_applied_share=1.0, token=TOKEN)
    begun(made)
    before = {path.name: path.read_bytes() for path in (made.runs / "r").iterdir() if path.name != "log.ndjson"}
    another = made.batchreset("reconcile", "r", environ={"BATCHRESET_AUTH__ACCESS_TOKEN": "another"})
    assert (another.code, another.stdout) == (5, "")
    assert "nothing was changed" in another.stderr
    assert {path.name: path.read_bytes() for path in (made.runs / "r").iterdir() if path.name != "log.ndjson"} == before
