"""From a call's number and arguments to the operation that it is on a file of the folder that is watched."""

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syscalls import kernel
from syscalls.operations import Kind, Operation

_LONGEST_PATH: Final = 4096
_WRITES: Final = {"write", "pwrite64", "writev", "pwritev", "pwritev2"}
_GATHERING: Final = {"writev", "pwritev", "pwritev2"}
_AT_OFFSET: Final = {"pwrite64", "pwritev", "pwritev2"}
_AT_REMOVEDIR: Final = 0x200
_KEEP_SIZE: Final = 1
_SOCKETS: Final = {
    "sendto": Kind.SEND, "sendmsg": Kind.SEND, "recvfrom": Kind.RECEIVE, "recvmsg": Kind.RECEIVE,
}  # fmt: skip
_PATHS: Final = {
    # where the folder's descriptor stands, if anywhere, and the path
    "open": (None, 0), "creat": (None, 0), "openat": (0, 1), "openat2": (0, 1), "truncate": (None, 0),
    "unlink": (None, 0), "unlinkat": (0, 1), "mkdir": (None, 0), "mkdirat": (0, 1), "rmdir": (None, 0),
    "rename": (None, 0), "renameat": (0, 1), "renameat2": (0, 1), "link": (None, 1), "linkat": (2, 3),
    "symlink": (None, 1), "symlinkat": (1, 2),
}  # fmt: skip
_TARGETS: Final = {"rename": (None, 1), "renameat": (2, 3), "renameat2": (2, 3)}
_DESCRIPTORS: Final = {"mmap": 4, "copy_file_range": 2}
"""Where the file's stands that is changed; elsewhere it comes first."""
_KINDS: Final = {
    "open": Kind.OPEN, "creat": Kind.OPEN, "openat": Kind.OPEN, "truncate": Kind.TRUNCATE, "unlink": Kind.UNLINK,
    "unlinkat": Kind.UNLINK, "mkdir": Kind.MKDIR, "mkdirat": Kind.MKDIR, "rmdir": Kind.RMDIR, "rename": Kind.RENAME,
    "renameat": Kind.RENAME, "renameat2": Kind.RENAME,
}  # fmt: skip


@dataclass(slots=True)
class Call:
    """One that is about to be carried out.

    Attributes:
        tid: the thread's.
        operation: what it will be.
        buffers: where its data lie: address and length.
    """

    tid: int
    name: str
    operation: Operation
    descriptor: int = -1
    existed: bool = False
    position: int | None = None
    buffers: tuple[tuple[int, int], ...] = ()

    def shorten(self, registers: kernel.Registers) -> bool:
        """Have half as much written; False where that cannot be said in its arguments."""
        if self.name not in {"write", "pwrite64"} or registers.rdx < 2:
            return False
        registers.rdx //= 2
        return True


