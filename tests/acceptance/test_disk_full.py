"""A disk that fills up in mid-run: it stops in order, and nothing that was applied is lost."""

import subprocess
import sys
from collections.abc import Callable

from acceptance_world import COMMAND, DEADLINE_SECONDS, World, accounts, outcomes
from evidence import gather
from proof import prove

MakeWorld = Callable[..., World]
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (262_144, 262_144))
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_when_the_ledger_cannot_grow_nothing_more_is_sent_and_the_run_can_be_continued(make_world: MakeWorld) -> None:
    """No file may grow beyond a size: to a program the same as a full disk."""
    made = make_world(latency_seconds=0.01)
    source = made.input(accounts(80, 60))
    command = ["run", str(source), "--run-id", "r", "--yes", "--max-concurrency", "4"]
    limited = subprocess.run(
        [sys.executable, "-c", LIMITED, *COMMAND, *command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=made.folder, env=made.environment(),
        timeout=DEADLINE_SECONDS, check=False,
    )  # fmt: skip
    made.said.extend([limited.stdout, limited.stderr])
    assert limited.returncode == 1, limited.stderr
    assert "ledger.sqlite could not be written" in limited.stderr
    assert "\nwhat to do: " in limited.stderr
    assert "Traceback" not in limited.stderr
    counts = outcomes(made.results())
    assert counts["succeeded"] > 0
    assert counts["not_attempted"] > 0
    assert made.resets <= 140 - counts["not_attempted"]
    prove(gather(made, source, killed=True))

    finished = made.batchreset(*command)
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 140}
    prove(gather(made, source, killed=True))
