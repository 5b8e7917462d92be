"""Whatever a body is packed in, no more comes of it, and no more of it is held, than was asked for."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.net import UndecodableError, Unpacking

PLAIN = b'{"code":"3000","description":"invalid property"}'
Pack = Callable[[bytes], bytes]


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


PACKED: dict[str, Pack] = {
    "": bytes,
    "identity": bytes,
    "br": bytes,
    "gzip": gzip.compress,
    "X-GZip": gzip.compress,
    "deflate": zlib.compress,
    " deflate ": raw_deflate,
    "gzip, deflate": lambda body: zlib.compress(gzip.compress(body)),
    "gzip,identity,gzip": lambda body: gzip.compress(gzip.compress(body)),
}


def unpacked(encoding: str, packed: bytes, *, pieces: int = 7, most_bytes: int = 1 << 20) -> bytes:
    unpacking = Unpacking(encoding, most_bytes=most_bytes)
    found = b""
    for start in range(0, len(packed), pieces):
        found += unpacking.unpack(packed[start : start + pieces])
        if unpacking.is_full:
            break
    return found


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("pieces", [1, 7, 1 << 16])
def test_a_body_is_unpacked_in_whatever_pieces_it_comes(encoding: str, pieces: int) -> None:
    assert unpacked(encoding, PACKED[encoding](PLAIN), pieces=pieces) == PLAIN


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("most_bytes", [1, 10, len(PLAIN) - 1])
def test_no_more_comes_of_it_than_was_asked_for(encoding: str, most_bytes: int) -> None:
    found = unpacked(encoding, PACKED[encoding](PLAIN), pieces=1 << 16, most_bytes=most_bytes)
    assert PLAIN.startswith(found)
    assert len(found) <= most_bytes


def bomb(times: int) -> bytes:
    body = b"\0" * (16 << 20)
    for _ in range(times):
        body = gzip.compress(body, 1)
    return body


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_small_body_that_unpacks_to_a_huge_one_takes_no_memory(times: int) -> None:
    """Left to httpx, which unpacks each piece whole, two kilobytes of gzip in gzip became a gigabyte."""
    packed = bomb(times)
    tracemalloc.start()
    try:
        found = unpacked(", ".join(["gzip"] * times), packed, pieces=1 << 16, most_bytes=1 << 16)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert len(found) <= 1 << 16


def test_what_follows_the_end_of_what_is_packed_is_not_gathered_without_end() -> None:
    unpacking = Unpacking("gzip", most_bytes=1 << 16)
    assert unpacking.unpack(gzip.compress(PLAIN)) == PLAIN
    fed = 0
    while not unpacking.is_full:
        assert unpacking.unpack(b"\0" * 1024) == b""
        fed += 1024
    assert fed <= 1 << 16


def test_what_is_packed_more_often_than_anybody_does_is_refused() -> None:
    with pytest.raises(UndecodableError):
        Unpacking("gzip, gzip, gzip, gzip", most_bytes=1)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, deflate"])
def test_what_is_not_packed_though_it_says_so_is_told(encoding: str) -> None:
    with pytest.raises(UndecodableError):
        unpacked(encoding, b"this is not packed")


@given(encoding=st.sampled_from(["gzip", "deflate", "gzip, gzip", "", "x"]), body=st.binary(), most=st.integers(1, 50))
def test_any_bytes_are_unpacked_or_told(encoding: str, body: bytes, most: int) -> None:
    try:
        found = unpacked(encoding, body, most_bytes=most)
    except UndecodableError:
        return
    assert len(found) <= most
