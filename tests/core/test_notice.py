"""The words of a notice: the first two lines say what happened and what to do."""

import re
from typing import Any

import pytest

from batchreset.core.notice import Ending, Kind, Notice, notice, plain
from batchreset.errors import ExitCode
from tools.messages import messages


def facts(*, stop: dict[str, str] | None = None, passwords: str = "sealed", **outcomes: int) -> dict[str, Any]:
    counts = dict.fromkeys(("succeeded", "failed", "in_doubt", "skipped", "not_attempted"), 0) | outcomes
    return {
        "run_id": "r1",
        "to_reset": sum(counts.values()) - counts["skipped"],
        "outcomes": counts,
        "reasons": [
            {"outcome": name, "reason": "forbidden", "rows": n} for name, n in outcomes.items() if name == "failed"
        ],
        "stop": stop,
        "sent": 7,
        "throttled": 2,
        "duration_seconds": 600.0,
        "files": {"folder": "/srv/runs/r1", "results": "/srv/runs/r1/results.csv"},
        "passwords": passwords,
    }


def told(code: ExitCode, of: dict[str, Any] | None = None, what: str = "", **more: Any) -> Notice:
    return notice(Ending(exit_code=code, what=what, next_step="mend it" if what else ""), of, host="batch01", **more)


STOP = {"reason": "canary", "what": "the canary failed", "next_step": "look, then `batchreset apply /srv/runs/r1`"}


@pytest.mark.parametrize(
    ("code", "of", "what", "title", "kind"),
    [
        (0, facts(succeeded=34), "", "batchreset OK: all 34 accounts reset", Kind.SUCCESS),
        (0, facts(skipped=4), "", "batchreset OK: no account was to be reset", Kind.SUCCESS),
        (3, facts(succeeded=31, failed=3), "", "batchreset NEEDS A LOOK: 31 of 34 accounts reset", Kind.WARNING),
        (4, facts(succeeded=4, not_attempted=30, stop=STOP), "",
         "batchreset STOPPED by a safety limit: 4 of 34 accounts reset", Kind.FAILURE),
        (5, facts(not_attempted=3), "no token", "batchreset SIGN-IN failed: 0 of 3 accounts reset", Kind.FAILURE),
        (2, None, "users.csv does not exist", "batchreset REFUSED: nothing was sent", Kind.FAILURE),
        (2, facts(not_attempted=3), "not confirmed", "batchreset REFUSED: 0 of 3 accounts reset", Kind.FAILURE),
        (11, None, "held", "batchreset REFUSED: another process has this run", Kind.WARNING),
        (130, facts(succeeded=1, not_attempted=2), "it was interrupted",
         "batchreset INTERRUPTED: 1 of 3 accounts reset", Kind.WARNING),
        (143, None, "SIGTERM was received", "batchreset INTERRUPTED", Kind.WARNING),
        (1, None, "an unexpected KeyError ended it", "batchreset UNEXPECTED ERROR", Kind.FAILURE),
    ],
)  # fmt: skip
def test_the_title_tells_whether_somebody_has_to_get_up(  # noqa: PLR0917  a line of the table
    code: int, of: dict[str, Any] | None, what: str, title: str, kind: Kind
) -> None:
    found = told(ExitCode(code), of, what)
    assert (found.title, found.kind) == (title, kind)


def test_a_stop_says_what_happened_then_what_to_do_then_the_figures() -> None:
    found = told(
        ExitCode.STOPPED_BY_SAFETY, facts(succeeded=4, failed=6, not_attempted=30, stop=STOP), job="nightly.toml"
    )
    assert found.text.splitlines() == [
        "The canary failed.",
        "What to do: look, then 'batchreset apply /srv/runs/r1'",
        "",
        "40 to reset: 4 succeeded, 6 failed, 30 not attempted",
        "why: 6 forbidden",
        "7 requests, 2 of them throttled; took 10 min",
        "",
        "run r1",
        "results /srv/runs/r1/results.csv",
        "job nightly.toml",
        "exit 4 on batch01",
    ]


