"""The report is there when a run ends, says what the results say, and is never what a run fails of."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from acceptance_world import World, accounts, until
from evidence import gather
from proof import Page, page_complaints, prove

ON = {"BATCHRESET_OUTPUT__REPORT": "true"}
MAKES_IT = "batchreset.wiring.report"
RUN = ("run", "users.csv", "--run-id", "r", "--yes", "--canary", "0", "--max-failure-rate", "1")


def read(made: World, run: str = "r") -> Page:
    return Page.of((made.runs / run / "report.html").read_text(encoding="utf-8"))


def events(made: World, name: str) -> list[dict[str, object]]:
    lines = (made.runs / "r" / "log.ndjson").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == name]


def test_a_run_leaves_a_report_whose_figures_are_the_results(make_world: Callable[..., World]) -> None:
    """Of a run that was throttled, refused and left in doubt."""
    rows = accounts(12, 5, 3)
    made = make_world(
        missing_users=frozenset(row.user for row in rows[::9]), partner_limit=15, partner_window_seconds=1,
        lost_applied_share=0.1,
    )  # fmt: skip
    source = made.input(rows)
    finished = made.batchreset(*RUN, "--max-attempts", "1", environ=ON)
    report = made.runs / "r" / "report.html"
    assert finished.code == 3
    assert f"\n  report     {report}\n" in finished.stdout
    assert made.summary()["files"]["report"] == str(report)
    assert report.stat().st_mode & 0o777 == 0o600
    # Figures, secrets, modes: the checker looks at every file.
    prove(gather(made, source))
    figures = read(made).figures
    assert figures["outcome.in_doubt"] > 0
    assert figures["kind.throttled"] > 0


def test_a_report_that_cannot_be_made_is_a_warning(make_world: Callable[..., World]) -> None:
    """Nothing else is lost by it: not the exit code, the results, the summary or what the log says."""
    made = make_world()
    made.input(accounts(3))
    assert made.batchreset("plan", "users.csv", "--run-id", "r", environ=ON).code == 0
    (made.runs / "r" / "report.html").mkdir(mode=0o700)
    finished = made.batchreset("apply", "r", "--yes")
    (made.runs / "r" / "report.html").rmdir()
    why = f"the report could not be written to {made.runs / 'r' / 'report.html'} (Is a directory)"
    assert finished.code == 0
    assert finished.stderr.splitlines()[-1] == (
        f"warning: there is no report ({why}); to have one: batchreset report {made.runs / 'r'}"
    )
    assert [event["why"] for event in events(made, "report.failed")] == [why]
    assert "report" not in made.summary()["files"]
    assert "  report " not in finished.stdout
    assert (len(made.results()), made.summary()["state"]) == (3, "finished")


class Interrupting:
    """Presses Ctrl-C when what makes the report is looked for."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name == MAKES_IT:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_skips_the_report_and_changes_nothing_else(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes while what makes it is being imported."""
    made = make_world()
    made.input(accounts(3))
    assert made.batchreset(*RUN, "--dry-run", environ=ON).code == 0
    assert reports(made) == ["report.html"]
    monkeypatch.delitem(sys.modules, MAKES_IT, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert made.batchreset("apply", "r", "--dry-run").code == 0
    assert reports(made) == [], "one of an earlier time tells other figures"
    monkeypatch.delitem(sys.modules, MAKES_IT, raising=False)
    finished = made.batchreset("apply", "r", "--yes")
    assert finished.code == 0
    assert finished.stderr.splitlines()[-1] == (
        f"warning: there is no report (SIGINT was received); to have one: batchreset report {made.runs / 'r'}"
    )
    assert reports(made) == []
    assert (len(made.results()), made.summary()["state"]) == (3, "finished")


def reports(made: World) -> list[str]:
    return [path.name for path in (made.runs / "r").iterdir() if "report" in path.name]


def test_no_report_where_none_is_wanted(make_world: Callable[..., World]) -> None:
    made = make_world()
    made.input(accounts(2))
    assert made.batchreset(*RUN, "--no-report", environ=ON).code == 0
    assert not (made.runs / "r" / "report.html").exists()
    assert "report" not in made.summary()["files"]


def test_the_command_tells_of_a_run_at_any_time(make_world: Callable[..., World]) -> None:
    """Planned, tried without sending, and stopped by a limit; each time as its results file says."""
    made = make_world(missing_users=frozenset(row.user for row in accounts(9)))
    made.input(accounts(9))
    assert made.batchreset("plan", "users.csv", "--run-id", "r", "--canary", "2").code == 0
    told = made.batchreset("report", "r", "--out", "early.html")
    assert (told.code, told.stdout) == (0, "early.html\n")
    early = Page.of((made.folder / "early.html").read_text(encoding="utf-8"))
    assert (early.figures["to_reset"], early.figures["settled"], "exit_code" in early.figures) == (9, 0, False)
    assert "Planned and not begun: 9 accounts to be reset." in early.words

    assert made.batchreset("apply", "r", "--dry-run").code == 0
    assert made.batchreset("report", "r").code == 0
    assert list(page_complaints_of(made)) == []
    assert "Dry run, nothing was sent: 9 accounts would be reset." in read(made).words

    assert made.batchreset("apply", "r", "--yes").code == 4
    assert not (made.runs / "r" / "report.html").exists(), "one that tells other figures"
    assert made.batchreset("report", "r").code == 0
    assert list(page_complaints_of(made)) == []
    stopped = read(made)
    assert "Why it ended early" in stopped.words
    assert stopped.figures["exit_code"] == 4
    listing = f"grep ',not_attempted,canary,' {made.runs / 'r' / 'results.csv'}"
    assert listing in stopped.words
    listed = subprocess.run(shlex.split(listing), capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(listed) == stopped.figures["needs.not_attempted.canary"] == 7


def page_complaints_of(made: World) -> Iterator[str]:
    html = (made.runs / "r" / "report.html").read_text(encoding="utf-8")
    return page_complaints(html, made.results(), made.summary())


def test_of_a_run_that_goes_on_or_was_killed_it_tells_what_is_done(make_world: Callable[..., World]) -> None:
    made = make_world(latency_seconds=0.02)
    made.input(accounts(14, 10))
    with made.started(*RUN, "--max-concurrency", "2", environ=ON):
        until(lambda: made.resets > 6)
        assert made.batchreset("report", "r").code == 0
        going_on = read(made)
    assert "Still going on: " in going_on.words
    assert going_on.figures["outcome.succeeded"] >= 1
    assert going_on.figures["outcome.in_doubt"] == 0
    assert going_on.figures["rows"] == 24
    done, under_way = going_on.figures["settled"], going_on.figures.get("under_way", 0)
    assert done + under_way + going_on.figures["outcome.not_attempted"] == going_on.figures["to_reset"]
    assert f"batchreset status {made.runs / 'r'} --watch" in going_on.words
    assert made.batchreset("report", "r").code == 0
    killed = read(made)
    assert "Broken off in the middle: " in killed.words
    assert "exit_code" not in killed.figures
    assert killed.figures["settled"] == 24 - killed.figures["outcome.not_attempted"]
    assert "is not known to this page: the run was killed." in killed.words
    assert made.batchreset(*RUN, environ=ON).code == 0
    assert list(page_complaints_of(made)) == []
    assert (read(made).figures["session.1.exchanges"] > 0, read(made).figures["settled"]) == (True, 24)


def test_limits_that_were_found_are_drawn_in_and_one_customers_with_its_own_requests(
    make_world: Callable[..., World],
) -> None:
    made = make_world()
    made.input(accounts(7, 3))
    assert made.batchreset(*RUN).code == 0
    known = {"shape": "window", "window_seconds": 60.0, "refused": 1, "waited_seconds": 2.5}
    customers = made.results()[1]["customer-tenant-id"]
    summary = made.summary()
    summary["pacing"]["limits"] = [
        {"scope": "partner", "limit": 600, **known},
        {"scope": customers, "limit": 60, **known},
    ]
    (made.runs / "r" / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    made.looked_at.add("r")
    assert made.batchreset("report", "r").code == 0
    page = read(made)
    assert page.figures["limit.partner.requests"] == 600
    assert page.figures[f"limit.{customers}.requests"] == 60
    whole, slowest = page.words.split(f"Requests over time of the customer that waited longest, {customers} ", 1)
    assert "Found limit: 600 requests in 60 s, 10 a second on the average." in whole
    assert "Found limit: 60 requests in 60 s, 1 a second on the average." in slowest
    assert sum(made.results()[row]["customer-tenant-id"] == customers for row in range(10)) == 3
    assert "from reset 0:00 3 " in slowest


@pytest.mark.parametrize("missing", [True, False])
def test_of_more_customers_than_are_listed_a_command_counts_the_others_too(
    make_world: Callable[..., World], *, missing: bool
) -> None:
    rows = [replace(one, customer=f"c0000000-0000-4000-8000-{index:012}") for index, one in enumerate(accounts(23))]
    made = make_world(missing_users=frozenset(account.user for account in rows if missing))
    made.input(rows)
    made.batchreset(*RUN)
    assert made.batchreset("report", "r").code == 0
    page = read(made)
    command = page.words[page.words.index("awk -F") :].split(" Requests and limits")[0]
    listed = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout.splitlines()
    ended = "" if missing else " succeeded"
    assert sorted(listed) == [f"1 {account.customer}{ended}" for account in rows]
    assert page.figures["customers"] == 23


def test_of_accounts_that_were_all_protected_since_nothing_is_said_to_be_missing(
    make_world: Callable[..., World],
) -> None:
    made = make_world()
    rows = accounts(3)
    made.input(rows)
    never = made.folder / "never.csv"
    never.write_text(f"user-id\n{accounts(1, start=90)[0].user}\n", encoding="utf-8")
    assert made.batchreset("plan", "users.csv", "--run-id", "r", "--protected", never, environ=ON).code == 0
    never.write_text("\n".join(["user-id", *(row.user for row in rows)]), encoding="utf-8")
    assert made.batchreset("apply", "r", "--yes").code == 0
    assert list(page_complaints_of(made)) == []
    page = read(made)
    assert "No account was reset: all were left out." in page.words
    assert (page.figures["to_reset"], page.figures["settled"], page.figures["reason.skipped.protected"]) == (0, 0, 3)


def test_it_overwrites_nothing_of_the_run(make_world: Callable[..., World]) -> None:
    made = make_world()
    made.input(accounts(1))
    made.batchreset("plan", "users.csv", "--run-id", "r")
    for out in ("users.csv", "runs/r/ledger.sqlite", "runs/r/other.html"):
        refused = made.batchreset("report", "r", "--out", out)
        assert refused.code == 2
        assert refused.stderr.startswith("error: the report would overwrite ")


def _untouched(folder: Path) -> dict[str, tuple[int, ...]]:
    """Its files and pipes by name: which they are and when they were written; when they were read is free."""
    return {
        path.name: (state.st_mode, state.st_ino, state.st_size, state.st_mtime_ns)
        for path in folder.iterdir()
        if path.is_file() or path.is_fifo()
        for state in [path.lstat()]
    }


def test_it_overwrites_nothing_but_a_report(make_world: Callable[..., World], tmp_path: Path) -> None:
    """A key, somebody's page, a pipe, a device by a link; of a link to a report the report."""
    made = make_world()
    made.input(accounts(1))
    made.batchreset("plan", "users.csv", "--run-id", "r")
    (tmp_path / "key").write_text("AGE-SECRET-KEY-1", encoding="utf-8")
    (tmp_path / "page.html").write_text("<!doctype html>\n<p>Letters", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    before = _untouched(tmp_path)
    for name in ("key", "page.html", "pipe", "null"):
        refused = made.batchreset("report", "r", "--out", str(tmp_path / name))
        assert (refused.code, refused.stdout) == (2, "")
    assert made.batchreset("results", "r", "--results", str(tmp_path / "pipe")).code == 2
    assert _untouched(tmp_path) == before
    assert "--out - names no file" in made.batchreset("report", "r", "--out", "-").stderr

    (tmp_path / "link").symlink_to("report.html")
    for _ in range(2):
        assert made.batchreset("report", "r", "--out", str(tmp_path / "link")).code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
