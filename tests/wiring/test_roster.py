"""The roster of a service: all users of all customers in order, as an input; or nothing."""

import io
import resource
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from checked_input import check_file
from service_to_read import CUSTOMERS, TOKEN, Events, Service, people, read_csv, service, user_id

from batchreset.adapters.reader import Rules
from batchreset.core.columns import ROSTER, ROW, USER
from batchreset.errors import (
    BatchresetError,
    DirectoryError,
    MfaRequiredError,
    RunFolderError,
    SettingsError,
    SignInError,
)
from batchreset.simulator.directory import DirectoryUser, DomainType
from batchreset.simulator.options import Mfa
from batchreset.wiring.roster import RosterCounts, roster

RULES = Rules(
    on_invalid="stop",
    max_rows=10_000,
    customers=frozenset(),
    protected_users=frozenset(),
    protected_customers=frozenset(),
    protected_upns=frozenset(),
)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def printed(made: Service) -> tuple[list[dict[str, str]], RosterCounts]:
    stdout = io.BytesIO()
    counts = roster(made.settings, out=None, stdout=stdout, around=made.around)
    return read_csv(stdout.getvalue().decode()), counts


def customers_of(lines: Iterable[dict[str, str]]) -> list[str]:
    """As the lines name them; one that they come back to is there twice."""
    found: list[str] = []
    for line in lines:
        if not found or found[-1] != line["customer-tenant-id"]:
            found.append(line["customer-tenant-id"])
    return found


def test_all_users_of_all_customers_page_after_page_in_the_services_order() -> None:
    """503 users are two pages, and customers are read side by side; the order is the lists' all the same."""
    users = [*people(2, 503), *people(0, 3, start=1000), *people(1, 1, start=2000)]
    with service(*users, latency_seconds=0.01) as made:
        lines, counts = printed(made)
        assert made.requests == 5
    assert customers_of(lines) == [CUSTOMERS[2], CUSTOMERS[0], CUSTOMERS[1]]
    assert [line["user-id"] for line in lines] == [one.user for one in users]
    assert tuple(lines[0]) == ROSTER
    assert counts.line() == "active users: 507, of customers: 3; 0 federated, 0 synced"


def test_customers_that_are_named_come_in_that_order_each_once_and_no_other_is_asked_for() -> None:
    users = [*people(0, 1), *people(1, 1, start=10), *people(2, 1, start=20)]
    wanted = [CUSTOMERS[2], CUSTOMERS[0], CUSTOMERS[2]]
    with service(*users, settings={"input": {"customers": wanted}}) as made:
        lines, _ = printed(made)
        assert made.requests == 2
    assert customers_of(lines) == [CUSTOMERS[2], CUSTOMERS[0]]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_the_file_is_an_input_as_it_is(tmp_path: Path, ending: str) -> None:
    odd = DirectoryUser(
        customer=CUSTOMERS[1],
        user=user_id(77),
        user_principal_name="-o'dd@c.example",
        display_name='=HYPERLINK("https://evil.example", "x")',
        domain_type=DomainType.FEDERATED,
        last_directory_sync_time="2026-01-02T03:04:05Z",
    )
    out = tmp_path / f"roster{ending}"
    with service(*people(0, 2), odd) as made:
        counts = roster(made.settings, out=out, stdout=io.BytesIO(), around=made.around)
    assert counts.line() == "active users: 3, of customers: 2; 1 federated, 1 synced"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    checked = check_file(out, RULES)
    assert (checked.reset_count, checked.skipped, checked.problems) == (3, {}, [])
    last = checked.frame.filter(checked.frame[USER] == odd.user).row(0, named=True)
    shown = "'" if ending == ".csv" else ""
    assert last[ROW] == 3
    assert last["displayName"] == f"{shown}{odd.display_name}"
    assert last["userPrincipalName"] == "-o'dd@c.example"
    assert last["lastDirectorySyncTime"] == "2026-01-02T03:04:05Z"
    assert last["forceChangePassword"] is True


