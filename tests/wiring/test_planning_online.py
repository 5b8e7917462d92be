"""A plan for which each account is read: what that leaves out, and what the plan says of it."""

import base64
import datetime as dt
import io
import json
import os
import signal
from pathlib import Path

import polars as pl
import pytest
from service_to_read import CUSTOMERS, Service, service, user_id

from batchreset.core.outcome import Reason
from batchreset.engine.reading import Reader, list_users
from batchreset.errors import TerminatedError
from batchreset.settings.model import Settings
from batchreset.simulator.directory import DirectoryUser, DomainType
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.planning import NewRun, plan_run
from batchreset.wiring.reading import read

NOW = dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC)
PLAIN, GLASS, OPERATOR, FEDERATED = (
    DirectoryUser(customer=CUSTOMERS[0], user=user_id(1), user_principal_name="ann@c.example"),
    DirectoryUser(customer=CUSTOMERS[0], user=user_id(2), user_principal_name="Glass@c.example"),
    DirectoryUser(customer=CUSTOMERS[0], user=user_id(3), user_principal_name="Op@c.example"),
    DirectoryUser(customer=CUSTOMERS[1], user=user_id(4), domain_type=DomainType.FEDERATED),
)
EVERYBODY = (PLAIN, GLASS, OPERATOR, FEDERATED)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def planned(made: Service, runs: Path, **of_input: object) -> FrozenRun:
    text = "\n".join(["customer-tenant-id,user-id", *(f"{user.customer},{user.user}" for user in EVERYBODY)])
    settings = Settings.model_validate(
        made.settings.model_dump()
        | {
            "input": {"path": "-", **of_input},
            "password": {"kind": "discard"},
            "output": {"runs_dir": str(runs)},
        }
    )
    new = NewRun(run_id="r", now=NOW, online=made.around)
    return plan_run(settings, new, environ=made.environ, stdin=io.BytesIO(text.encode()))


def test_who_is_protected_by_the_name_that_was_read_and_the_operator_are_left_out(tmp_path: Path) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"upn": "op@C.example"}).encode()).decode().rstrip("=")
    token = f"e30.{claims}.x"
    with service(*EVERYBODY, token=token) as made:
        made.environ = {"BATCHRESET_AUTH__ACCESS_TOKEN": token}
        run = planned(made, tmp_path, protected=["glass@C.EXAMPLE"])

    reasons = pl.read_parquet(run.folder.plan)["reason"].to_list()
    assert reasons == [None, Reason.PROTECTED, Reason.PROTECTED, Reason.FEDERATED]
    assert run.facts["online"]["left_out"] == {"federated": 1, "protected": 2}
    assert run.folder.findings.read_text(encoding="utf-8").splitlines()[1:] == [
        f"4,{FEDERATED.customer},{FEDERATED.user},federated"
    ]
    assert made.said[-1].splitlines()[0].split()[0] == "customer"


def test_a_signal_after_the_last_answer_ends_a_reading_too() -> None:
    with service(*EVERYBODY) as made:

        async def main(reader: Reader) -> None:
            await list_users(reader, [CUSTOMERS[0]], lambda _customer, _users: None, purpose="x")
            os.kill(os.getpid(), signal.SIGTERM)

        with pytest.raises(TerminatedError):
            read(made.settings, made.around, main, so_far=lambda: "")
