"""What a Parquet file says of itself at its end, read before polars makes room for what it says.

A file of a few hundred bytes may hold a list of a billion repeated values, or a million columns.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from batchreset.adapters.reader.formats.parquet.thrift import Kind, Reader, ThriftError
from batchreset.adapters.reader.formats.table import MAX_COLUMNS, refuse_empty, refuse_too_many_columns
from batchreset.adapters.reader.problems import printable
from batchreset.errors import InputError

_MAGIC: Final = b"PAR1"
_ENCRYPTED: Final = b"PARE"
_TAIL_BYTES: Final = 8
"""The footer's length in four, and the magic."""

_MAX_FOOTER_BYTES: Final = 16 << 20
"""Some hundred bytes a column in each row group: far more than a list of users needs."""

_FIGURES: Final = (5, 6, 7, 9, 11)
"""Of a column's metadata: values, bytes uncompressed and compressed, where its pages begin, and its dictionary."""

_INTERVAL: Final = 21
"""Of `ConvertedType`."""
_MAX_DIGITS: Final = 38
"""Of a decimal, as polars has it."""

_MAX_FIELDS: Final = 10 * MAX_COLUMNS
"""Of all columns together, counting what is nested in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One column of a row group.

    Attributes:
        depth: 1 where it is not nested.
        offset: of its first page.
        compressed_bytes: of its pages with their headers.
    """

    depth: int
    values: int
    offset: int
    compressed_bytes: int
    uncompressed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """A part that is decoded as a whole."""

    rows: int
    chunks: tuple[Chunk, ...]

    @property
    def uncompressed_bytes(self) -> int:
        return sum(chunk.uncompressed_bytes for chunk in self.chunks)

    @property
    def largest_column_bytes(self) -> int:
        return max((chunk.uncompressed_bytes for chunk in self.chunks), default=0)

    @property
    def nested_values(self) -> int:
        """Of the column that holds most, among those that may hold other than one a row."""
        return max((c.values for c in self.chunks if c.depth > 1 or c.values != self.rows), default=0)


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
            f"{shown} is an encrypted Parquet file, and no key for it can be given",
            next_step="write it again without encryption, or as CSV (UTF-8)",
        )
    length = int.from_bytes(tail[:4], "little")
    if not tail.endswith(_MAGIC) or length + _TAIL_BYTES + len(_MAGIC) > size:
        refuse_unreadable(shown, "it does not end as one")
    if length > _MAX_FOOTER_BYTES:
        raise InputError(
            f"{shown} describes its columns and row groups at a length of {length} bytes;"
            f" {_MAX_FOOTER_BYTES} at most are read",
            next_step="write the file again with fewer columns, in row groups of a hundred thousand rows or more",
        )
    file.seek(size - _TAIL_BYTES - length)
    try:
        footer = _file(Reader(file.read(length)), shown)
    except ThriftError:
        refuse_unreadable(shown, "its footer is damaged")
    if (
        min([0, *(group.rows for group in footer.row_groups)]) < 0
        or sum(group.rows for group in footer.row_groups) != footer.rows
    ):
        refuse_unreadable(shown, "its footer contradicts itself")
    return footer


def refuse_unreadable(shown: str, reason: str) -> NoReturn:
    raise InputError(
        f"{shown} is not a Parquet file that can be read; it may be cut short or of another kind",
        details=(reason,),
        next_step="make the file again, or save it as CSV (UTF-8)",
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
    columns = [_children(reader, shown) for _ in fields]
    if columns and columns[0] > MAX_COLUMNS:
        refuse_too_many_columns(columns[0], shown)
    return columns[0] if columns else 0


def _children(reader: Reader, shown: str) -> int:
    """Of one element of the schema. Raises InputError where it is of a kind at which polars gives up."""
    name, children, converted, precision = b"", 0, -1, 0
    for field, kind in reader.fields():
        match field, kind:
            case 4, Kind.BINARY:
                name = reader.binary()
            case 5, Kind.I32:
                children = reader.integer()
            case 6, Kind.I32:
                converted = reader.integer()
            case 8, Kind.I32:
                precision = reader.integer()
            case _:
                reader.skip(kind)
    if converted == _INTERVAL or precision > _MAX_DIGITS:
        what = "intervals" if converted == _INTERVAL else f"numbers of {precision} digits"
        raise InputError(
            f"{shown} has a column that is not read: {printable(name.decode(errors='replace'))} holds {what}",
            next_step="leave that column out, or write it as text",
        )
    return children


def _row_group(reader: Reader) -> RowGroup:
    rows, chunks = 0, tuple[Chunk, ...]()
    for field, kind in reader.fields():
        match field, kind:
            case 1, Kind.LIST:
                chunks = tuple(_chunk(reader) for _ in _structures(reader))
            case 3, Kind.I64:
                rows = reader.integer()
            case _:
                reader.skip(kind)
    return RowGroup(rows=rows, chunks=chunks)


def _chunk(reader: Reader) -> Chunk:
    chunk = None
    for field, kind in reader.fields():
        if (field, kind) == (3, Kind.STRUCT):
            chunk = _metadata(reader)
        else:
            reader.skip(kind)
    if not chunk:
        raise ThriftError
    return chunk


def _metadata(reader: Reader) -> Chunk:
    depth, figures = 1, dict.fromkeys(_FIGURES, 0)
    for field, kind in reader.fields():
        match field, kind:
            case 3, Kind.LIST:
                depth, inner = reader.elements()
                for _ in range(depth):
                    reader.skip(inner)
            case 5 | 6 | 7 | 9 | 11, Kind.I64:
                figures[field] = reader.integer()
            case _:
                reader.skip(kind)
    values, uncompressed, compressed, pages, dictionary = figures.values()
    return Chunk(
        depth=depth,
        values=values,
        offset=min((offset for offset in (pages, dictionary) if offset), default=0),
        compressed_bytes=compressed,
        uncompressed_bytes=uncompressed,
    )