class Caller:
    """Knows the files below the root by number."""

    def __init__(self, root: Path) -> None:
        self._root = str(root.resolve())
        self._numbers: dict[int, int] = {}
        self._last = 0
        self._standing: dict[str, int] = {}
        for path in sorted(root.rglob("*")):
            if path.is_file():
                self._standing[str(path.relative_to(root))] = self._new(path.stat().st_ino)

    def numbers_by_path(self) -> dict[str, int]:
        """Of the files that were there at first."""
        return self._standing

    def call(self, tid: int, name: str, arguments: tuple[int, ...]) -> Call | None:
        """None where it concerns nothing that is watched."""
        if name in _SOCKETS:
            return Call(tid, name, Operation(kind=_SOCKETS[name]))
        if name in _PATHS:
            return self._by_path(tid, name, arguments)
        descriptor = _int(arguments[_DESCRIPTORS.get(name, 0)])
        path = self._below(self._link(tid, f"fd/{descriptor}"))
        if name in {"sync", "syncfs"}:
            path = "."
        if path is None:
            return None
        call = Call(tid, name, Operation(kind=Kind.OTHER, path=path), descriptor)
        self._by_descriptor(call, arguments)
        return call

    def done(self, call: Call, result: int) -> None:
        """Complete the operation with what came of it."""
        operation = call.operation
        operation.result = result
        if operation.kind is Kind.OPEN and result >= 0:
            inode = self._inode(call.tid, result)
            operation.created = not call.existed
            operation.file = self._new(inode) if operation.created else self._number(inode)
        elif operation.kind is Kind.WRITE:
            operation.data = self._read(call.tid, call.buffers, max(result, 0))
            if call.position is None:
                operation.offset = _position(call.tid, call.descriptor) - max(result, 0)
            else:
                operation.offset = call.position
        elif operation.kind in {Kind.SEND, Kind.RECEIVE}:
            operation.size = max(result, 0)

    def _by_path(self, tid: int, name: str, arguments: tuple[int, ...]) -> Call | None:
        path = self._below(self._named(tid, arguments, _PATHS[name]))
        to = self._below(self._named(tid, arguments, _TARGETS[name])) if name in _TARGETS else ""
        if path is None and not to:
            return None
        operation = Operation(kind=_KINDS.get(name, Kind.OTHER), path=path or "", to=to or "")
        if operation.kind is Kind.RENAME and not (path and to):
            operation.kind = Kind.OTHER
        call = Call(tid, name, operation)
        whole = f"{self._root}/{path}"
        call.existed = os.path.lexists(whole)
        if call.existed and not Path(whole).is_dir():
            operation.file = self._number(Path(whole).lstat().st_ino)
        match name:
            case "open":
                operation.truncated = bool(arguments[1] & os.O_TRUNC)
            case "openat":
                operation.truncated = bool(arguments[2] & os.O_TRUNC)
            case "creat":
                operation.truncated = True
            case "truncate":
                operation.size = arguments[1]
            case "unlinkat" if arguments[2] & _AT_REMOVEDIR:
                operation.kind = Kind.RMDIR
        return call

    def _by_descriptor(self, call: Call, arguments: tuple[int, ...]) -> None:
        operation, name = call.operation, call.name
        whole = Path(f"/proc/{call.tid}/fd/{call.descriptor}")
        if not whole.is_dir():
            operation.file = self._number(self._inode(call.tid, call.descriptor))
        if name in _WRITES:
            operation.kind = Kind.WRITE
            call.position = arguments[3] if name in _AT_OFFSET else None
            call.buffers = self._buffers(call.tid, arguments) if name in _GATHERING else ((arguments[1], arguments[2]),)
        elif name in {"fsync", "fdatasync"}:
            operation.kind = Kind.SYNC
        elif name == "ftruncate":
            operation.kind, operation.size = Kind.TRUNCATE, arguments[1]
        elif name == "fallocate" and not arguments[1]:
            # Grows the file, or leaves it as it is.
            size = self._size(call)
            operation.kind, operation.size = Kind.TRUNCATE, max(size, arguments[2] + arguments[3])
        elif name == "fallocate" and arguments[1] == _KEEP_SIZE:
            operation.kind, operation.size = Kind.TRUNCATE, self._size(call)
        elif name == "mmap":
            operation.kind = Kind.MAP

    def _size(self, call: Call) -> int:
        return Path(f"/proc/{call.tid}/fd/{call.descriptor}").stat().st_size

    def _buffers(self, tid: int, arguments: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        table = self._read(tid, ((arguments[1], arguments[2] * 16),), arguments[2] * 16)
        return tuple((address, length) for address, length in struct.iter_unpack("QQ", table))

    def _named(self, tid: int, arguments: tuple[int, ...], where: tuple[int | None, int]) -> str:
        folder, position = where
        text = os.fsdecode(self._text(tid, arguments[position]))
        descriptor = kernel.AT_FDCWD if folder is None else _int(arguments[folder])
        if text.startswith("/"):
            return text
        return f"{self._link(tid, 'cwd' if descriptor == kernel.AT_FDCWD else f'fd/{descriptor}')}/{text}"

    def _below(self, path: str) -> str | None:
        path = os.path.normpath(path.removesuffix(" (deleted)"))
        # The folder's own name may be a link's; what lies in it has none.
        folder, _, name = path.rpartition("/")
        real = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118  the last part as it is
        if real == self._root:
            return "."
        return real[len(self._root) + 1 :] if real.startswith(f"{self._root}/") else None

    def _link(self, tid: int, name: str) -> str:
        try:
            return os.readlink(f"/proc/{tid}/{name}")  # noqa: PTH115  what it points to need not be a path
        except OSError:
            return ""

    def _text(self, tid: int, address: int) -> bytes:
        # To the end of its page first: what follows may not be there.
        first = min(_LONGEST_PATH, 4096 - address % 4096)
        found = self._read(tid, ((address, first),), first)
        if b"\0" not in found:
            found += self._read(tid, ((address + first, _LONGEST_PATH - first),), _LONGEST_PATH - first)
        return found.partition(b"\0")[0]

    def _read(self, tid: int, buffers: tuple[tuple[int, int], ...], most: int) -> bytes:
        parts = []
        with self._memory(tid) as memory:
            for address, length in buffers:
                part = os.pread(memory, min(length, most), address)
                parts.append(part)
                most -= len(part)
        return b"".join(parts)

    @contextlib.contextmanager
    def _memory(self, tid: int) -> Iterator[int]:
        descriptor = os.open(f"/proc/{tid}/mem", os.O_RDONLY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _inode(self, tid: int, descriptor: int) -> int:
        return Path(f"/proc/{tid}/fd/{descriptor}").stat().st_ino

    def _number(self, inode: int) -> int:
        return self._numbers.get(inode) or self._new(inode)

    def _new(self, inode: int) -> int:
        self._last += 1
        self._numbers[inode] = self._last
        return self._last


def _int(value: int) -> int:
    """An argument that C calls int: the upper half of its register is anything."""
    return ctypes.c_int(value & 0xFFFFFFFF).value


def _position(tid: int, descriptor: int) -> int:
    """Of the next byte to be written."""
    first, *_ = Path(f"/proc/{tid}/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines()
    return int(first.removeprefix("pos:"))
