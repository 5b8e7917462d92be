"""Every row is checked, and decided on as the rules say."""

import hashlib
from collections import Counter
from itertools import product
from typing import Any

import polars as pl
import pytest
from checked_input import Checked, check
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.reader import InvalidRowsError, Problem, RawTable, Rules
from batchreset.adapters.reader.partitions import Sizes
from batchreset.core.columns import PLAN
from batchreset.core.outcome import Reason
from batchreset.errors import InputError, PlanRefusedError

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_CUSTOMER = "16fd2706-8baf-433b-82eb-8c7fada847da"
USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER_USER = "9b2d3c1e-0000-4000-8000-00000000000a"
ZERO = "00000000-0000-0000-0000-000000000000"
NOT_A_GUID = "a GUID such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301, not all zero"

Row = tuple[str | None, ...]


def rules(**changed: Any) -> Rules:
    values: dict[str, Any] = {
        "on_invalid": "skip",
        "max_rows": 100_000,
        "customers": frozenset(),
        "protected_users": frozenset(),
        "protected_customers": frozenset(),
        "protected_upns": frozenset(),
    }
    return Rules(**(values | changed))


def table(
    *rows: Row,
    columns: tuple[str, ...] = ("customer-tenant-id", "user-id", "forceChangePassword"),
    rows_per_batch: int = 2,
) -> RawTable:
    columns = columns[: len(rows[0])]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return RawTable(headers=columns, batches=frame.iter_slices(rows_per_batch), source="users.csv", sha256="5ha")


def endings(checked: Checked) -> list[str]:
    return [reason or decision for decision, reason in checked.frame.select("decision", "reason").iter_rows()]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(USER, id="canonical"),
        pytest.param(USER.upper(), id="upper case"),
        pytest.param("{" + USER + "}", id="braces"),
        pytest.param(f"\t {{{USER.upper()}}}\xa0 ", id="blanks around braces"),
    ],
)
def test_a_guid_is_made_canonical(found: str) -> None:
    checked = check(table((CUSTOMER, found)), rules())

    assert checked.frame.rows() == [(1, CUSTOMER, USER, True, "reset", None)]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param("someone@contoso.com", id="a name"),
        pytest.param(ZERO, id="all zero"),
        pytest.param("{" + USER, id="half a brace"),
        pytest.param("{{" + USER + "}}", id="two braces"),
        pytest.param(USER.replace("-", ""), id="no dashes"),
        pytest.param(USER[:-1] + "g", id="not hexadecimal"),
        pytest.param(USER[:-1] + "١", id="a digit that is not ASCII"),
        pytest.param(USER + "\n" + USER, id="two lines"),
        pytest.param(None, id="empty"),
    ],
)
@pytest.mark.parametrize("column", [pytest.param(0, id="customer"), pytest.param(1, id="user")])
def test_what_is_no_guid_is_a_problem_and_stays_as_found(found: str | None, column: int) -> None:
    ids = [CUSTOMER, USER]
    wrong = [found if index == column else ids[index] for index in (0, 1)]

    checked = check(table((CUSTOMER, OTHER_USER), tuple(wrong)), rules())

    assert [(problem.row, problem.column, problem.expected) for problem in checked.problems] == [
        (2, ("customer-tenant-id", "user-id")[column], NOT_A_GUID)
    ]
    assert endings(checked) == ["reset", "invalid"]
    assert checked.frame.row(1)[1 + column] == found


@pytest.mark.parametrize(
    ("found", "flag"),
    [
        *(pytest.param(text, True, id=repr(text)) for text in ("true", "TRUE", " Yes ", "1", "", "  ", None)),
        *(pytest.param(text, False, id=repr(text)) for text in ("false", "False\t", "nO", "0")),
    ],
)
def test_the_flag_is_read_in_every_spelling_and_is_true_when_empty(found: str | None, flag: bool) -> None:  # noqa: FBT001
    assert check(table((CUSTOMER, USER, found)), rules()).frame["forceChangePassword"].to_list() == [flag]


