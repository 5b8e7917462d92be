"""Rows as records of one width in files that have no name: nothing of them stays in memory, and reading one is a read.

Files, not a table and not mapped: a table's rows cannot be read one by one, and a mapped file counts as memory.
"""

import array
import os
import struct
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from batchreset.errors import RunFolderError, cause

USER_BYTES: Final = 36
"""Of a GUID's text; another id, which no plan of ours has, is kept aside."""

_NUMBERS: Final = struct.Struct("=II")
_READ_AT_ONCE: Final = 10_000
_FOUND_ONE_BY_ONE: Final = 4
"""So many ids are looked for one after the other in less time than each record's is taken out."""

Record = tuple[str, int, int]
"""user, number, mark"""


class Records:
    """Written once, from the first to the last, then read in any order.

    Args:
        folder: on whose disk they lie.

    Raises:
        RunFolderError: (every method) they cannot be put down or read.
    """

    def __init__(self, folder: Path) -> None:
        self._users = _Column(folder, USER_BYTES)
        self._numbers = _Column(folder, _NUMBERS.size)
        self._aside: dict[int, str] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def close(self) -> None:
        """Idempotent."""
        self._users.close()
        self._numbers.close()

    def append(self, users: Sequence[str], numbers: Sequence[int], marks: Sequence[int]) -> None:
        """Some more: each with its user's id, and two numbers below 2**32."""
        texts = "".join(users).encode()
        if len(texts) != USER_BYTES * len(users) or set(map(len, users)) - {USER_BYTES}:
            texts = b"".join(self._put_aside(users))
        both = memoryview(bytearray(_NUMBERS.size * len(users))).cast("I")
        both[::2], both[1::2] = memoryview(array.array("I", numbers)), memoryview(array.array("I", marks))
        self._users.append(texts)
        self._numbers.append(both.cast("B"))
        self._size += len(users)

    def _put_aside(self, users: Sequence[str]) -> Iterator[bytes]:
        for index, user in enumerate(users, start=self._size):
            text = user.encode()
            if len(text) != USER_BYTES:
                self._aside[index] = user
                text = bytes(USER_BYTES)
            yield text

    def __getitem__(self, index: int) -> Record:
        number, mark = _NUMBERS.unpack(self._numbers.read(index))
        user = self._aside[index] if index in self._aside else self._users.read(index).decode()
        return user, number, mark

    def of_users(self, users: frozenset[str]) -> Iterator[int]:
        """The places of all records of these users."""
        yield from (index for index, user in self._aside.items() if user in users)
        wanted = {text for user in users if len(text := user.encode()) == USER_BYTES}
        if not wanted:
            return
        search = _one_by_one if len(wanted) <= _FOUND_ONE_BY_ONE else _all_at_once
        for first in range(0, self._size, _READ_AT_ONCE):
            content = self._users.read(first, min(_READ_AT_ONCE, self._size - first))
            yield from (first + at for at in search(content, wanted))


class _Column:
    """Values of one width. The file is the owner's alone, and gone when the process ends, however it ends.

    Where the file system makes none without a name (NFS), it has one until it is open: a kill leaves it there, empty.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._width = width
        self._end = 0
        try:
            with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                self._descriptor = os.dup(file.fileno())
        except OSError as error:
            raise self._translated("made", error) from error
        self._close = weakref.finalize(self, os.close, self._descriptor)

    def close(self) -> None:
        # The number may be another file's by then.
        self._descriptor = -1
        self._close()

    def append(self, content: "bytes | memoryview[int]") -> None:
        left = memoryview(content)
        try:
            while left:
                written = os.pwrite(self._descriptor, left, self._end)
                self._end, left = self._end + written, left[written:]
        except OSError as error:
            raise self._translated("written", error) from error

    def read(self, index: int, count: int = 1) -> bytes:
        size = count * self._width
        try:
            content = os.pread(self._descriptor, size, index * self._width)
        except OSError as error:
            raise self._translated("read", error) from error
        if len(content) != size:
            raise self._translated("read", OSError(f"{len(content)} bytes came instead of {size}"))
        return content

    def _translated(self, what: str, error: OSError) -> RunFolderError:
        return RunFolderError(
            f"the file of the rows that are still to be sent, on the disk of {self._folder}, cannot be {what}:"
            f" {cause(error)}",
            next_step="see that the disk has room (44 bytes for each row) and can be written, then continue the run"
            " with `batchreset apply`",
        )


def _one_by_one(content: bytes, wanted: set[bytes]) -> Iterator[int]:
    for user in wanted:
        at = content.find(user)
        while at >= 0:
            index, rest = divmod(at, USER_BYTES)
            if not rest:
                yield index
            at = content.find(user, at + 1)


def _all_at_once(content: bytes, wanted: set[bytes]) -> list[int]:
    users = [content[at : at + USER_BYTES] for at in range(0, len(content), USER_BYTES)]
    return [] if wanted.isdisjoint(users) else [index for index, user in enumerate(users) if user in wanted]
