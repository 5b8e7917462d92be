"""What the plan's further columns call the people whose passwords are reset."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from batchreset.adapters.plan import freeze, open_plan
from batchreset.adapters.plan.file import ROWS_PER_SLICE
from batchreset.core.handover import Person

OWN = {"row": pl.UInt32, "customer-tenant-id": pl.String, "user-id": pl.String, "forceChangePassword": pl.Boolean,
       "decision": pl.String, "reason": pl.String}  # fmt: skip


def pieces(folder: Path, rows: int, further: Mapping[str, pl.Series], *, decision: str) -> list[list[Person]]:
    own = [(row, "c", f"u{row}", row % 2 == 1, decision, None) for row in range(1, rows + 1)]
    frame = pl.DataFrame(own, schema=OWN, orient="row").with_columns(
        series.alias(name) for name, series in further.items()
    )
    freeze([frame], folder / "plan.parquet")
    return list(open_plan(folder / "plan.parquet").people())


def people(folder: Path, rows: int = 1, **further: pl.Series) -> list[Person]:
    return [person for piece in pieces(folder, rows, further, decision="reset") for person in piece]


def test_a_person_is_a_row_with_its_account_and_whether_it_chooses_a_new_password(tmp_path: Path) -> None:
    assert people(tmp_path, rows=2) == [
        Person(row=1, customer_tenant_id="c", user_id="u1", force_change=True),
        Person(row=2, customer_tenant_id="c", user_id="u2", force_change=False),
    ]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("userPrincipalName", "principal_name"), ("User Principal Name", "principal_name"), ("UPN", "principal_name"),
        ("username", "principal_name"), ("sign_in_name", "principal_name"),
        ("displayName", "display_name"), ("Display name", "display_name"), ("FULL_NAME", "display_name"),
        ("companyName", "organisation"), ("Customer name", "organisation"), ("organization", "organisation"),
    ],
)  # fmt: skip
def test_names_are_found_in_any_spelling(tmp_path: Path, header: str, named: str) -> None:
    (found,) = pieces(tmp_path, 1, {header: pl.Series(["  Nóra \t"])}, decision="reset")
    (person,) = found
    names = {name: getattr(person, name) for name in ("principal_name", "display_name", "organisation")}
    assert names == {"principal_name": "", "display_name": "", "organisation": ""} | {named: "Nóra"}


def test_the_first_of_several_columns_is_taken_whatever_their_order(tmp_path: Path) -> None:
    (person,) = people(tmp_path, name=pl.Series(["second"]), displayName=pl.Series(["first"]))
    assert person.display_name == "first"


@pytest.mark.parametrize("column", [pl.Series([7]), pl.Series([["a", "b"]]), pl.Series([None], dtype=pl.String)])
def test_what_is_no_text_is_no_name(tmp_path: Path, column: pl.Series) -> None:
    (person,) = people(tmp_path, displayName=column)
    assert person.display_name == ""


def test_pieces_are_of_bounded_size_and_hold_those_to_be_reset_only(tmp_path: Path) -> None:
    rows = ROWS_PER_SLICE + 1
    found = pieces(tmp_path, rows, {}, decision="reset")
    assert all(0 < len(piece) <= ROWS_PER_SLICE for piece in found)
    assert [person.row for piece in found for person in piece] == list(range(1, rows + 1))
    assert pieces(tmp_path, 3, {}, decision="skip") == []