def test_another_flag_is_a_problem_and_null() -> None:
    checked = check(table((CUSTOMER, USER, "maybe"), (CUSTOMER, OTHER_USER, "1")), rules())

    assert checked.problems == [
        Problem(row=1, column="forceChangePassword", found="maybe", expected="true or false, yes or no, 1 or 0"),
    ]
    assert checked.frame["forceChangePassword"].to_list() == [None, True]


def test_a_customer_that_is_not_among_those_given_is_a_problem() -> None:
    checked = check(table((OTHER_CUSTOMER, USER), (CUSTOMER.upper(), USER)), rules(customers=frozenset({CUSTOMER})))

    assert checked.problems == [
        Problem(
            row=1,
            column="customer-tenant-id",
            found=OTHER_CUSTOMER,
            expected="one of the customers named in the settings",
        ),
    ]
    assert endings(checked) == ["invalid", "reset"]


def test_the_same_account_again_is_a_duplicate() -> None:
    checked = check(
        table((CUSTOMER, USER), (CUSTOMER.upper(), "{" + USER + "}"), (OTHER_CUSTOMER, USER), (CUSTOMER, USER)), rules()
    )

    assert endings(checked) == ["reset", "duplicate", "reset", "duplicate"]
    assert checked.skipped == {Reason.DUPLICATE: 2}


def test_an_account_with_clashing_flags_is_not_reset_at_all() -> None:
    checked = check(
        table(
            (CUSTOMER, USER, "yes"),
            (CUSTOMER, OTHER_USER, ""),
            (CUSTOMER, USER, ""),
            (CUSTOMER, USER, " NO"),
        ),
        rules(),
    )

    assert endings(checked) == ["invalid", "reset", "invalid", "invalid"]
    assert [(problem.row, problem.found, problem.expected.partition(":")[0]) for problem in checked.problems] == [
        (1, "yes", "false as in row 4"),
        (3, "", "false as in row 4"),
        (4, " NO", "true as in row 1"),
    ]


def test_a_first_row_that_is_invalid_leaves_the_reset_to_the_next() -> None:
    checked = check(table((CUSTOMER, USER, "?"), (CUSTOMER, USER, "no"), (CUSTOMER, USER, "no")), rules())

    assert endings(checked) == ["invalid", "reset", "duplicate"]


@pytest.mark.parametrize(
    "protection",
    [
        pytest.param({"protected_users": frozenset({USER})}, id="user"),
        pytest.param({"protected_customers": frozenset({CUSTOMER})}, id="customer"),
        pytest.param({"protected_upns": frozenset({"admin@contoso.com"})}, id="name"),
    ],
)
def test_a_protected_account_is_skipped_in_all_its_rows(protection: dict[str, Any]) -> None:
    columns = ("customer-tenant-id", "user-id", "User Principal Name")
    raw = table(
        (CUSTOMER, USER.upper(), "old.name@contoso.com"),
        (CUSTOMER, USER, " Admin@Contoso.COM "),
        (OTHER_CUSTOMER, OTHER_USER, "x@y"),
        (CUSTOMER, "?", "admin@contoso.com"),
        columns=columns,
    )

    assert endings(check(raw, rules(**protection))) == ["protected", "protected", "reset", "invalid"]


def test_an_empty_name_is_a_problem_where_accounts_are_protected_by_name() -> None:
    columns = ("customer-tenant-id", "user-id", "userPrincipalName")
    rows = ((CUSTOMER, USER, " "), (CUSTOMER, OTHER_USER, "x@y"))

    checked = check(table(*rows, columns=columns), rules(protected_upns=frozenset({"admin@contoso.com"})))

    assert endings(checked) == ["invalid", "reset"]
    assert checked.problems[0].column == "userPrincipalName"
    assert "protected accounts are named by it" in checked.problems[0].expected
    assert endings(check(table(*rows, columns=columns), rules())) == ["reset", "reset"]


