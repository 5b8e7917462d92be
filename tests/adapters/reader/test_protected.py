"""A list of protected accounts protects whom it names, and is refused when it cannot be understood wholly."""

from pathlib import Path

import polars as pl
import pytest

from batchreset.adapters.reader import RawTable, Rules, check, fixed_entry, read_protected
from batchreset.adapters.reader.kinds import TABLE_ENDINGS
from batchreset.core.outcome import Reason
from batchreset.core.protection import Protected
from batchreset.errors import ExitCode, InputError

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_CUSTOMER = "16fd2706-8baf-433b-82eb-8c7fada847da"
USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER_USER = "9b2d3c1e-0000-4000-8000-00000000000a"


def written(folder: Path, *lines: str, name: str = "protected.csv") -> str:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def protected(
    users: set[str] | None = None, customers: set[str] | None = None, upns: set[str] | None = None
) -> Protected:
    return Protected(users=frozenset(users or ()), customers=frozenset(customers or ()), names=frozenset(upns or ()))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["user-id", USER], protected({USER}), id="a user"),
        pytest.param(["customer-tenant-id", CUSTOMER], protected(None, {CUSTOMER}), id="a whole customer"),
        pytest.param(
            ["userPrincipalName", "Admin@Contoso.com"], protected(None, None, {"admin@contoso.com"}), id="a name"
        ),
        pytest.param(["user-id", "{" + USER.upper() + "}"], protected({USER}), id="braces and upper case"),
        pytest.param(["USER_ID", f"  {USER} "], protected({USER}), id="another spelling"),
        pytest.param(["UserId;Customer Tenant ID", f"{USER};"], protected({USER}), id="as a spreadsheet saves it"),
        pytest.param(["\ufeffuser-id", USER], protected({USER}), id="byte order mark"),
        pytest.param(["user-id,note", f"{USER},break glass"], protected({USER}), id="a further column"),
        pytest.param(["user-id,note", f"{USER},a", ",nobody"], protected({USER}), id="a line that names nobody"),
        pytest.param(["user-id", USER, OTHER_USER, USER], protected({USER, OTHER_USER}), id="several"),
    ],
)
def test_a_list_protects_whom_it_names(tmp_path: Path, lines: list[str], expected: Protected) -> None:
    assert read_protected([written(tmp_path, *lines)]) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(f"{CUSTOMER},{USER},a@b.c", protected({USER}), id="all three"),
        pytest.param(f"{CUSTOMER},{USER},", protected({USER}), id="user in a customer"),
        pytest.param(f",{USER},a@b.c", protected({USER}), id="user and name"),
        pytest.param(f"{CUSTOMER},,a@b.c", protected(None, None, {"a@b.c"}), id="name in a customer"),
        pytest.param(f"{CUSTOMER},,", protected(None, {CUSTOMER}), id="a customer alone"),
    ],
)
def test_a_line_means_the_narrowest_that_it_names(tmp_path: Path, line: str, expected: Protected) -> None:
    """A customer is protected as a whole only by a line that names nobody in it."""
    path = written(tmp_path, "customer-tenant-id,user-id,userPrincipalName", line)
    assert read_protected([path]) == expected


def test_several_lists_are_taken_together(tmp_path: Path) -> None:
    users = written(tmp_path, "user-id", USER, name="users.csv")
    customers = tmp_path / "customers.parquet"
    pl.DataFrame({"customer-tenant-id": [OTHER_CUSTOMER]}).write_parquet(customers)

    assert read_protected([users, str(customers)]) == protected({USER}, {OTHER_CUSTOMER})


def test_no_list_protects_nobody() -> None:
    assert read_protected([]) == protected()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(USER, protected({USER}, {USER}), id="an id, of a user or a customer"),
        pytest.param(" {" + USER.upper() + "} ", protected({USER}, {USER}), id="an id in braces"),
        pytest.param("Glass@Contoso.example", protected(None, None, {"glass@contoso.example"}), id="a name"),
        pytest.param(
            "g_x.com#EXT#@contoso.onmicrosoft.com",
            protected(None, None, {"g_x.com#ext#@contoso.onmicrosoft.com"}),
            id="a guest's name",
        ),
    ],
)
def test_an_entry_may_name_an_account_itself(entry: str, expected: Protected) -> None:
    assert read_protected([entry]) == expected
    assert fixed_entry(entry) == entry


@pytest.mark.parametrize(
    "entry",
    ["none@contoso.csv", "lists/glass@contoso.example", USER[:-1], "00000000-0000-0000-0000-000000000000", "glass"],
    ids=["ends as a list does", "a path", "an id that is too short", "all zero", "no @"],
)
def test_what_may_have_been_meant_as_a_list_is_none_that_can_be_read(entry: str) -> None:
    """Rather refused than taken for the name of somebody who does not exist."""
    with pytest.raises(InputError, match="does not exist"):
        read_protected([entry])


