"""Many passwords in little memory: some forty bytes each, where objects would take three hundred."""

import struct
from array import array
from collections.abc import Mapping
from typing import Final

from batchreset.core.secret import Secret

_HEAD: Final = struct.Struct("=III")
"""The place of the row's password before this one, its generation, and how many bytes follow."""
_NONE: Final = 0
BYTES_BESIDE_ITS_TEXT: Final = _HEAD.size + 4
"""What one password takes, at most, when every row has one."""


class PasswordPool:
    """The passwords of some rows; in memory only, and masked wherever Python would show them.

    Args:
        rows: of which passwords are taken in; all others are let go.
    """

    __slots__ = ("_last", "_texts", "rows")

    def __init__(self, rows: range) -> None:
        self.rows = rows
        self._last = array("I", bytes(4 * len(rows)))
        self._texts = bytearray(1)

    def add(self, row: int, generation: int, password: Secret) -> None:
        """One more."""
        if row not in self.rows:
            return
        text = password.open().encode("utf-8", "surrogatepass")
        place, index = len(self._texts), row - self.rows.start
        self._texts += _HEAD.pack(self._last[index], generation, len(text))
        self._texts += text
        self._last[index] = place

    def of(self, row: int) -> Mapping[int, Secret]:
        """The row's, by generation; of two that have the same the one that came last."""
        found: dict[int, Secret] = {}
        place = self._last[row - self.rows.start]
        while place != _NONE:
            before, generation, length = _HEAD.unpack_from(self._texts, place)
            start = place + _HEAD.size
            text = self._texts[start : start + length].decode("utf-8", "surrogatepass")
            found.setdefault(generation, Secret(text))
            place = before
        return found
