"""Rows are handed out once, in the input's order within their lane."""

import os
import resource
import tracemalloc
import uuid
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import polars as pl
import pytest
from chances import usual_and_torture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchreset.adapters.plan import SINGLE_LANE, RowQueue
from batchreset.core.protection import Bounds, Protected
from batchreset.core.row_set import RowSet
from batchreset.core.rows import PlannedRow
from batchreset.errors import RunFolderError

SCHEMA = {"row": pl.UInt32, "customer-tenant-id": pl.String, "user-id": pl.String, "forceChangePassword": pl.Boolean}
Line = tuple[int, str, str, bool]
IN_A_BATCH = 7
"""Rows: several batches come of few."""


def lines_of(customers: list[str]) -> list[Line]:
    """A row for each customer named, of the users u1, u2 and so on."""
    return [(row, customer, f"u{row}", row % 2 == 0) for row, customer in enumerate(customers, start=1)]


def batches(lines: list[Line]) -> Iterator[pl.DataFrame]:
    for first in range(0, len(lines), IN_A_BATCH):
        yield pl.DataFrame(lines[first : first + IN_A_BATCH], schema=SCHEMA, orient="row")


MakeQueue = Callable[..., RowQueue]


@pytest.fixture(scope="module")
def queue_of(tmp_path_factory: pytest.TempPathFactory) -> MakeQueue:
    folder = tmp_path_factory.mktemp("run")

    def queue_of(lines: list[Line], *, done: Collection[int] = (), single_lane: bool = False) -> RowQueue:
        last = max((line[0] for line in lines), default=0)
        return RowQueue(batches(lines), folder, done=RowSet(last, done), single_lane=single_lane)

    return queue_of


def planned(line: Line, lane: str) -> PlannedRow:
    row, customer, user, force = line
    return PlannedRow(row=row, lane=lane, customer_tenant_id=customer, user_id=user, force_change_password=force)


def drained(queue: RowQueue) -> dict[str, list[PlannedRow]]:
    return {lane: [queue.next(lane) for _ in range(length)] for lane, length in dict(queue.rows_per_lane).items()}


def numbers(queue: RowQueue) -> dict[str, list[int]]:
    return {lane: [row.row for row in rows] for lane, rows in drained(queue).items()}


def in_lanes(lines: list[Line], *, single_lane: bool) -> dict[str, list[PlannedRow]]:
    """As a plain list would be grouped."""
    lanes: dict[str, list[PlannedRow]] = {}
    for line in lines:
        lane = SINGLE_LANE if single_lane else line[1]
        lanes.setdefault(lane, []).append(planned(line, lane))
    return lanes


def test_a_row_comes_as_it_was_planned(queue_of: MakeQueue) -> None:
    queue = queue_of(lines_of(["c1", "c2"]))

    assert queue.next("c2") == PlannedRow(
        row=2, lane="c2", customer_tenant_id="c2", user_id="u2", force_change_password=True
    )


def test_one_lane_for_all_keeps_the_files_order_and_the_customers(queue_of: MakeQueue) -> None:
    queue = queue_of(lines_of(["c1", "c2", "c1"]), single_lane=True)

    assert dict(queue.rows_per_lane) == {SINGLE_LANE: 3}
    rows = [queue.next(SINGLE_LANE) for _ in range(3)]
    assert [(row.row, row.lane, row.customer_tenant_id) for row in rows] == [
        (1, SINGLE_LANE, "c1"),
        (2, SINGLE_LANE, "c2"),
        (3, SINGLE_LANE, "c1"),
    ]


@pytest.mark.parametrize("single_lane", [pytest.param(True, id="one lane"), pytest.param(False, id="a lane each")])
def test_a_queue_with_everything_done_has_no_lanes(queue_of: MakeQueue, *, single_lane: bool) -> None:
    queue = queue_of(lines_of(["c1"]), done={1}, single_lane=single_lane)

    assert dict(queue.rows_per_lane) == dict(queue.rows_per_customer) == {}


