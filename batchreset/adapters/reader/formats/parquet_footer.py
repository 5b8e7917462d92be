"""What a Parquet file says of itself at its end, read before polars makes room for what it says.

A file of a few hundred bytes may hold a list of a billion repeated values, or a million columns.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from batchreset.adapters.reader.formats.table import MAX_COLUMNS, refuse_empty, refuse_too_many_columns
from batchreset.adapters.reader.formats.thrift import Kind, Reader, ThriftError
from batchreset.errors import InputError

_MAGIC: Final = b"PAR1"
_ENCRYPTED: Final = b"PARE"
_TAIL_BYTES: Final = 8
"""The footer's length in four, and the magic."""

_MAX_FOOTER_BYTES: Final = 16 << 20
"""Some hundred bytes a column in each row group: far more than a list of users needs."""

_MAX_FIELDS: Final = 10 * MAX_COLUMNS
"""Of all columns together, counting what is nested in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """A part that is decoded as a whole.

    Attributes:
        nested_values: of the column that holds most, among those that may hold other than one a row.
        uncompressed_bytes: of its columns together.
        largest_column_bytes: of one of them, uncompressed.
    """

    rows: int
    nested_values: int
    uncompressed_bytes: int
    largest_column_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    columns: int
    rows: int
    row_groups: tuple[RowGroup, ...]


def read_footer(file: BinaryIO, shown: str) -> Footer:
    """Raises InputError where it is none that can be true."""
    size = file.seek(0, 2)
    if not size:
        refuse_empty(shown)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    if tail.endswith(_ENCRYPTED):
        raise InputError(
            f"{shown} is an encrypted Parquet file.", next_step="Write it again without encryption, or as CSV (UTF-8)."
        )
    length = int.from_bytes(tail[:4], "little")
    if not tail.endswith(_MAGIC) or length + _TAIL_BYTES + len(_MAGIC) > size:
        refuse_unreadable(shown, "it does not end as one")
    if length > _MAX_FOOTER_BYTES:
        raise InputError(
            f"{shown} describes its columns and row groups at a length of {length} bytes;"
            f" {_MAX_FOOTER_BYTES} at most are read.",
            next_step="Write the file again with fewer columns, in row groups of a hundred thousand rows or more.",
        )
    file.seek(size - _TAIL_BYTES - length)
    try:
        footer = _file(Reader(file.read(length)), shown)
    except ThriftError:
        refuse_unreadable(shown, "its footer is damaged")
    figures = [footer.rows, *(figure for group in footer.row_groups for figure in (group.rows, group.nested_values))]
    if min(figures) < 0 or sum(group.rows for group in footer.row_groups) != footer.rows:
        refuse_unreadable(shown, "its footer contradicts itself")
    return footer


def refuse_unreadable(shown: str, reason: str) -> NoReturn:
    raise InputError(
        f"{shown} is not a Parquet file that can be read; it may be cut short or of another kind.",
        details=(reason,),
        next_step="Make the file again, or save it as CSV (UTF-8).",
    )


def _file(reader: Reader, shown: str) -> Footer:
    columns, rows, groups = 0, 0, tuple[RowGroup, ...]()
    for field, kind in reader.fields():
        match field, kind:
            case 2, Kind.LIST:
                columns = _columns(reader, shown)
            case 3, Kind.I64:
                rows = reader.integer()
            case 4, Kind.LIST:
                groups = tuple(_row_group(reader) for _ in _structures(reader))
            case _:
                reader.skip(kind)
    return Footer(columns=columns, rows=rows, row_groups=groups)


def _structures(reader: Reader) -> range:
    count, kind = reader.elements()
    if kind is not Kind.STRUCT:
        raise ThriftError
    return range(count)


def _columns(reader: Reader, shown: str) -> int:
    """The children of the schema's root, which stands first."""
    fields = _structures(reader)
    if len(fields) > _MAX_FIELDS:
        refuse_too_many_columns(len(fields) - 1, shown)
    columns = [_children(reader) for _ in fields]
    if columns and columns[0] > MAX_COLUMNS:
        refuse_too_many_columns(columns[0], shown)
    return columns[0] if columns else 0


def _children(reader: Reader) -> int:
    children = 0
    for field, kind in reader.fields():
        if (field, kind) == (5, Kind.I32):
            children = reader.integer()
        else:
            reader.skip(kind)
    return children


def _row_group(reader: Reader) -> RowGroup:
    rows, chunks = 0, list[tuple[int, int, int]]()
    for field, kind in reader.fields():
        match field, kind:
            case 1, Kind.LIST:
                chunks = [_column_chunk(reader) for _ in _structures(reader)]
            case 3, Kind.I64:
                rows = reader.integer()
            case _:
                reader.skip(kind)
    return RowGroup(
        rows=rows,
        nested_values=max((values for depth, values, _ in chunks if depth > 1 or values != rows), default=0),
        uncompressed_bytes=sum(size for _, _, size in chunks),
        largest_column_bytes=max((size for _, _, size in chunks), default=0),
    )


def _column_chunk(reader: Reader) -> tuple[int, int, int]:
    """How deep it lies, how many values it has, and of how many bytes."""
    chunk = (1, 0, 0)
    for field, kind in reader.fields():
        if (field, kind) == (3, Kind.STRUCT):
            chunk = _column_metadata(reader)
        else:
            reader.skip(kind)
    return chunk


def _column_metadata(reader: Reader) -> tuple[int, int, int]:
    depth, values, size = 1, 0, 0
    for field, kind in reader.fields():
        match field, kind:
            case 3, Kind.LIST:
                depth, inner = reader.elements()
                for _ in range(depth):
                    reader.skip(inner)
            case 5, Kind.I64:
                values = reader.integer()
            case 6, Kind.I64:
                size = reader.integer()
            case _:
                reader.skip(kind)
    return depth, values, size
