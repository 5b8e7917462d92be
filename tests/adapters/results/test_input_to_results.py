"""What stands in the input's further columns stands in the results, letter by letter."""

import csv
import io
import tempfile
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.plan import freeze
from batchreset.adapters.reader import Rules, check, reading
from batchreset.adapters.results import write_results
from batchreset.core.columns import RESULTS, fold
from batchreset.core.outcome import Reason

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
RULES = Rules(
    on_invalid="stop",
    max_rows=1_000,
    customers=frozenset(),
    protected_users=frozenset(),
    protected_customers=frozenset(),
    protected_upns=frozenset(),
)
KNOWN = {"customertenantid", "userid", "forcechangepassword", "userprincipalname"}

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
odd_cells = st.sampled_from(
    ["007", '"', '""', "a\nb", "a\r\nb", "\r", "=1+1", "NULL", "1e5", " x ", ",", ";", "'", "true"]
)
cells = odd_cells | st.text(letters, max_size=10)
headers = st.text(letters, min_size=1, max_size=8).filter(lambda name: name.strip() and fold(name) not in KNOWN)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = draw(
        st.lists(headers, max_size=3, unique=True).filter(lambda drawn: not set(drawn) & {*RESULTS, "decision"})
    )
    return names, draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), min_size=1, max_size=6))


def planned(data: bytes, plan: Path) -> None:
    room = plan.parent
    with reading("-", max_rows=100, stdin=io.BytesIO(data), room=room) as raw:
        freeze(check(raw, RULES, room=room).batches(), plan)


def come_through(table: tuple[list[str], list[list[str]]]) -> None:
    names, rows = table
    users = [str(UUID(int=2**120 + index)) for index in range(len(rows))]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(["customer-tenant-id", *names, "user-id"])
    writer.writerows([CUSTOMER, *row, user] for user, row in zip(users, rows, strict=True))

    with tempfile.TemporaryDirectory() as folder:
        plan, results = Path(folder, "plan.parquet"), Path(folder, "results.csv")
        planned(written.getvalue().encode(), plan)
        write_results(plan=plan, outcomes=lambda _first, _last: [], unattempted=Reason.PLANNED, destination=results)
        with results.open(newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file, strict=True)

    assert header == [*RESULTS, *names]
    assert [line[2] for line in lines] == users
    assert [line[len(RESULTS) :] for line in lines] == rows


@pytest.mark.torture
@given(table=tables())
@settings(deadline=None, max_examples=500)
def test_further_columns_of_many_more_tables_come_through(table: tuple[list[str], list[list[str]]]) -> None:
    come_through(table)


@given(table=tables())
@settings(deadline=None, max_examples=30)
def test_further_columns_come_through_reading_planning_and_results(table: tuple[list[str], list[list[str]]]) -> None:
    come_through(table)


def test_a_results_file_can_be_an_input_again_and_again() -> None:
    data = f"customer-tenant-id,user-id,note\n{CUSTOMER},{UUID(int=2**120)},007\n".encode()
    with tempfile.TemporaryDirectory() as folder:
        plan, results = Path(folder, "plan.parquet"), Path(folder, "results.csv")
        for _ in range(3):
            planned(data, plan)
            write_results(plan=plan, outcomes=lambda _first, _last: [], unattempted=Reason.PLANNED, destination=results)
            data = results.read_bytes()

    header = data.decode().splitlines()[0].split(",")
    assert header[: len(RESULTS)] == list(RESULTS)
    assert {"note", "input.outcome", "input.outcome.2"} <= set(header)
    assert len(set(header)) == len(header)
