"""Thrift: what is not wanted is passed over, whatever its kind; what cannot be is an error."""

import pytest

from batchreset.adapters.reader.formats.parquet.thrift import Kind, Reader, ThriftError

SKIPPED = {
    "true": b"\x11",
    "byte": b"\x13\xff",
    "integer": b"\x16\x80\x80\x01",
    "double": b"\x17" + b"\xff" * 8,
    "bytes": b"\x18\x03abc",
    "list": b"\x19\x25\x01\x02",
    "list of booleans": b"\x19\x21\x01\x02",
    "long list": b"\x19\xf5\x10" + b"\x01" * 16,
    "set": b"\x1a\x15\x01",
    "empty map": b"\x1b\x00",
    "map": b"\x1b\x02\x85\x01a\x02\x01b\x04",
    "structure": b"\x1c\x15\x01\x00",
    "UUID": b"\x1d" + b"\xff" * 16,
}


@pytest.mark.parametrize("field", SKIPPED.values(), ids=SKIPPED.keys())
def test_a_field_of_any_kind_is_passed_over(field: bytes) -> None:
    reader = Reader(field + b"\x16\x05\x00")
    found = []

    for number, kind in reader.fields():
        if number == 2:
            found.append((kind, reader.integer()))
        else:
            reader.skip(kind)

    assert found == [(Kind.I64, -3)]


def test_a_field_may_say_its_number_in_full() -> None:
    assert [(number, kind) for number, kind in Reader(b"\x01\xc8\x01\x00").fields()] == [(100, Kind.TRUE)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x18\x7fabc", id="longer than it is"),
        pytest.param(b"\x19\xf5\xff\xff\xff\xff\x0f", id="a list of four billion"),
        pytest.param(b"\x16" + b"\xff" * 11, id="a number without end"),
        pytest.param(b"\x1f", id="an unknown kind"),
        pytest.param(b"\x1c" * 50 + b"\x00" * 51, id="too deep"),
    ],
)
def test_what_cannot_be_is_an_error(data: bytes) -> None:
    with pytest.raises(ThriftError):
        Reader(data).skip(Kind.STRUCT)
