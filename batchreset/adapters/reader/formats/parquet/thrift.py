"""Thrift's compact protocol, as much of it as a Parquet file's footer needs.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

import enum
from collections.abc import Iterator
from typing import Final

_MAX_DEPTH: Final = 32
_MAX_VARINT_BYTES: Final = 10
_LONG_LIST: Final = 15
_MORE: Final = 0x80


class ThriftError(Exception):
    """The bytes are no such structure, or end too early."""


class Kind(enum.IntEnum):
    """What a field holds; true and false are fields of no bytes, and elements of one."""

    TRUE = 1
    FALSE = 2
    BYTE = 3
    I16 = 4
    I32 = 5
    I64 = 6
    DOUBLE = 7
    BINARY = 8
    LIST = 9
    SET = 10
    MAP = 11
    STRUCT = 12
    UUID = 13


_BYTES_OF: Final = {Kind.TRUE: 0, Kind.FALSE: 0, Kind.BYTE: 1, Kind.DOUBLE: 8, Kind.UUID: 16}


class Reader:
    """Goes through `data` once. What `fields` and `elements` announce must be read or skipped before the next."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._at

    def fields(self) -> Iterator[tuple[int, Kind]]:
        """The number and kind of each field of the structure that begins here."""
        field = 0
        while head := self._byte():
            delta = head >> 4
            field = field + delta if delta else self.integer()
            yield field, _kind(head & 0x0F)

    def elements(self) -> tuple[int, Kind]:
        """How many elements the list that begins here claims to have."""
        head = self._byte()
        count = head >> 4
        return (self._varint() if count == _LONG_LIST else count), _kind(head & 0x0F)

    def integer(self) -> int:
        raw = self._varint()
        return (raw >> 1) ^ -(raw & 1)

    def binary(self) -> bytes:
        length = self._varint()
        start = self._at
        self._pass_over(length)
        return self._data[start : self._at]

    def skip(self, kind: Kind, *, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            raise ThriftError
        match kind:
            case Kind.I16 | Kind.I32 | Kind.I64:
                self._varint()
            case Kind.BINARY:
                self._pass_over(self._varint())
            case Kind.LIST | Kind.SET:
                count, inner = self.elements()
                for _ in range(count):
                    self._skip_element(inner, depth + 1)
            case Kind.MAP:
                self._skip_map(depth + 1)
            case Kind.STRUCT:
                for _, inner in self.fields():
                    self.skip(inner, depth=depth + 1)
            case _:
                self._pass_over(_BYTES_OF[kind])

    def _skip_map(self, depth: int) -> None:
        count = self._varint()
        if not count:
            return
        kinds = self._byte()
        for _ in range(count):
            self._skip_element(_kind(kinds >> 4), depth)
            self._skip_element(_kind(kinds & 0x0F), depth)

    def _skip_element(self, kind: Kind, depth: int) -> None:
        if kind in {Kind.TRUE, Kind.FALSE}:
            self._pass_over(1)
        else:
            self.skip(kind, depth=depth)

    def _varint(self) -> int:
        result = 0
        for position in range(_MAX_VARINT_BYTES):
            byte = self._byte()
            result |= (byte & ~_MORE) << (7 * position)
            if byte < _MORE:
                return result
        raise ThriftError

    def _byte(self) -> int:
        self._pass_over(1)
        return self._data[self._at - 1]

    def _pass_over(self, count: int) -> None:
        self._at += count
        if self._at > len(self._data):
            raise ThriftError


def _kind(number: int) -> Kind:
    try:
        return Kind(number)
    except ValueError:
        raise ThriftError from None
