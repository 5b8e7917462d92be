"""The log of requests: what a checker that sees only files can compare."""

import contextlib
import json
import resource
import stat
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from simulator_client import CUSTOMER, PASSWORD, USER, body, calling

from batchreset.errors import BatchresetError, ExitCode
from batchreset.simulator.line_log import line_log
from batchreset.simulator.options import SimulatorOptions

CANARY = "canary-token-5uQe8"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_request_has_its_line_before_it_is_answered(tmp_path: Path) -> None:
    log = tmp_path / "requests.ndjson"
    with calling(SimulatorOptions(request_log=log)) as caller:
        answer = caller.reset()
        (line,) = lines(log)
        caller.get(f"/v1/customers/{CUSTOMER}")
        assert len(lines(log)) == 2
    assert line.pop("time").endswith("Z")
    assert line == {
        "method": "PATCH",
        "route": "resetpassword",
        "customer": CUSTOMER,
        "user": USER,
        "request_id": answer.headers["MS-RequestId"],
        "correlation_id": answer.headers["MS-CorrelationId"],
        "ended": "200",
        "fault": None,
        "applied": True,
        "throttled": None,
        "replayed": False,
        "peer": "127.0.0.1",
    }
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_it_tells_what_befell_a_request_and_whether_that_very_request_applied(tmp_path: Path) -> None:
    log = tmp_path / "requests.ndjson"
    same: dict[str, str | None] = {"MS-RequestId": str(uuid.uuid4())}
    options = SimulatorOptions(
        request_log=log, outages=("lost-applied after 0 requests for 1 request",), partner_limit=2
    )
    with calling(options) as caller:
        with pytest.raises(httpx.TransportError):
            caller.reset(changes=same)
        caller.reset(changes=same)
        caller.reset()
    told = ("ended", "fault", "applied", "throttled", "replayed")
    assert [tuple(line[name] for name in told) for line in lines(log)] == [
        ("lost", "lost-applied", True, None, False),
        ("200", None, False, None, True),
        ("429", None, False, "partner", False),
    ]


def test_it_has_neither_passwords_nor_tokens_even_where_a_caller_puts_them_by_mistake(tmp_path: Path) -> None:
    log = tmp_path / "requests.ndjson"
    with calling(SimulatorOptions(request_log=log)) as caller:
        caller.reset(changes={"Authorization": f"Bearer {CANARY}"})
        caller.reset(changes={"MS-RequestId": CANARY, "MS-CorrelationId": PASSWORD})
        caller.reset(CANARY, customer=CANARY)
        caller.send(CANARY, f"/v1/{CANARY}?{CANARY}", content=body())
    assert len(lines(log)) == 4
    text = log.read_text(encoding="utf-8")
    assert CANARY.lower() not in text.lower()
    assert PASSWORD not in text
    assert [line["user"] for line in lines(log)] == [USER, USER, "not a GUID", ""]


@pytest.mark.parametrize("option", ["applied_log", "request_log", "sign_in_log"])
def test_a_log_that_takes_no_more_ends_the_simulator_by_name_and_nothing_is_applied_unwritten(option: str) -> None:
    full: dict[str, Any] = {option: Path("/dev/full")}
    with pytest.raises(BatchresetError) as raised:
        asked_for_everything(SimulatorOptions(**full))
    said = "\n".join(raised.value.lines())
    assert raised.value.exit_code is ExitCode.UNEXPECTED
    assert f"the {option.replace('_', ' ')} /dev/full can no longer be written: No space left on device." in said
    assert f"give --{option.replace('_', '-')} another path" in said
    assert PASSWORD not in said


def asked_for_everything(options: SimulatorOptions) -> None:
    with calling(options) as caller:
        with contextlib.suppress(httpx.TransportError):
            caller.reset()
        assert len(caller.state.applied) == (options.applied_log is None)
        with contextlib.suppress(httpx.TransportError):
            caller.send("POST", f"/{options.tenant_id}/oauth2/v2.0/token")


class Line:
    def line(self) -> str:
        return "x" * 99


def test_a_line_that_is_written_in_part_was_not_recorded(tmp_path: Path) -> None:
    """As on a disk that is full in its middle."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with line_log(tmp_path / "log", option="request_log") as record:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150, hard))
        try:
            record(Line())
            with pytest.raises(BatchresetError, match="can no longer be written: File too large"):
                record(Line())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
