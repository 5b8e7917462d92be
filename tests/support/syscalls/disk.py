"""What a disk holds after a power cut: all that was synced, and of the rest whatever chance has written out by then.

A file's data are safe when the file was synced, its name when its folder was. Of later writes any may be there, whole
or in sectors; of later names any prefix, or any at all; a rename is there or not. What was written before a sync that
failed is not made safe by a later sync that did not fail: systems take such pages for clean.
"""

import enum
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from syscalls.operations import CHANGES, Kind, Operation, Recording

SHARED_MEMORY = "-shm"
NAMELESS = re.compile(r"#\d+")
"""What Linux calls a file that was opened with O_TMPFILE: it has no name in any folder, and no power cut leaves it."""
"""Names of files that end so are of no account after a power cut, and are not followed."""
_GRAINS = (512, 4096)


class _State(enum.Enum):
    CACHED = enum.auto()
    SYNCED = enum.auto()
    GIVEN_UP = enum.auto()
    """Written before a sync that failed."""


@dataclass(slots=True)
class _Write:
    offset: int
    data: bytes
    state: _State = _State.CACHED

    def to(self, content: bytearray, kept: list[tuple[int, int]] | None = None) -> None:
        """Only those parts (from, to within the data), where given; what lies before the end of the file is zeros."""
        for start, end in kept if kept is not None else [(0, len(self.data))]:
            first, last = self.offset + start, self.offset + end
            if len(content) < last:
                content.extend(bytes(last - len(content)))
            content[first:last] = self.data[start:end]


@dataclass(slots=True)
class _Size:
    size: int
    state: _State = _State.CACHED

    def to(self, content: bytearray, _kept: object = None) -> None:
        del content[self.size :]
        content.extend(bytes(self.size - len(content)))


@dataclass(slots=True)
class _File:
    synced: bytearray = field(default_factory=bytearray)
    later: list[_Write | _Size] = field(default_factory=list)

    def sync(self, *, failed: bool) -> None:
        for change in self.later:
            if change.state is _State.CACHED:
                change.state = _State.GIVEN_UP if failed else _State.SYNCED
        if all(change.state is _State.SYNCED for change in self.later):
            for change in self.later:
                change.to(self.synced)
            self.later.clear()

    def cached(self) -> bytes:
        """As programs see it."""
        content = bytearray(self.synced)
        for change in self.later:
            change.to(content)
        return bytes(content)

    def after_power_cut(self, chance: random.Random) -> bytes:
        content, how = bytearray(self.synced), chance.choice(("none", "all", "first", "any", "torn"))
        first = chance.randint(0, len(self.later))
        for place, change in enumerate(self.later):
            whole = {"none": False, "all": True, "first": place < first}.get(how, chance.random() < 0.5)
            if change.state is _State.SYNCED or whole:
                change.to(content)
            elif how == "torn" and isinstance(change, _Write):
                change.to(content, list(_sectors(change, chance)))
        return bytes(content)


