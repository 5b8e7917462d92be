"""The file that `--directory` names."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from simulator_client import CUSTOMER, OTHER_CUSTOMER, PASSWORD, USER

from batchreset.cli.simulate import simulate
from batchreset.errors import SettingsError
from batchreset.simulator.directory import DirectoryUser, DomainType, UserState, read_directory

IDS = f"{CUSTOMER},{USER}"
HEADER = "customer-tenant-id,user-id"


def read(text: str) -> tuple[DirectoryUser, ...]:
    return read_directory(io.StringIO(text), name="users.csv")


def test_every_column_is_read() -> None:
    header = (
        f"{HEADER},userPrincipalName,displayName,state,userDomainType,lastDirectorySyncTime,softDeletionTime,roles\n"
    )
    line = 'ada@example.com,"Lovelace, Ada",Inactive,managed,2026-11-01T06:00:00Z,2026-11-20T06:00:00+01:00,'
    assert read(f"{header}{IDS},{line}Helpdesk Administrator; User Administrator;\n") == (
        DirectoryUser(
            customer=CUSTOMER,
            user=USER,
            user_principal_name="ada@example.com",
            display_name="Lovelace, Ada",
            state=UserState.INACTIVE,
            domain_type=DomainType.MANAGED,
            last_directory_sync_time="2026-11-01T06:00:00Z",
            soft_deletion_time="2026-11-20T06:00:00+01:00",
            roles=("Helpdesk Administrator", "User Administrator"),
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{HEADER}\n{IDS}\n", id="ids alone"),
        pytest.param(f"{HEADER}\r\n\r\n{IDS}\r\n\r\n", id="blank lines"),
        pytest.param(f"User_ID,Customer Tenant ID\n{USER},{CUSTOMER}\n", id="spelled and ordered as an input's may be"),
        pytest.param(f"{HEADER},state,userDomainType,roles\n{IDS},,,\n", id="nothing told"),
        pytest.param(f"{HEADER},forceChangePassword\n{IDS},true\n", id="a client's input"),
    ],
)
def test_what_is_not_told_is_as_usual(text: str) -> None:
    assert read(text) == (DirectoryUser(customer=CUSTOMER, user=USER),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the column customer-tenant-id is missing"),
        (f"{HEADER},password\n", "the column 'password' is not known"),
        (f"{HEADER},UserId\n", "the column user-id is there twice"),
        (f"{HEADER}\n{IDS}\n{CUSTOMER}\n", "row 2 has 1 cells, the header has 2"),
        (f"{HEADER}\n{CUSTOMER},\n", "row 1: user-id is '', not a GUID"),
        (f"{HEADER}\ncontoso,{USER}\n", "row 1: customer-tenant-id is 'contoso', not a GUID"),
        (f"{HEADER}\n{IDS}\n\n{IDS.upper()}\n", f"row 3: user-id is '{USER.upper()}', as in row 1"),
        (f"{HEADER},state\n{IDS},deleted\n", "row 1: state is 'deleted', not one of active, inactive"),
        (
            f"{HEADER},userDomainType\n{IDS},cloud\n",
            "row 1: userDomainType is 'cloud', not one of none, managed, federated",
        ),
        (f"{HEADER},softDeletionTime\n{IDS},yesterday\n", "row 1: softDeletionTime is 'yesterday', not a time"),
        (f"{HEADER},lastDirectorySyncTime\n{IDS},2026-11-20T06:00\n", "row 1: lastDirectorySyncTime is '2026-11-20T06"),
        (f'{HEADER}\n"{CUSTOMER}"x,{USER}\n', "it is not CSV in UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_row_and_what_is_wrong_there(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(text)
    assert raised.value.details[0].startswith(problem)
    assert "users.csv" in raised.value.what


def test_of_many_problems_the_first_are_told_and_the_rest_counted() -> None:
    with pytest.raises(SettingsError) as raised:
        read(f"{HEADER},state\n" + "a,b,active\n" * 25)
    assert len(raised.value.details) == 21
    assert raised.value.details[-1] == "and 54 more"


@pytest.mark.parametrize("header", [f"{HEADER},password\n", ""], ids=["with its header", "without"])
def test_a_hand_over_given_by_mistake_is_refused_without_its_passwords(header: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(f"{header}{IDS},{PASSWORD}\n")
    assert PASSWORD not in "\n".join(raised.value.lines())


TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)


@given(name=TEXT, roles=st.lists(st.text("abc XYZ", min_size=1).map(str.strip).filter(bool), max_size=5))
def test_names_and_roles_come_back_as_they_were_written(name: str, roles: list[str]) -> None:
    quoted = name.replace('"', '""')
    (user,) = read(f'{HEADER},displayName,roles\n{IDS},"{quoted}","{";".join(roles)}"\n')
    assert (user.display_name, user.roles) == (name, tuple(roles))


def directory_of(*arguments: str) -> object:
    with simulate.make_context("simulate", list(arguments)) as context:
        return context.params["directory"]


def test_the_option_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(f"\ufeff{HEADER}\r\n{IDS}\r\n{OTHER_CUSTOMER},{CUSTOMER}\r\n".encode())
    assert directory_of("--directory", str(path)) == (
        DirectoryUser(customer=CUSTOMER, user=USER),
        DirectoryUser(customer=OTHER_CUSTOMER, user=CUSTOMER),
    )


@pytest.mark.parametrize("content", [b"PK\xff\xfe", b"a,b\n1,2\n"], ids=["not text", "other columns"])
def test_a_file_that_is_none_ends_the_command_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "users.xlsx"
    path.write_bytes(content)
    error = CliRunner().invoke(simulate, ["--directory", str(path)]).exception
    assert isinstance(error, SettingsError)
    assert str(path) in error.what
