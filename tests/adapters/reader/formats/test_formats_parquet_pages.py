"""The headers of a file's pages are believed where they agree with the footer and with themselves."""

import io

import pytest

from batchreset.adapters.reader.formats.parquet.footer import Chunk, Footer, RowGroup
from batchreset.adapters.reader.formats.parquet.pages import refuse_lying_pages
from batchreset.errors import InputError

ROWS = 10
DATA, DICTIONARY, DATA_V2 = 5, 7, 8


def varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded, value = encoded + bytes([value & 0x7F | 0x80]), value >> 7
    return encoded + bytes([value])


def number(value: int) -> bytes:
    return varint((value << 1) ^ (value >> 63))


def structure(fields: dict[int, int | bytes]) -> bytes:
    """Numbers of 32 bits, and others as their kind and what follows it."""
    encoded = [
        b"\x05" + number(field) + number(value) if isinstance(value, int) else value[:1] + number(field) + value[1:]
        for field, value in fields.items()
    ]
    return b"".join(encoded) + b"\0"


def page(kind: int, figures: dict[int, int], *, size: int = 20, uncompressed: int = 40, statistics: int = 0) -> bytes:
    inner = figures | {9: b"\x08" + varint(statistics) + bytes(statistics)}
    return structure({1: 0, 2: uncompressed, 3: size, kind: b"\x0c" + structure(inner)}) + bytes(max(0, size))


def check(data: bytes, *, values: int = ROWS, offset: int = 4, uncompressed: int = 100) -> None:
    chunk = Chunk(depth=1, values=values, offset=offset, compressed_bytes=len(data), uncompressed_bytes=uncompressed)
    footer = Footer(columns=1, rows=ROWS, row_groups=(RowGroup(rows=ROWS, chunks=(chunk,)),))
    refuse_lying_pages(io.BytesIO(b"PAR1" + data), footer, "users.parquet")


GOOD = page(DATA, {1: ROWS})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GOOD, id="one page"),
        pytest.param(page(DICTIONARY, {1: 40}) + page(DATA, {1: 4}) + page(DATA, {1: 6}, uncompressed=20), id="three"),
        pytest.param(page(DATA_V2, {1: ROWS, 2: ROWS, 3: ROWS, 5: 15, 6: 5}), id="second version"),
        pytest.param(page(DATA, {1: ROWS}, statistics=5000), id="long statistics"),
    ],
)
def test_pages_that_agree_are_let_through(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(page(DATA, {1: -64}), id="less than no values"),
        pytest.param(page(DATA, {1: 9}), id="too few values"),
        pytest.param(page(DATA, {1: 11}) + page(DATA, {1: -1}), id="too many and then fewer"),
        pytest.param(page(DATA, {1: 11}), id="too many values"),
        pytest.param(page(DATA, {1: ROWS}, size=-1), id="less than no bytes"),
        pytest.param(page(DATA, {1: ROWS}, uncompressed=-1), id="less than no bytes uncompressed"),
        pytest.param(page(DATA, {1: ROWS}, uncompressed=101), id="more bytes than the footer says"),
        pytest.param(GOOD[:-1], id="longer than its column"),
        pytest.param(page(DICTIONARY, {1: 41}) + GOOD, id="dictionary of more values than bytes"),
        pytest.param(page(DATA_V2, {1: ROWS, 2: 11}), id="more nulls than values"),
        pytest.param(page(DATA_V2, {1: ROWS, 3: 11}), id="more rows than there are"),
        pytest.param(page(DATA_V2, {1: ROWS, 5: 15, 6: 6}), id="levels longer than the page"),
        pytest.param(b"\xff" * 50, id="no header"),
    ],
)
def test_a_page_that_contradicts_the_footer_or_itself_is_refused(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        check(data)
    assert caught.value.details == ("a page of it is damaged",)


@pytest.mark.parametrize("offset", [-1, 5], ids=["before the file", "beyond its end"])
def test_a_column_outside_the_file_is_refused(offset: int) -> None:
    with pytest.raises(InputError) as caught:
        check(GOOD, offset=offset)
    assert caught.value.details == ("it says of a column that it lies outside the file",)
