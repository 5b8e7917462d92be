"""Standard streams that are closed, not only sent nowhere: as some daemons start a program, or `>&-`."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from acceptance_world import COMMAND, DEADLINE_SECONDS, World, accounts
from evidence import gather
from proof import prove

MakeWorld = Callable[..., World]


def without(made: World, closed: str, *arguments: str | Path) -> tuple[int, str]:
    """Exit code and what stood on standard error, of a process that begins without these streams."""
    process = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, *map(str, arguments)],
        cwd=made.folder, env=made.environment(), capture_output=True, timeout=DEADLINE_SECONDS, check=False,
    )  # fmt: skip
    assert process.stdout == b""
    return process.returncode, process.stderr.decode()


def test_a_run_needs_no_streams_and_a_hand_over_that_would_go_nowhere_is_refused(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(6))
    arguments = ("run", source, "--run-id", "r", "--yes", "-v", "--log-file", "more.ndjson")
    assert without(made, "<&- >&- 2>&-", *arguments) == (0, "")
    prove(gather(made, source))

    for command, lost in ((("handover", "r", "--identity", made.key), "the passwords"), (("roster",), "the list")):
        code, said = without(made, ">&-", *command)
        assert code == 2
        assert said.startswith(f"error: standard output is closed, so that {lost} would go nowhere")
        assert "\nwhat to do: give --out FILE, or send standard output somewhere.\n" in said

    assert without(made, ">&-", "handover", "r", "--identity", made.key, "--out", "opened.csv") == (0, "")
    assert len((made.folder / "opened.csv").read_text(encoding="utf-8").splitlines()) == 7