@pytest.mark.parametrize(
    ("outcomes", "what", "command"),
    [
        (
            {"failed": 2},
            "2 failed (surely not changed)",
            "'batchreset apply /srv/runs/r1 --retry-failed' takes them",
        ),
        ({"in_doubt": 1}, "1 in doubt (perhaps changed)", "'batchreset apply /srv/runs/r1' takes them up again"),
        ({"failed": 2, "in_doubt": 1}, "2 failed (surely not changed) and 1 in doubt", "with --retry-failed also what"),
    ],
)
def test_rows_that_need_a_look_come_with_the_command_that_takes_them_up(
    outcomes: dict[str, Any], what: str, command: str
) -> None:
    first, second, *_ = told(ExitCode.ROWS_FAILED, facts(succeeded=5, **outcomes)).text.splitlines()
    assert what in first
    assert command in second


@pytest.mark.parametrize(("passwords", "handed"), [("sealed", True), ("nobody", False)])
def test_after_a_success_the_hand_over_is_next_where_there_is_one(passwords: str, handed: bool) -> None:  # noqa: FBT001
    text = told(ExitCode.OK, facts(succeeded=5, passwords=passwords)).text
    assert ("handover /srv/runs/r1" in text) is handed


def test_what_was_done_before_is_said_to_be_old() -> None:
    text = told(ExitCode.ROWS_FAILED, facts(failed=1), repeated=True).text
    assert text.splitlines()[2].startswith("Nothing was sent this time")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("user 3F2504E0-4f89-41d3-9a0c-0305e82c3301 is gone", "user (id left out) is gone"),
        ("bob.o'neil+x@contoso.com may not", "(name left out) may not"),
        ("<!channel> @here `rm` **x**", "‹!channel› ＠here 'rm' ∗∗x∗∗"),
        (
            "20 accounts, 'my password' was typed; the run's and cron's",
            "20 accounts, (not shown here) was typed; the run's and cron's",
        ),
        ("`batchreset apply '/srv/my runs/r'`", "'batchreset apply '/srv/my runs/r''"),
        ("a\x1b[2J\nb\u202ec", "a [2J b c"),
        ("x" * 500, "x" * 400 + "…"),
    ],
)
def test_words_from_elsewhere_are_one_plain_line_without_users(hostile: str, shown: str) -> None:
    assert plain(hostile) == shown


def test_the_runs_own_folder_is_named_also_where_it_is_called_by_an_id() -> None:
    folder = "/srv/runs/3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    assert plain(f"see 3f2504e0-4f89-41d3-9a0c-0305e82c3301, then `batchreset apply {folder}`", keep=folder) == (
        f"see (id left out), then 'batchreset apply {folder}'"
    )


def test_what_is_called_by_a_user_names_none() -> None:
    named = facts(failed=1)
    named["files"] = {name: f"/srv/bob@contoso.com/{path}" for name, path in named["files"].items()}
    job = "/in/3f2504e0-4f89-41d3-9a0c-0305e82c3301/anna.smith@contoso.example bad.csv"
    text = told(ExitCode.ROWS_FAILED, named, job=job).text
    assert "@" not in text.replace("＠", "@")
    assert "job /in/(id left out)/(name left out) bad.csv" in text


def test_commands_in_advice_keep_their_quotes_and_what_was_found_does_not_pass_for_one() -> None:
    own = "install it: `pip install '.[notify]'`, not 'secret'"
    assert plain(own, advice=True) == "install it: 'pip install '.[notify]'', not (not shown here)"
    assert plain("found 'a ` b' and 'c ` d'") == "found (not shown here) and (not shown here)"


def test_no_advice_of_our_own_loses_a_word() -> None:
    """As a notice shows it: quotes that are not a command's are taken for something that was typed."""
    steps = [re.sub(r"\{[^}]*\}", "it", message.next_step or "") for message in messages()]
    assert [step for step in steps if "not shown here" in plain(step, advice=True)] == []


def test_of_a_run_that_was_done_before_the_time_is_that_sessions() -> None:
    assert "the last session took 10 min" in told(ExitCode.ROWS_FAILED, facts(failed=1), repeated=True).text
