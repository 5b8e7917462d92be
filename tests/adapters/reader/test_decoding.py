"""Packed and encoded texts are read as the text they hold, in bounded memory, or refused."""

import gzip
import io
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.reader.decoding import CHUNK_BYTES, text_chunks
from batchreset.errors import InputError

MUCH = 1 << 40


def text_of(data: bytes, most_bytes: int = MUCH) -> str:
    return b"".join(text_chunks(io.BytesIO(data), "users.csv", most_bytes=most_bytes)).decode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be with mark"])
@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(bytes, id="as it is"),
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]), id="gzip in two members"),
        pytest.param(zstd.compress, id="zstd"),
        pytest.param(lambda data: zstd.compress(data[:7]) + zstd.compress(data[7:]), id="zstd in two frames"),
    ],
)
@settings(deadline=None, max_examples=10)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=200))
def test_a_text_is_the_same_however_it_was_packed_and_encoded(pack: object, encoding: str, text: str) -> None:
    data = ("\ufeff" + text).encode("utf-16-be") if "mark" in encoding else text.encode(encoding)
    expected = text.replace("\r", "\n") if "\n" not in text else text

    assert callable(pack)
    assert text_of(pack(data)) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_letter_may_stand_across_two_chunks(encoding: str) -> None:
    text = "x" + "é" * CHUNK_BYTES

    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(gzip.compress(b"a\nb\n" * 999)[:-9], "cannot be unpacked: .*ended", id="gzip cut short"),
        pytest.param(zstd.compress(b"a\nb\n" * 999)[:-9], "cannot be unpacked: .*ended", id="zstd cut short"),
        pytest.param(gzip.compress(b"a\n") + b"rubbish", "cannot be unpacked: Not a gzipped", id="rubbish after gzip"),
        pytest.param(gzip.compress(b"a\n")[:4] + b"\xff" * 40, "cannot be unpacked", id="damaged gzip"),
        pytest.param(b"\x28\xb5\x2f\xfd" + b"\xff" * 40, "cannot be unpacked", id="damaged zstd"),
        pytest.param(b"a\nb\xff\n", "line 2 cannot be decoded", id="no UTF-8"),
        pytest.param(b"a\nb\n\xc3", "line 3 cannot be decoded", id="half a letter at the end"),
        pytest.param(b"\xff\xfea\0\n\0\0\xd8", "line 2 cannot be decoded", id="half a pair of UTF-16"),
        pytest.param(b"a\nb\0c\n", "line 2 holds a NUL", id="NUL"),
    ],
)
def test_what_is_no_text_is_refused_and_says_where(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        text_of(data)

    assert caught.value.next_step


def test_the_line_is_counted_over_all_chunks() -> None:
    data = b"x" * 9 + b"\n" * CHUNK_BYTES + b"y\n\xff"

    with pytest.raises(InputError, match=f"line {CHUNK_BYTES + 2} cannot"):
        text_of(data)


def gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b"\n" * (1 << 20)) for _ in range(100)) + packer.flush()


def zstd_bomb() -> bytes:
    return zstd.compress(b"\n" * (100 << 20))


@pytest.mark.parametrize("make", [gzip_bomb, zstd_bomb], ids=["gzip", "zstd"])
def test_a_bomb_is_refused_when_it_has_grown_too_large_and_takes_no_memory(make: Callable[[], bytes]) -> None:
    bomb = make()
    assert len(bomb) < 200_000
    tracemalloc.start()
    with pytest.raises(InputError, match=r"users\.csv is larger than 20 MiB once it is unpacked"):
        text_of(bomb, most_bytes=20 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * (20 << 20)  # of what was read, the test itself keeps all