def test_what_is_left_counts_down_while_it_is_watched(queue_of: MakeQueue) -> None:
    queue = queue_of(lines_of(["c1", "c2", "c1"]))
    left = queue.rows_per_lane

    queue.next("c1")
    queue.next("c2")

    assert dict(left) == {"c1": 1, "c2": 0}
    assert left.get("c9") is None


def test_a_wave_takes_some_rows_and_the_rest_goes_on_from_there(queue_of: MakeQueue) -> None:
    queue = queue_of(lines_of(["c1"] * 5 + ["c2"] * 2))
    wave = [queue.next("c1").row, queue.next("c1").row, queue.next("c2").row]

    assert wave == [1, 2, 6]
    assert numbers(queue) == {"c1": [3, 4, 5], "c2": [7]}


@pytest.mark.parametrize("lane", [pytest.param("c1", id="drained"), pytest.param("c9", id="unknown")])
def test_asking_a_lane_for_more_than_it_has_is_a_bug(queue_of: MakeQueue, lane: str) -> None:
    queue = queue_of(lines_of(["c1"]))
    queue.next("c1")

    with pytest.raises(IndexError, match=f"lane '{lane}' has no row left"):
        queue.next(lane)
    assert dict(queue.rows_per_lane) == {"c1": 0}


GUIDS = [str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))) for number in range(1, 6)]
USERS = st.sampled_from([*GUIDS, GUIDS[0].upper(), "", "u1", "ü" * 18, "ü" * 36, "x" * 35, "x" * 37, "\N{KEY}" * 9])
"""GUIDs, and what is as long in letters, or in bytes, or in neither."""
CUSTOMERS = st.sampled_from(["c1", "c2", "c3", GUIDS[4]])
GAPS = st.sampled_from([1, 1, 2, 9])


@st.composite
def plans(draw: st.DrawFn) -> list[Line]:
    """Rows to be reset, some of the input's left out between them."""
    row, lines = 0, []
    for gap, customer, user, force in draw(st.lists(st.tuples(GAPS, CUSTOMERS, USERS, st.booleans()), max_size=25)):
        row += gap
        lines.append((row, customer, user, force))
    return lines


BOUNDS = st.builds(
    Bounds,
    protected=st.builds(Protected, users=st.frozensets(USERS), customers=st.frozensets(CUSTOMERS, max_size=1)),
    customers=st.frozensets(CUSTOMERS),
)


