"""A bug that holds a request while everything is switched on that makes Python talk; a service that repeats all."""

import base64
import html
import json
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from acceptance_world import World, accounts
from chances import usual_and_torture
from evidence import gather
from local_tls import write_ca_file
from proof import in_clear, prove
from raw_tls_server import Wire, raw_server

MakeWorld = Callable[..., World]
DEV = ("-X", "dev")

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


@pytest.mark.parametrize("bug", usual_and_torture([("BaseException",)], [("BaseException", *DEV), ("Exception", *DEV)]))
def test_a_bug_that_holds_a_request_is_told_without_it(make_world: MakeWorld, bug: tuple[str, ...]) -> None:
    """Then the run goes on, and all that was printed and written is looked through."""
    base, *flags = bug
    made = make_world()
    source = made.input(accounts(6, 4))
    program = made.folder / "buggy.py"
    program.write_text(BUGGY.format(base=base), encoding="utf-8")
    command = [
        sys.executable, *flags, "-X", "faulthandler", str(program), "run", str(source), "--run-id", "r", "--yes",
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


WRITINGS: list[Callable[[str], str]] = [
    str,
    lambda text: json.dumps(json.dumps(text)),
    lambda text: urllib.parse.quote(text, safe=""),
    html.escape,
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: text.encode().hex(" "),
    lambda text: str(list(text.encode())),
    lambda text: " ".join(text[start : start + 30] for start in range(0, len(text), 30)),
]


def echoing(wire: Wire) -> None:
    """Repeats each reset's headers and body, in one writing after the other, wherever an answer has room for it."""
    while request := wire.read_request():
        if request.line.startswith("GET"):
            wire.answer(body=b"{}", isMfaCompliant="true")
            continue
        number = int(request.headers["MS-CorrelationId"][:4], 16)
        write = WRITINGS[number % len(WRITINGS)]
        sent = write(f"{request.headers['Authorization']} {request.body.decode()}")
        token, password = write(request.headers["Authorization"][7:]), json.loads(request.body)["passwordProfile"]
        told = {"code": write(password["password"]), "description": sent, "data": [sent], "source": sent}
        body = json.dumps(told) if number % 3 else sent
        status = ["400 ", "500 ", "302 ", "403 ", "409 "][number % 5] + token
        wire.answer(
            status, body.encode(), MS_RequestId=token, MS_CorrelationId=write(password["password"]), Server=token,
            Location=f"https://localhost/{token}", WWW_Authenticate=f'Bearer claims="{token}"', Retry_After="0.01",
        )  # fmt: skip


def test_a_service_that_repeats_all_it_is_sent_is_not_repeated(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(16))
    with raw_server(echoing) as server:
        ended = made.batchreset(
            "run", source, "--run-id", "r", "--yes", "-vv", "--log-file", made.folder / "debug.log",
            "--max-failure-rate", "1", "--max-attempts", "2", "--canary", "0",
            environ={
                "BATCHRESET_PARTNER_CENTER__BASE_URL": server.url,
                "BATCHRESET_PARTNER_CENTER__CA_FILE": write_ca_file(made.folder),
            },
        )  # fmt: skip
    assert ended.code == 3, ended.stderr
    assert {line["http_status"] for line in made.results()} <= {"400", "500", "302", "403", "409"}
    assert sum(request.line.startswith("PATCH") for request in server.requests) >= 16
    evidence = gather(made, source, killed=True, further_files=[made.folder / "debug.log"])
    sent = [request for request in server.requests if request.body]
    passwords = {json.loads(request.body)["passwordProfile"]["password"] for request in sent}
    assert passwords == {one.password for one in evidence.sealed}
    # The words around a masked password may stand there.
    assert not [found for found in in_clear(evidence) if "a response body" not in found]