def test_the_operators_own_name_is_compared_and_never_demanded() -> None:
    operator = rules(operator_upns=frozenset({"op@partner.com"}))
    columns = ("customer-tenant-id", "user-id", "userPrincipalName")
    raw = table((CUSTOMER, USER, " "), (CUSTOMER, OTHER_USER, "OP@partner.com"), columns=columns)

    assert endings(check(raw, operator)) == ["reset", "protected"]
    assert endings(check(table((CUSTOMER, USER)), operator)) == ["reset"]


def test_more_rows_than_allowed_refuse_the_plan_with_both_numbers_and_the_setting() -> None:
    rows = ((CUSTOMER, USER), (CUSTOMER, OTHER_USER))

    with pytest.raises(PlanRefusedError, match=r"has more than 1 rows, which max_rows under \[input\] allows"):
        check(table(*rows), rules(max_rows=1))
    assert check(table(*rows), rules(max_rows=2)).reset_count == 2


def test_nothing_left_to_reset_refuses_the_plan_with_the_counts() -> None:
    raw = table((CUSTOMER, USER), (CUSTOMER, "?"))

    with pytest.raises(PlanRefusedError, match=r"users\.csv is left to reset: 1 protected, 1 invalid"):
        check(raw, rules(protected_users=frozenset({USER})))


@pytest.mark.parametrize(
    ("columns", "said", "details"),
    [
        pytest.param(
            ("Tenant", "usr-id"),
            "no column customer-tenant-id and none user-id",
            ("found: Tenant, usr-id", "customer-tenant-id: the nearest is Tenant", "user-id: the nearest is usr-id"),
            id="both",
        ),
        pytest.param(
            ("user id", "zz\x1b"),
            "no column customer-tenant-id",
            ("found: user id, (a name of 3 characters)", "customer-tenant-id: nothing near it"),
            id="one",
        ),
    ],
)
def test_a_missing_column_is_told_with_what_was_found(
    columns: tuple[str, ...], said: str, details: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as caught:
        check(table(("a", "b"), columns=columns), rules())

    assert said in caught.value.what
    assert caught.value.details == details


def test_of_many_headers_the_first_twenty_are_shown() -> None:
    columns = tuple(f"h{number}" for number in range(25))

    with pytest.raises(InputError) as caught:
        check(table(tuple("x" * 25), columns=columns), rules())

    assert caught.value.details[0].endswith("h19 and 5 more")


def test_problems_stop_the_input_with_an_aligned_table_of_the_first_twenty() -> None:
    raw = table(*((CUSTOMER, f"bad{number}", "") for number in range(22)), (CUSTOMER, None, "?"))

    with pytest.raises(InvalidRowsError, match=r"users\.csv has 24 problems") as caught:
        check(raw, rules(on_invalid="stop"))

    error = caught.value
    assert error.problems.count == 24
    assert error.details[:2] == (
        "row  column   found  expected",
        f"1    user-id  bad0   {NOT_A_GUID}",
    )
    assert len(error.details) == 22
    assert error.details[-1] == "... and 4 more"


def test_one_problem_is_shown_alone_and_an_empty_cell_as_such() -> None:
    with pytest.raises(InvalidRowsError, match="has 1 problem in") as caught:
        check(table((CUSTOMER, None)), rules(on_invalid="stop"))

    assert caught.value.details == (
        "row  column   found    expected",
        f"1    user-id  (empty)  {NOT_A_GUID}",
    )


def test_without_problems_stop_lets_the_input_through() -> None:
    assert check(table((CUSTOMER, USER)), rules(on_invalid="stop")).problem_count == 0


def test_all_problems_are_kept_in_the_order_of_rows_and_columns() -> None:
    raw = table(*(("?", "?") for _ in range(600)), (CUSTOMER, USER), rows_per_batch=250)

    checked = check(raw, rules())

    assert checked.problem_count == len(checked.problems) == 1200
    assert [(problem.row, problem.column) for problem in checked.problems[:3]] == [
        (1, "customer-tenant-id"),
        (1, "user-id"),
        (2, "customer-tenant-id"),
    ]


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        pytest.param("a\x1b[2J\nb\u202e", r"a\x1b[2J\nb\u202e", id="control characters"),
        pytest.param("é" * 80, "é" * 80, id="eighty"),
        pytest.param("é" * 81, "é" * 79 + "…", id="more than eighty"),
        pytest.param("\n" * 50, r"\n" * 39 + "\\…", id="more than eighty once escaped"),
    ],
)
def test_what_was_found_is_shown_in_at_most_eighty_harmless_characters(found: str, shown: str) -> None:
    checked = check(table((CUSTOMER, found), (CUSTOMER, USER)), rules())

    assert checked.problems[0].found == shown


