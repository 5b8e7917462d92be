"""A bug in the middle of a request, with every switch on that makes Python talk: no secret is told."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from acceptance_world import World, accounts
from chances import usual_and_torture
from checker import prove
from evidence import gather

MakeWorld = Callable[..., World]

# After some rows, an error that has the request in its text, its note, its cause and its variables.
BUGGY = """
import sys
from batchreset.adapters.partner_center.exchanging import Exchanging
from batchreset.cli.main import main

class Bug({base}): pass

sent, send = 0, Exchanging.exchange

async def exchange(self, request, **rest):
    global sent
    sent += request.method == "PATCH"
    if sent > 3 and request.method == "PATCH":
        everything = str(dict(request.headers)) + request.content.decode()
        error = Bug(everything)
        error.add_note(everything)
        raise error from ValueError(everything)
    return await send(self, request, **rest)

Exchanging.exchange = exchange
sys.argv = ["batchreset", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("base", usual_and_torture(["BaseException"], ["Exception"]))
def test_a_bug_that_holds_a_request_is_told_without_it(make_world: MakeWorld, base: str) -> None:
    """Then the run goes on, and all that was printed and written is looked through."""
    made = make_world()
    source = made.input(accounts(6, 4))
    program = made.folder / "buggy.py"
    program.write_text(BUGGY.format(base=base), encoding="utf-8")
    command = [
        sys.executable, "-X", "dev", "-X", "faulthandler", str(program), "run", str(source), "--run-id", "r", "--yes",
        "-vv", "--log-file", "debug.log",
    ]  # fmt: skip
    environ = made.environment({"PYTHONASYNCIODEBUG": "1", "PYTHONPATH": str(Path.cwd())})
    ended = subprocess.run(
        command, cwd=made.folder, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    made.said.append(ended.stdout + ended.stderr)
    assert ended.returncode == 1, ended.stderr
    assert "error: unexpected Bug at" in ended.stderr
    assert "buggy.py:" in ended.stderr
    assert "Authorization" not in ended.stderr
    assert made.summary()["exit_code"] == 1

    carried_on = made.batchreset("apply", "r", "--yes", "-vv", "--log-file", made.folder / "debug.log")
    assert carried_on.code == 0, carried_on.stderr
    prove(gather(made, source, killed=True, further_files=[made.folder / "debug.log"]))