def _sectors(write: _Write, chance: random.Random) -> Iterator[tuple[int, int]]:
    grain = chance.choice(_GRAINS)
    start, end = write.offset, write.offset + len(write.data)
    while start < end:
        stop = min(end, (start // grain + 1) * grain)
        if chance.random() < 0.5:
            yield start - write.offset, stop - write.offset
        start = stop


@dataclass(slots=True)
class _Folder:
    synced: "dict[str, _File | _Folder]" = field(default_factory=dict)
    later: "list[dict[str, _File | _Folder | None]]" = field(default_factory=list)

    def change(self, entries: "dict[str, _File | _Folder | None]") -> None:
        """All of these names or none; None: it is taken away."""
        self.later.append(entries)

    def sync(self) -> None:
        self.synced = self._with(self.later)
        self.later = []

    def cached(self) -> "dict[str, _File | _Folder]":
        return self._with(self.later)

    def after_power_cut(self, chance: random.Random) -> "dict[str, _File | _Folder]":
        match chance.choice(("none", "all", "first", "any")):
            case "none":
                return self.synced
            case "all":
                return self.cached()
            case "first":
                return self._with(self.later[: chance.randint(0, len(self.later))])
            case _:
                return self._with([entries for entries in self.later if chance.random() < 0.5])

    def _with(self, changes: "list[dict[str, _File | _Folder | None]]") -> "dict[str, _File | _Folder]":
        names = dict(self.synced)
        for entries in changes:
            for name, node in entries.items():
                if node is None:
                    names.pop(name, None)
                else:
                    names[name] = node
        return names


class Disk:
    """A folder as a disk holds it, followed over one or more programs.

    Args:
        root: the folder; what is in it now is safe.
    """

    def __init__(self, root: Path) -> None:
        self._root = _folder_of(root)
        self._numbered: dict[int, _File] = {}

    def begin(self, recording: Recording) -> None:
        """What is carried out next is of another recording."""
        self._numbered = {
            number: file
            for path, number in recording.standing.items()
            if not path.endswith(SHARED_MEMORY) and isinstance(file := self._find(path), _File)
        }

    def carry_out(self, operation: Operation) -> None:
        """Raises NotImplementedError: it changes the disk in a way that is not followed."""
        unseen = operation.name.endswith(SHARED_MEMORY) or NAMELESS.fullmatch(operation.name)
        if operation.kind not in CHANGES or unseen:
            return
        if operation.kind is Kind.SYNC:
            self._sync(operation)
        elif operation.result >= 0:
            self._change(operation)

    def cut_power(self, chance: random.Random, into: Path) -> None:
        """Write what is left to a folder that is not there yet."""
        _write(self._root, chance, into)

    def is_as(self, root: Path) -> list[str]:
        """Paths at which a folder is not as this disk says that programs see it now: none, if nothing was missed."""
        ours, theirs = dict(_contents(self._root)), dict(_contents(_folder_of(root)))
        return sorted(path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path))

    def _sync(self, operation: Operation) -> None:
        if operation.file:
            self._numbered[operation.file].sync(failed=operation.result < 0)
        elif operation.result >= 0 and isinstance(folder := self._find(operation.path), _Folder):
            folder.sync()

    def _change(self, operation: Operation) -> None:
        folder, name = self._place(operation.path)
        match operation.kind:
            case Kind.OPEN:
                if operation.created:
                    self._numbered[operation.file] = _File()
                    folder.change({name: self._numbered[operation.file]})
                elif operation.truncated:
                    self._numbered[operation.file].later.append(_Size(0))
            case Kind.WRITE:
                self._numbered[operation.file].later.append(_Write(operation.offset, operation.data))
            case Kind.TRUNCATE:
                self._numbered[operation.file].later.append(_Size(operation.size))
            case Kind.RENAME if operation.path.rpartition("/")[0] == operation.to.rpartition("/")[0]:
                folder.change({name: None, operation.name: folder.cached()[name]})
            case Kind.UNLINK | Kind.RMDIR:
                folder.change({name: None})
            case Kind.MKDIR:
                folder.change({name: _Folder()})
            case _:
                raise NotImplementedError(f"{operation.kind.value} of {operation.path}")

    def _place(self, path: str) -> tuple[_Folder, str]:
        above, _, name = path.rpartition("/")
        folder = self._find(above or ".")
        # Of a folder that somebody has taken away, what is done in it leads nowhere.
        return (folder if isinstance(folder, _Folder) else _Folder()), name

    def _find(self, path: str) -> _File | _Folder | None:
        node: _File | _Folder | None = self._root
        for part in [] if path == "." else path.split("/"):
            node = node.cached().get(part) if isinstance(node, _Folder) else None
        return node


def _folder_of(path: Path) -> _Folder:
    return _Folder(
        {
            entry.name: _folder_of(entry) if entry.is_dir() else _File(bytearray(entry.read_bytes()))
            for entry in path.iterdir()
            if not entry.name.endswith(SHARED_MEMORY)
        }
    )


def _contents(folder: _Folder, above: str = "") -> Iterator[tuple[str, bytes | None]]:
    for name, node in folder.cached().items():
        yield f"{above}{name}", node.cached() if isinstance(node, _File) else None
        if isinstance(node, _Folder):
            yield from _contents(node, f"{above}{name}/")


def _write(folder: _Folder, chance: random.Random, into: Path) -> None:
    into.mkdir(mode=0o700)
    for name, node in sorted(folder.after_power_cut(chance).items()):
        if isinstance(node, _Folder):
            _write(node, chance, into / name)
        else:
            (into / name).write_bytes(node.after_power_cut(chance))
            (into / name).chmod(0o600)