def test_the_plan_has_its_own_columns_then_the_further_ones_none_hiding_another() -> None:
    columns = ("outcome", "USER_ID", "input.outcome", "row", "note", "Customer Tenant Id", "decision")
    raw = table(("o", USER, "io", "9", "007", CUSTOMER, "d"), columns=columns)

    frame = check(raw, rules()).frame

    assert frame.columns == [*PLAN, "input.outcome.2", "input.outcome", "input.row", "note", "input.decision"]
    assert frame.row(0) == (1, CUSTOMER, USER, True, "reset", None, "o", "io", "9", "007", "d")
    assert frame.schema["row"] == pl.UInt32


def test_source_and_hash_are_carried() -> None:
    checked = check(table((CUSTOMER, USER)), rules())

    assert (checked.source, checked.sha256) == ("users.csv", "5ha")
    assert checked.accounts_sha256 == hashlib.sha256(f"{CUSTOMER}/{USER}".encode()).hexdigest()


@given(order=st.permutations([(CUSTOMER, USER), (CUSTOMER, OTHER_USER), (OTHER_CUSTOMER, USER), (CUSTOMER, USER)]))
@settings(deadline=None, max_examples=20)
def test_the_hash_of_the_accounts_knows_no_order_and_no_duplicates(order: list[Row]) -> None:
    lines = sorted({f"{CUSTOMER}/{USER}", f"{CUSTOMER}/{OTHER_USER}", f"{OTHER_CUSTOMER}/{USER}"})

    checked = check(table(*order, ("?", "?")), rules())

    assert checked.accounts_sha256 == hashlib.sha256("\n".join(lines).encode()).hexdigest()


CUSTOMERS = (CUSTOMER, OTHER_CUSTOMER, "?")
USERS = (USER, OTHER_USER, None)
FLAGS = {"true": True, None: True, "0": False, "?": None}
cells = st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(USERS), st.sampled_from(list(FLAGS)))


def model(rows: list[Row], protected: tuple[str, ...]) -> list[str]:
    """The decisions, told row by row."""
    flags = [FLAGS[row[2]] if row[0] != "?" and row[1] else None for row in rows]
    ended: list[str] = []
    for row, own in zip(rows, flags, strict=True):
        of_account = {flag for other, flag in zip(rows, flags, strict=True) if other[:2] == row[:2]} - {None}
        earlier = [end for other, end in zip(rows, ended, strict=False) if other[:2] == row[:2]]
        if own is None or len(of_account) > 1:
            ended.append("invalid")
        elif f"{row[0]}/{row[1]}" in protected:
            ended.append("protected")
        else:
            ended.append("duplicate" if "reset" in earlier else "reset")
    return ended


def clashes(rows: list[Row]) -> list[Problem]:
    """What rows of one account make wrong for one another, told row by row."""
    numbered = [(number, row, FLAGS[row[2]]) for number, row in enumerate(rows, start=1) if row[0] != "?" and row[1]]
    found = []
    for number, row, flag in numbered:
        others = [other for other, same, its in numbered if same[:2] == row[:2] and its is (not flag)]
        if flag is not None and others:
            expected = f"{str(not flag).lower()} as in row {others[0]}: the same user twice must not differ"
            found.append(Problem(row=number, column="forceChangePassword", found=row[2] or "", expected=expected))
    return found


