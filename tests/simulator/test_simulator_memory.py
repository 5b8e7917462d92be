"""What the simulator remembers: requests, passwords applied, and those in force."""

import hashlib
import json
import stat
import uuid
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest
from simulator_client import CUSTOMER, OTHER_CUSTOMER, PASSWORD, USER, body, calling, headers
from starlette.applications import Starlette

from batchreset.simulator.app import application
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.service import PartnerCenter
from batchreset.simulator.sign_in.service import SignIn
from batchreset.simulator.state import Applied, ServiceState

SECOND = "Ax7?pplqW2#mmNv9"


def sha256(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def test_the_same_request_id_and_body_replay_the_answer_and_apply_nothing_again() -> None:
    with calling(SimulatorOptions(bom_share=0)) as caller:
        same: dict[str, str | None] = {"MS-RequestId": str(uuid.uuid4())}
        first, again = caller.reset(changes=same), caller.reset(changes=same)
        assert (again.status_code, again.content) == (first.status_code, first.content) == (200, first.content)
        assert again.headers["MS-CorrelationId"] != first.headers["MS-CorrelationId"]
        report = caller.report()
        assert (report["replayed"], report["passwords_applied"], report["in_force"][USER]["times_changed"]) == (1, 1, 1)
        assert report["protocol_errors"] == []


def test_a_refusal_is_replayed_too() -> None:
    with calling(SimulatorOptions(bom_share=0)) as caller:
        same: dict[str, str | None] = {"MS-RequestId": str(uuid.uuid4())}
        answers = [caller.reset(changes=same, content=body("weak")) for _ in range(2)]
        assert [answer.json()["code"] for answer in answers] == ["3000", "3000"]
        assert caller.report()["replayed"] == 1


@pytest.mark.parametrize(
    ("user", "content"),
    [pytest.param(USER, body(SECOND), id="other body"), pytest.param(OTHER_CUSTOMER, body(), id="other address")],
)
def test_the_same_request_id_for_another_request_is_a_conflict_and_counted(user: str, content: bytes) -> None:
    with calling(SimulatorOptions(bom_share=0)) as caller:
        same: dict[str, str | None] = {"MS-RequestId": str(uuid.uuid4())}
        caller.reset(changes=same).raise_for_status()
        assert caller.reset(user, changes=same, content=content).status_code == 409
        report = caller.report()
        assert "MS-RequestId came before with another request" in report["protocol_errors"][0]
        assert report["in_force"][USER]["sha256"] == sha256(PASSWORD)


def test_the_report_tells_what_is_in_force_and_how_everything_ended() -> None:
    with calling(SimulatorOptions()) as caller:
        caller.reset()
        caller.reset(content=body(SECOND, force=False), address="")
        caller.reset(content=body("weak"))
        caller.get(f"/v1/customers/{CUSTOMER}")
        assert caller.report() == {
            "requests": 4,
            "by_status": {"200": 3, "400": 1},
            "by_route": {"resetpassword": 2, "users": 1, "customer": 1},
            "throttled": {"partner": 0, "customer": 0},
            "replayed": 0,
            "protocol_errors": [],
            "sign_in": {
                "token_requests": 0,
                "by_grant": {},
                "by_end": {},
                "access_tokens": 0,
                "refresh_tokens": 0,
            },
            "passwords_applied": 2,
            "accounts_changed": 1,
            "in_force": {
                USER: {
                    "customer": CUSTOMER,
                    "sha256": sha256(SECOND),
                    "times_changed": 2,
                    "forceChangePassword": False,
                }
            },
        }


def test_every_request_is_remembered_in_order_with_its_ids() -> None:
    with calling(SimulatorOptions(bom_share=0)) as caller:
        answers = [caller.reset(), caller.reset(content=body("weak"))]
        assert [(one.request_id, one.correlation_id, one.ended) for one in caller.state.exchanges] == [
            (answer.headers["MS-RequestId"], answer.headers["MS-CorrelationId"], str(answer.status_code))
            for answer in answers
        ]


def test_the_applied_log_has_a_line_for_each_password_and_never_the_password(tmp_path: Path) -> None:
    log = tmp_path / "applied.ndjson"
    for _ in range(2):
        with calling(SimulatorOptions(applied_log=log)) as caller:
            answer = caller.reset()
            caller.reset(content=body("weak"))
            # Read while the simulator runs: each line is there when its answer is.
            last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    moment = last.pop("time")
    assert moment.endswith("Z")
    assert last == {
        "customer": CUSTOMER,
        "user": USER,
        "forceChangePassword": True,
        "request_id": answer.headers["MS-RequestId"],
        "correlation_id": answer.headers["MS-CorrelationId"],
        "sha256": sha256(PASSWORD),
    }
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2
    assert PASSWORD not in log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def served(
    options: SimulatorOptions, state: ServiceState, record: Callable[[Applied], None] = lambda _: None
) -> Starlette:
    """The application without a server."""
    base_url = "https://simulator"
    return application(
        PartnerCenter(options, state, record, base_url=base_url), SignIn(options, state, base_url=base_url)
    )


def test_the_report_is_for_this_machine_only() -> None:
    app = served(SimulatorOptions(), ServiceState())

    async def status(address: str) -> int:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://simulator") as client:
            return (await client.get("/_simulator/state")).status_code

    assert [anyio.run(status, address) for address in ("127.0.0.1", "::1", "203.0.113.9")] == [200, 200, 404]


def test_a_failure_of_the_simulator_itself_is_a_500_applies_nothing_and_shows_as_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(_: Applied) -> None:
        raise OSError(28, "No space left on device")

    state = ServiceState()
    transport = httpx.ASGITransport(served(SimulatorOptions(), state, full), raise_app_exceptions=False)

    async def reset() -> int:
        async with httpx.AsyncClient(transport=transport, base_url="https://simulator") as client:
            path = f"/v1/customers/{CUSTOMER}/users/{USER}/resetpassword"
            return (await client.patch(path, headers=headers(), content=body())).status_code

    assert anyio.run(reset) == 500
    assert state.report()["in_force"] == {}
    assert state.protocol_errors == ["the simulator itself failed: OSError"]
    assert "simulator.failed" in caplog.text
