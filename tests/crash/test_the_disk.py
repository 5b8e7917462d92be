"""Of the tools: what the disk that loses power keeps and loses."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syscalls import Kind, Operation, Recording
from syscalls.disk import Disk

SEEDS = 60
MADE = Operation(kind=Kind.OPEN, path="new", file=1, created=True)
FOLDER_SYNCED = Operation(kind=Kind.SYNC, path=".")
SYNCED = Operation(kind=Kind.SYNC, path="new", file=1)
SYNC_FAILED = Operation(kind=Kind.SYNC, path="new", file=1, result=-5)
RENAMED = Operation(kind=Kind.RENAME, path="new", to="old", file=1)


def written(data: bytes, offset: int = 0) -> Operation:
    return Operation(kind=Kind.WRITE, path="new", file=1, offset=offset, data=data, result=len(data))


def images(folder: Path, *operations: Operation) -> set[tuple[tuple[str, bytes], ...]]:
    """What the folder, in which `old` is safe, can be after these and a power cut."""
    root = folder / "root"
    root.mkdir()
    (root / "old").write_bytes(b"old")
    found = set()
    for seed in range(SEEDS):
        disk = Disk(root)
        disk.begin(Recording(standing={"old": 9}))
        for operation in operations:
            disk.carry_out(operation)
        image = folder / str(seed)
        disk.cut_power(random.Random(seed), image)
        found.add(tuple((path.name, path.read_bytes()) for path in sorted(image.iterdir())))
    return found


OLD, NEW = ("old", b"old"), ("new", b"data")
WHOLE = (MADE, written(b"data"), SYNCED)


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ((*WHOLE, FOLDER_SYNCED), {(NEW, OLD)}),
        (WHOLE, {(OLD,), (NEW, OLD)}),
        ((*WHOLE, RENAMED, FOLDER_SYNCED), {(("old", b"data"),)}),
        ((*WHOLE, FOLDER_SYNCED, RENAMED), {(NEW, OLD), (("old", b"data"),)}),
        ((MADE, written(b"data"), RENAMED, FOLDER_SYNCED), {(("old", b"data"),), (("old", b""),)}),
        ((MADE, written(b"data"), SYNC_FAILED, SYNCED, FOLDER_SYNCED), {(NEW, OLD), (("new", b""), OLD)}),
    ],
    ids=["all synced", "name not synced", "renamed", "rename not synced", "renamed before synced", "sync failed"],
)
def test_what_is_synced_is_there_and_the_rest_may_be(
    tmp_path: Path, operations: tuple[Operation, ...], expected: set[tuple[tuple[str, bytes], ...]]
) -> None:
    assert images(tmp_path, *operations) == expected


def test_what_is_not_synced_may_be_torn(tmp_path: Path) -> None:
    """In sectors, the later ones without the earlier ones too."""
    data = b"a" * 512 + b"b" * 512
    found = {dict(image)["new"] for image in images(tmp_path, MADE, FOLDER_SYNCED, written(data))}
    assert found == {b"", b"a" * 512, bytes(512) + b"b" * 512, data}


@given(st.lists(st.tuples(st.integers(0, 3_000), st.binary(max_size=1_500)), max_size=6), st.integers(0, 6), st.data())
def test_whatever_is_written_later_synced_bytes_stay_where_it_does_not_reach(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, bytes]], synced: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("disk")
    (folder / "root").mkdir()
    disk = Disk(folder / "root")
    safe, reached = bytearray(), set[int]()
    for operation in (MADE, FOLDER_SYNCED):
        disk.carry_out(operation)
    for number, (offset, part) in enumerate(writes):
        if number == synced:
            disk.carry_out(SYNCED)
        disk.carry_out(written(part, offset))
        if number < synced <= len(writes) - 1:
            safe.extend(bytes(max(0, offset + len(part) - len(safe))) if part else b"")
            safe[offset : offset + len(part)] = part
        else:
            reached.update(range(offset, offset + len(part)))
    disk.cut_power(random.Random(data.draw(st.integers())), folder / "image")
    found = (folder / "image" / "new").read_bytes()
    assert all(found[place] == byte for place, byte in enumerate(safe) if place not in reached)