def test_a_list_may_have_an_at_sign_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("glass@contoso.csv").write_text(f"user-id\n{USER}\n", encoding="utf-8")
    assert read_protected(["glass@contoso.csv"]) == protected({USER})
    assert fixed_entry("glass@contoso.csv") == str(tmp_path / "glass@contoso.csv")
    Path("glass@contoso.example").write_text(f"user-id\n{USER}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"the ending \.example"):
        read_protected(["glass@contoso.example"])


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        pytest.param(
            ["user", USER],
            "none of the columns user-id, customer-tenant-id, userPrincipalName; it has one column, of a name",
            id="no column",
        ),
        pytest.param(["user-id,note", ",x"], "names nobody", id="nobody"),
        pytest.param(["user-id"], "no rows", id="headers only"),
        pytest.param(
            ["user-id", "admin@contoso.com"],
            "in column user-id what is no GUID: admin@contoso.com",
            id="a name for an id",
        ),
        pytest.param(["user-id", USER, USER[:-1]], "no GUID: ", id="a character less"),
        pytest.param(["user-id", "00000000-0000-0000-0000-000000000000"], "no GUID", id="all zero"),
        pytest.param(
            ["customer-tenant-id,user-id", f"Contoso,{USER}"],
            "in column customer-tenant-id what is no GUID",
            id="a customer's name",
        ),
        pytest.param(["user-id,User ID", f"{USER},{USER}"], "2 times", id="a column twice"),
    ],
)
def test_a_list_that_is_half_understood_is_refused(tmp_path: Path, lines: list[str], why: str) -> None:
    path = written(tmp_path, *lines)

    with pytest.raises(InputError, match=why) as caught:
        read_protected([path])

    assert path in caught.value.what
    assert caught.value.next_step
    assert caught.value.exit_code is ExitCode.REFUSED


def test_one_list_that_cannot_be_read_refuses_all(tmp_path: Path) -> None:
    good = written(tmp_path, "user-id", USER)
    with pytest.raises(InputError, match="does not exist"):
        read_protected([good, str(tmp_path / "none.csv")])


def test_what_a_list_names_is_left_out_of_the_plan(tmp_path: Path) -> None:
    """Read, checked and decided: the list and the input may spell an id differently."""
    found = read_protected(
        [written(tmp_path, "customer-tenant-id,user-id", f",{{{USER.upper()}}}", f"{OTHER_CUSTOMER.upper()},")]
    )
    rows = [(CUSTOMER, USER), (CUSTOMER, OTHER_USER), (OTHER_CUSTOMER, OTHER_USER)]
    frame = pl.DataFrame(rows, schema=["customer-tenant-id", "user-id"], orient="row")
    rules = Rules(
        on_invalid="stop",
        max_rows=10,
        customers=frozenset(),
        protected_users=found.users,
        protected_customers=found.customers,
        protected_upns=found.names,
    )

    raw = RawTable(headers=tuple(frame.columns), batches=iter([frame]), source="users.csv", sha256="5ha")

    checked = check(raw, rules, room=tmp_path)

    assert pl.concat(checked.batches())["reason"].to_list() == [Reason.PROTECTED, None, Reason.PROTECTED]


@pytest.mark.parametrize("ending", [*TABLE_ENDINGS, ".csv.zst", ".CSV"])
def test_a_list_that_is_not_there_never_passes_for_a_name(ending: str) -> None:
    with pytest.raises(InputError):
        read_protected([f"glass@contoso.example{ending}"])


@pytest.mark.parametrize("header", ["eyJ0eXAiOiJKV1QiLCJhbGciOi" * 6, "abc8Q~Vb83kQz1.Lw71-canary-secret-0123456"])
@pytest.mark.parametrize("further", ["", ",x\x1b]0;title\x07"])
def test_a_key_that_is_given_as_a_list_by_mistake_is_not_shown(tmp_path: Path, header: str, further: str) -> None:
    with pytest.raises(InputError) as caught:
        read_protected([written(tmp_path, header + further, "x" + further)])

    text = "\n".join(caught.value.lines())
    assert header[:12] not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "name",
    [
        "break.glass",
        "glass@contoso.example\u200b",
        "BG <bg@contoso.example>",
        "@x.y",
        "a@b",
        "mailto:a@b.c",
        "a@b.c.",
        "'a@b.c",
        "u\u0308@b.c",
        "\u202aa@b.c",
    ],
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="in column userPrincipalName what is no name@domain"):
        read_protected([written(tmp_path, "userPrincipalName", name, "good@contoso.example")])