def test_an_ndjson_file_has_an_object_a_line(tmp_path: Path) -> None:
    with service(*people(0, 2)) as made:
        roster(made.settings, out=tmp_path / "r.ndjson", stdout=io.BytesIO(), around=made.around)
    assert (tmp_path / "r.ndjson").read_text(encoding="utf-8").count('"forceChangePassword":true') == 2


def test_a_customer_without_users_is_counted_and_a_partner_without_any_leaves_the_headers() -> None:
    deleted = DirectoryUser(customer=CUSTOMERS[0], user=user_id(1), soft_deletion_time="2026-01-02T03:04:05Z")
    with service(deleted) as made:
        lines, counts = printed(made)
    assert (len(lines), counts.customers) == (1, 1)
    with service() as made:
        stdout = io.BytesIO()
        counts = roster(made.settings, out=None, stdout=stdout, around=made.around)
    assert stdout.getvalue().decode() == ",".join(ROSTER) + "\n"
    assert (counts.users, counts.customers) == (0, 0)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        pytest.param(
            {"forbidden_customers": frozenset({CUSTOMERS[1]})},
            DirectoryError,
            [CUSTOMERS[1], "HTTP 403", "Directory Readers, Global Reader or User Administrator"],
            id="403",
        ),
        pytest.param({"mfa": Mfa.OFF}, MfaRequiredError, ["multi-factor"], id="no MFA"),
        pytest.param({"token": "another"}, SignInError, ["refuses the token", "auth login"], id="wrong token"),
        pytest.param({"token_requests": 2}, SignInError, ["refuses the token"], id="token that dies"),
    ],
)
def test_nothing_is_written_where_not_all_can_be_read(
    tmp_path: Path, options: dict[str, Any], error: type[BatchresetError], said: list[str]
) -> None:
    stdout = io.BytesIO()
    with service(*people(0, 2), *people(1, 2, start=10), **options) as made:
        with pytest.raises(error) as caught:
            roster(made.settings, out=None, stdout=stdout, around=made.around)
        with pytest.raises(error):
            roster(made.settings, out=tmp_path / "r.csv", stdout=stdout, around=made.around)
    text = "\n".join(caught.value.lines())
    assert [words for words in said if words not in text] == []
    assert TOKEN not in text
    assert stdout.getvalue() == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [("there.csv", "exists already"), ("r.xlsx", "ending is .xlsx"), ("no/folder/r.csv", "there is no folder")],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "there.csv").write_text("precious", encoding="utf-8")
    with service(*people(0, 2)) as made, pytest.raises(SettingsError, match=said):
        roster(made.settings, out=tmp_path / name, stdout=io.BytesIO(), around=made.around)
    assert made.requests == 0
    assert (tmp_path / "there.csv").read_text(encoding="utf-8") == "precious"


def test_a_file_that_appeared_while_users_were_read_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "r.csv"

    class Meanwhile(Events):
        def info(self, event: str, **fields: object) -> None:
            out.write_text("precious", encoding="utf-8")

    with service(*people(0, 2)) as made:
        made.log = Meanwhile()
        with pytest.raises(SettingsError, match="exists already"):
            roster(made.settings, out=out, stdout=io.BytesIO(), around=made.around)
    assert out.read_text(encoding="utf-8") == "precious"


class Full(io.RawIOBase):
    """A disk without room, or a reader that has gone."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def write(self, _data: object) -> int:
        raise self._error


def test_standard_output_without_room_is_told_and_a_reader_that_has_gone_is_not() -> None:
    with service(*people(0, 2)) as made:
        with pytest.raises(RunFolderError, match="is incomplete"):
            roster(made.settings, out=None, stdout=Full(OSError(28, "No space left")), around=made.around)  # type: ignore[arg-type]
        counts = roster(made.settings, out=None, stdout=Full(BrokenPipeError()), around=made.around)  # type: ignore[arg-type]
    assert counts.users == 2


def test_a_disk_that_fills_up_while_users_are_read_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """No file may grow beyond a size: to a program the same as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with service(*people(0, 300)) as made:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        try:
            with pytest.raises(RunFolderError, match="is incomplete"):
                roster(made.settings, out=tmp_path / "r.csv", stdout=io.BytesIO(), around=made.around)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
