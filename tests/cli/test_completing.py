"""What Tab shows: quickly, and never an error, a traceback or a word that a shell would take apart."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete, CompletionItem

from batchreset.cli.completing import NAME, SHELLS, answer, program, script
from batchreset.cli.environment import COMPLETE

SLOW = {"polars", "httpx", "pydantic", "anyio", "rich", "asyncio", "pyrage", "structlog", "uvicorn", "sqlite3"}
CUSTOMERS = ("aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002")


def completed(*words: str) -> list[CompletionItem]:
    """For a line of which the last word is being typed."""
    return BashComplete(program(), {}, NAME, COMPLETE).get_completions(list(words[:-1]), words[-1])


def values(*words: str) -> list[str]:
    """Those that are words, not kinds of files."""
    return [item.value for item in completed(*words) if item.type == "plain"]


def kinds(*words: str) -> list[str]:
    return [item.type for item in completed(*words)]


def run_folder(runs: Path, name: str, *, age: int = 0) -> Path:
    folder = runs / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}", encoding="utf-8")
    os.utime(folder / "run.json", (1_000 - age, 1_000 - age))
    return folder


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("a",), ["apply", "auth"]),
        (("auth", ""), ["login", "logout", "status"]),
        (("run", "--max-a"), ["--max-attempts"]),
        (("run", "--password-kind", ""), ["random", "passphrase", "discard"]),
        (("run", "--on-invalid=s"), ["stop", "skip"]),
        (("run", "--no-check"), ["--no-check-mfa"]),
        (("apply", "r", "--retry-failed", "--reason", "fo"), ["forbidden"]),
        (("simulate", "--scenario", "pen"), ["penalty-box"]),
        (("simulate", "--partner-limit-kind", "s"), ["sliding"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("run", "--run-id", ""), []),
        (("run", "--cluster", "lo"), ["local:2", "local:4", "local:8"]),
        (("apply", "r", "--cluster", "n"), ["none"]),
        (("demo", "--cluster", ""), ["local:2", "local:4", "local:8"]),
    ],
)
def test_commands_flags_and_words_are_offered(words: tuple[str, ...], offered: list[str]) -> None:
    assert values(*words) == offered


def test_a_flag_that_is_given_once_is_not_offered_again_and_one_of_a_list_is() -> None:
    given = ("run", "--canary", "1", "--recipient", "a")
    assert values(*given, "--can") == []
    assert values(*given, "--recip") == ["--recipient"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("run", ""), "file"),
        (("run", "--job", ""), "file"),
        (("run", "--recipient", ""), "file"),
        (("run", "--runs-dir", ""), "dir"),
        (("run", "--cluster", "./"), "file"),
        (("run", "--cluster-key-file", ""), "file"),
        (("handover", "r", "--identity", ""), "file"),
        (("simulate", "--directory", ""), "file"),
    ],
)
def test_what_takes_a_path_has_paths_completed(words: tuple[str, ...], kind: str) -> None:
    assert kinds(*words) == [kind]


def test_a_run_is_completed_by_its_id_the_newest_first_and_by_its_path(tmp_path: Path) -> None:
    run_folder(tmp_path, "nightly-1", age=2)
    run_folder(tmp_path, "nightly-2", age=1)
    run_folder(tmp_path, "other")
    (tmp_path / "nightly-3-no-run").mkdir()
    assert values("apply", "--runs-dir", str(tmp_path), "ni") == ["nightly-2", "nightly-1"]
    # bash's script forgets what came before a folder.
    assert kinds("apply", "--runs-dir", str(tmp_path), "")[0] == "dir"


@pytest.mark.parametrize("name", ["a b", "a;id", "$(id)", "a`id`", "a\nb", "a,b", "*", "é", "\x1b[31m"])
def test_a_name_that_a_shell_would_take_apart_is_not_offered(name: str, tmp_path: Path) -> None:
    run_folder(tmp_path, name)
    assert values("status", "--runs-dir", str(tmp_path), "") == []


def test_customers_of_the_named_run_are_offered_once(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "r")
    lines = [f"{row},{customer}," for row, customer in enumerate((*CUSTOMERS, *CUSTOMERS, "$(id)"))]
    (folder / "results.csv").write_text("\n".join(["row,customer-tenant-id,user-id", *lines]), encoding="utf-8")
    begun = ("handover", "--runs-dir", str(tmp_path), "r", "--customer")
    assert values(*begun, "") == list(CUSTOMERS)
    assert values(*begun, "b") == [CUSTOMERS[1]]


@pytest.mark.parametrize("asked", ["bash_complete", "bash_nothing", "tcsh_complete", "", "_", "bash_complete_x"])
def test_whatever_goes_wrong_nothing_is_said(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`bash_complete` without the variables that the script sets."""
    assert answer(asked) == ""
    assert capsys.readouterr() == ("", "")


def test_fish_which_takes_lines_apart_at_commas_is_told_none_but_its_own() -> None:
    fish = SHELLS["fish"](program(), {}, NAME, COMPLETE)
    told = fish.format_completion(CompletionItem("run", help="Plan, show, confirm"))
    assert told == "plain,run\tPlan; show; confirm"


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script_also_by_the_way_that_click_documents(shell: str) -> None:
    assert f"{COMPLETE}={shell}_complete" in script(shell)
    assert answer(f"{shell}_source") == script(shell)


def test_tab_waits_for_no_large_library_and_draws_nothing_into_the_line(tmp_path: Path) -> None:
    secret = "canary-secret-8Qm2"
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "batchreset"],
        capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True,
        env={COMPLETE: "bash_complete", "COMP_WORDS": "batchreset apply --re", "COMP_CWORD": "2",
             "BATCHRESET_AUTH__CLIENT_SECRET": secret, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    lines = shown.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if line.startswith("import time:")}
    assert "click" in imported
    assert imported & SLOW == set()
    assert all(line.startswith("import time:") for line in lines)
    assert shown.stdout == "plain,--retry-failed\nplain,--reason\n"
    assert secret not in shown.stdout + shown.stderr


@pytest.mark.programs
def test_in_a_real_bash_a_word_is_completed(tmp_path: Path) -> None:
    run_folder(tmp_path / "runs", "nightly-1")
    typed = """
        eval "$(batchreset completion bash)"
        COMP_WORDS=(batchreset "$@"); COMP_CWORD=$#
        _batchreset_completion batchreset 2>/dev/null; printf '%s ' "${COMPREPLY[@]}"
    """
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for words, offered in ((("sta",), "status "), (("apply", "nig"), "nightly-1 "), (("status", "x"), " ")):
        shown = subprocess.run(
            ["bash", "-c", typed, "bash", *words],
            capture_output=True, text=True, cwd=tmp_path, env={"PATH": path}, timeout=60, check=True,
        )  # fmt: skip
        assert (shown.stdout, shown.stderr) == (offered, "")
