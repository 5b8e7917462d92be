"""The headers of a Parquet file's pages, gone through before polars makes room for as much as they say.

A single wrong byte in one of them makes it ask for more memory than there is, and that ends the process.
https://parquet.apache.org/docs/file-format/data-pages/
"""

from dataclasses import dataclass
from typing import BinaryIO, Final

from batchreset.adapters.reader.formats.parquet.footer import Chunk, Footer, refuse_unreadable
from batchreset.adapters.reader.formats.parquet.thrift import Kind, Reader, ThriftError
from batchreset.adapters.reader.formats.table import MAX_RECORD_BYTES

_USUAL_HEADER_BYTES: Final = 1 << 10
_MAX_HEADER_BYTES: Final = 4 * MAX_RECORD_BYTES
"""Its statistics may repeat the least and the greatest value, each twice."""

_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8
"""The fields of a page's header that hold the header of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """`figures` are those of its kind's header, by field: the first is how many values it holds."""

    header_bytes: int
    uncompressed: int
    compressed: int
    kind: int
    figures: dict[int, int]


def refuse_lying_pages(file: BinaryIO, footer: Footer, shown: str) -> None:
    """Raises InputError when a page contradicts itself or the footer."""
    end_of_file = file.seek(0, 2)
    for group in footer.row_groups:
        for chunk in group.chunks:
            end = chunk.offset + chunk.compressed_bytes
            if chunk.offset < 0 or not chunk.offset <= end <= end_of_file:
                refuse_unreadable(shown, "it says of a column that it lies outside the file")
            if not _holds_together(file, chunk, end, group.rows):
                refuse_unreadable(shown, "a page of it is damaged")


def _holds_together(file: BinaryIO, chunk: Chunk, end: int, rows: int) -> bool:
    at, values, uncompressed = chunk.offset, 0, 0
    while at < end:
        page = _page_at(file, at, end)
        if page is None or not _is_possible(page, chunk, rows):
            return False
        at += page.header_bytes + page.compressed
        uncompressed += page.uncompressed
        values += page.figures.get(1, 0) if page.kind in {_DATA, _DATA_V2} else 0
    return at == end and values == chunk.values and uncompressed <= chunk.uncompressed_bytes


def _is_possible(page: _Page, chunk: Chunk, rows: int) -> bool:
    count = page.figures.get(1, 0)
    if min(page.compressed, page.uncompressed, *page.figures.values(), 0) < 0:
        return False
    if page.kind == _DATA_V2:
        nulls, rows_in_it, definitions, repetitions = (page.figures.get(field, 0) for field in (2, 3, 5, 6))
        if nulls > count or rows_in_it > rows:
            return False
        if definitions + repetitions > min(page.compressed, page.uncompressed):
            return False
    return count <= (page.uncompressed if page.kind == _DICTIONARY else chunk.values)


def _page_at(file: BinaryIO, at: int, end: int) -> _Page | None:
    for length in (_USUAL_HEADER_BYTES, _MAX_HEADER_BYTES):
        file.seek(at)
        reader = Reader(file.read(min(length, end - at)))
        try:
            return _page(reader)
        except ThriftError:
            continue
    return None


def _page(reader: Reader) -> _Page:
    uncompressed = compressed = kind_of_page = 0
    figures = dict[int, int]()
    for field, kind in reader.fields():
        match field, kind:
            case 2, Kind.I32:
                uncompressed = reader.integer()
            case 3, Kind.I32:
                compressed = reader.integer()
            case 5 | 7 | 8, Kind.STRUCT:
                kind_of_page, figures = field, _figures(reader)
            case _:
                reader.skip(kind)
    return _Page(
        header_bytes=reader.position,
        uncompressed=uncompressed,
        compressed=compressed,
        kind=kind_of_page,
        figures=figures,
    )


def _figures(reader: Reader) -> dict[int, int]:
    """The 32-bit numbers, by field."""
    found = dict[int, int]()
    for field, kind in reader.fields():
        if kind is Kind.I32:
            found[field] = reader.integer()
        else:
            reader.skip(kind)
    return found