@given(lines=plans(), done=st.sets(st.integers(1, 60)), bounds=st.lists(BOUNDS, max_size=2), single_lane=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_hands_out_what_a_plain_list_would(
    queue_of: MakeQueue, *, lines: list[Line], done: set[int], bounds: list[Bounds], single_lane: bool
) -> None:
    """Whatever was done, and whoever must not be reset, by one look and then by another."""
    left = [line for line in lines if line[0] not in done]
    queue = queue_of(lines, done=done, single_lane=single_lane)

    assert dict(queue.rows_per_lane) == {lane: len(r) for lane, r in in_lanes(left, single_lane=single_lane).items()}
    per_customer = in_lanes(left, single_lane=False)
    assert list(queue.rows_per_customer.items()) == [(customer, len(rows)) for customer, rows in per_customer.items()]
    for these in bounds:
        out = {line[0] for line in left if these.reason_against(line[1], line[2]) is not None}
        taken = queue.leave_out(these)
        assert sorted(row.row for row in taken) == sorted(out)
        assert {planned(line, SINGLE_LANE if single_lane else line[1]) for line in left if line[0] in out} == set(taken)
        assert queue.leave_out(these) == []
        left = [line for line in left if line[0] not in out]
    expected = in_lanes(left, single_lane=single_lane)
    # A lane keeps its place when its first rows are left out.
    assert set(queue.rows_per_lane) == set(expected)
    assert drained(queue) == expected
    queue.close()


def test_many_users_are_found_as_few_are(queue_of: MakeQueue) -> None:
    """Where an id ends and the next one begins there is none that counts."""
    lines = [(row, "c1", str(uuid.UUID(int=row)), True) for row in range(1, 31)]
    two = (lines[3][2] + lines[4][2])[7:43]
    users = frozenset(line[2] for line in lines[::3])
    few, many = queue_of(lines), queue_of(lines)

    some = sorted(users)[:3]
    assert [row.user_id for row in few.leave_out(Bounds(protected=Protected(users=frozenset([*some, two]))))] == some
    assert {row.user_id for row in many.leave_out(Bounds(protected=Protected(users=users | {two})))} == users


def test_the_rows_lie_in_files_without_a_name_that_are_the_owners_alone(tmp_path: Path) -> None:
    queue = RowQueue(batches(lines_of(["c1"] * 20)), tmp_path, done=RowSet(20), single_lane=False)

    assert list(tmp_path.iterdir()) == []
    here = [link.stat() for link in Path("/proc/self/fd").iterdir() if str(tmp_path) in _target(link)]
    assert [stat.st_mode & 0o777 for stat in here] == [0o600] * 2
    queue.close()
    queue.close()
    assert not _open_files(tmp_path)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # of the listing itself
        return ""


def _open_files(folder: Path) -> list[int]:
    return sorted(int(link.name) for link in Path("/proc/self/fd").iterdir() if str(folder) in _target(link))


@pytest.fixture
def disk_full() -> Iterator[None]:
    """Files of this process cannot grow beyond 100 bytes: the third row finds no room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


GUID_LINES = [(row, "c1", GUIDS[row % 5], True) for row in range(1, 21)]


def test_a_full_disk_is_said_before_any_row_goes_and_nothing_stays(tmp_path: Path, disk_full: None) -> None:
    with pytest.raises(RunFolderError, match=r"still to be sent, on the disk of .*cannot be written: File too large"):
        RowQueue(batches(GUID_LINES), tmp_path, done=RowSet(20), single_lane=False)

    assert not _open_files(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"cannot be made: No such file or directory"):
        RowQueue(iter(()), tmp_path / "gone", done=RowSet(0), single_lane=False)


def test_a_row_that_comes_back_short_is_not_handed_out_and_not_lost(tmp_path: Path) -> None:
    queue = RowQueue(batches(GUID_LINES), tmp_path, done=RowSet(20), single_lane=False)
    users, _ = _open_files(tmp_path)
    first = queue.next("c1").row
    os.ftruncate(users, 36 + 35)

    for _ in range(2):
        with pytest.raises(RunFolderError, match=r"cannot be read: 35 bytes came instead of 36"):
            queue.next("c1")
    assert (first, dict(queue.rows_per_lane)) == (1, {"c1": 19})


def test_a_queue_that_was_closed_says_so(tmp_path: Path) -> None:
    queue = RowQueue(batches(GUID_LINES), tmp_path, done=RowSet(20), single_lane=False)
    queue.close()

    with pytest.raises(RunFolderError, match=r"cannot be read: Bad file descriptor"):
        queue.next("c1")


@pytest.mark.parametrize("rounds", usual_and_torture([4], [40]))
def test_so_many_rows_in_five_thousand_lanes_come_in_turn(queue_of: MakeQueue, rounds: int) -> None:
    lanes = 5_000
    lines = [(row, str(row % lanes), "u", True) for row in range(1, lanes * rounds + 1)]
    queue = queue_of(lines)
    names = list(queue.rows_per_lane)

    taken = [queue.next(lane).row for _ in range(rounds) for lane in names]

    assert taken == list(range(1, lanes * rounds + 1))


@pytest.mark.parametrize("single_lane", [pytest.param(True, id="one lane"), pytest.param(False, id="a lane each")])
def test_a_row_that_waits_takes_four_bytes_of_memory(tmp_path: Path, *, single_lane: bool) -> None:
    rows = 20_000
    frames = list(
        pl.DataFrame([(row, GUIDS[row % 5], GUIDS[0], True) for row in range(1, rows + 1)], schema=SCHEMA, orient="row")
        .iter_slices(2_000)
    )  # fmt: skip
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        queue = RowQueue(frames, tmp_path, done=RowSet(rows), single_lane=single_lane)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(queue.rows_per_lane.values()) == rows
    # A byte of each for the set of those that are done, of which there are none; the rest is for lanes and modules.
    assert after - before < 6 * rows
