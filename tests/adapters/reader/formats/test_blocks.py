"""A text is cut into whole lines, whatever chunks it comes in."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.reader.formats.blocks import Block, blocks
from batchreset.adapters.reader.formats.table import MAX_RECORD_BYTES
from batchreset.errors import InputError

lines = st.lists(st.sampled_from(['"a\nb"', "c", "", '"d""\n\n"', 'e,"f\n"', '""']), max_size=8)


@given(lines=lines, cuts=st.lists(st.integers(0, 60), max_size=6), ends=st.booleans())
def test_no_record_is_cut_and_nothing_is_lost_however_the_text_comes(
    lines: list[str], cuts: list[int], *, ends: bool
) -> None:
    text = ("\n".join(lines) + ("\n" if ends else "")).encode()
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    chunks = [text[start:end] for start, end in itertools.pairwise(edges)]

    found = list(blocks(chunks, "x.csv", quotes=True))

    assert b"".join(block.data for block in found) == text
    assert all(block.data.count(b'"') % 2 == 0 for block in found)
    assert all(block.data.endswith(b"\n") for block in found[:-1])
    before = 0
    for block in found:
        assert block.first_line == text[:before].count(b"\n") + 1
        before += len(block.data)


@pytest.mark.parametrize(
    ("quotes", "said"),
    [
        pytest.param(True, "line 3: it is longer than 1 MiB, or a quotation mark in it is not closed", id="CSV"),
        pytest.param(False, r"line 4: it is longer than 1 MiB$", id="no quotes"),
    ],
)
def test_a_line_that_does_not_end_is_refused_long_before_all_of_it_is_read(said: str, *, quotes: bool) -> None:
    read = 0

    def endless() -> object:
        nonlocal read
        yield b'a\nb\n"c\n'
        for read in range(1_000):  # noqa: B007  how far it was read
            yield b"x" * 100_000

    with pytest.raises(InputError, match=said):
        list(blocks(endless(), "x.csv", quotes=quotes))  # type: ignore[arg-type]
    assert read * 100_000 < 2 * MAX_RECORD_BYTES


def test_a_block_of_blanks_has_no_text() -> None:
    assert [Block(first_line=1, data=data).has_text for data in (b"", b" \n\t\r\n", b" x")] == [False, False, True]