def sha256(rows: list[Row], ended: list[str], *, but_for: set[str]) -> str:
    lines = {f"{row[0]}/{row[1]}" for row, end in zip(rows, ended, strict=True) if end not in but_for}
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def told_row_by_row(rows: list[Row], *, protect: bool, batch: int, sizes: Sizes) -> None:
    """Also with so little memory that all of it goes through the disk."""
    users = frozenset({OTHER_USER} if protect else ())
    last: Row = (CUSTOMER, "e4eaaaf2-d142-11e1-b3e4-080027620cdd", "1")
    protected = tuple(f"{customer}/{user}" for customer, user in product(CUSTOMERS, users))
    expected = [*model(rows, protected), "reset"]

    checked = check(table(*rows, last, rows_per_batch=batch), rules(protected_users=users), sizes)

    assert endings(checked) == expected
    assert [problem for problem in checked.problems if "as in row" in problem.expected] == clashes(rows)
    assert [problem.row for problem in checked.problems] == sorted(problem.row for problem in checked.problems)
    assert checked.accounts_sha256 == sha256([*rows, last], expected, but_for={"invalid", "protected"})
    assert checked.named_sha256 == sha256([*rows, last], expected, but_for={"invalid"})
    assert checked.left_in_room <= {"rows", "beside", "problems"}
    assert checked.reset_count == expected.count("reset")
    assert checked.skipped == {end: count for end, count in Counter(expected).items() if end != "reset"}


ANY_ROWS = {
    "rows": st.lists(cells, max_size=12),
    "protect": st.booleans(),
    "batch": st.integers(1, 13),
    "sizes": st.builds(
        Sizes,
        partitions=st.integers(1, 3),
        keys=st.integers(1, 14),
        accounts=st.integers(1, 14),
        accounts_of_a_partition=st.integers(1, 14),
    ),
}


@pytest.mark.torture
@given(**ANY_ROWS)
@settings(deadline=None, max_examples=1_000)
def test_the_decisions_are_those_of_many_more_inputs(
    rows: list[Row], *, protect: bool, batch: int, sizes: Sizes
) -> None:
    told_row_by_row(rows, protect=protect, batch=batch, sizes=sizes)


@given(**ANY_ROWS)
@settings(deadline=None, max_examples=30)
def test_the_decisions_are_those_of_going_through_row_by_row(
    rows: list[Row], *, protect: bool, batch: int, sizes: Sizes
) -> None:
    told_row_by_row(rows, protect=protect, batch=batch, sizes=sizes)


def test_two_hundred_thousand_rows_are_checked_at_once() -> None:
    """A loop over rows would take the whole time limit; expressions take a fraction of a second."""
    height = 200_000
    numbers = pl.select(number=pl.int_range(height) % (height // 2))["number"]
    users = pl.Series("user-id", numbers).map_elements(lambda n: f"7c9e6679-7425-40de-944b-{n:012x}", pl.String)
    frame = pl.DataFrame([pl.repeat(CUSTOMER, height, eager=True).alias("customer-tenant-id"), users])

    raw = RawTable(headers=tuple(frame.columns), batches=frame.iter_slices(70_000), source="-", sha256="")

    checked = check(raw, rules(max_rows=height))

    assert checked.reset_count == height // 2
    assert checked.skipped == {Reason.DUPLICATE: height // 2}


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param(("hunter2",), id="alone"),
        pytest.param(("user-id", "eyJ0eXAiOiJKV1Qi" * 4), id="long"),
        pytest.param(("Server=a", "Password=canary"), id="a setting"),
        pytest.param(("admin", "CANARYCANARYCANARY"), id="capitals"),
        pytest.param(("admin", "canary4711Lw"), id="letters and digits"),
    ],
)
def test_what_may_be_a_key_given_by_mistake_is_not_shown_as_a_header(columns: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        check(table(tuple("x" * len(columns)), columns=columns), rules())

    assert columns[-1][-6:] not in "\n".join(caught.value.lines())
