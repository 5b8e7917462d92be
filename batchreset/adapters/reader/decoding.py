"""From a file's bytes to UTF-8 text: gzip and zstd opened, UTF-16 decoded, byte order marks left out."""

import codecs
import enum
import gzip
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, NoReturn

from batchreset.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd  # the same, for older ones

CHUNK_BYTES: Final = 2 << 20

_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Packing(enum.Enum):
    """How a text is compressed, told by its first bytes: no text begins with these."""

    NONE = b""
    GZIP = b"\x1f\x8b"
    ZSTD = b"\x28\xb5\x2f\xfd"


def packing_of(head: bytes) -> Packing:
    return next((packing for packing in (Packing.GZIP, Packing.ZSTD) if head.startswith(packing.value)), Packing.NONE)


def text_chunks(file: BinaryIO, shown: str, *, most_bytes: int) -> Iterator[bytes]:
    """A fresh pass over the file as UTF-8; line ends of CR alone become LF. Some MB at a time.

    Raises:
        InputError: no text, damaged, or more than `most_bytes` once it is unpacked.
    """
    chunks = _bounded(_unpacked(file, shown), shown, most_bytes)
    first = next(chunks, b"")
    encoding = "utf-16" if first.startswith(_UTF16_MARKS) else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)()
    carriage_returns: bool | None = None
    line = 1
    for chunk, is_last in _with_last(first, chunks):
        try:
            text = decoder.decode(chunk, is_last)
        except UnicodeDecodeError as error:
            line += error.object.count(b"\n", 0, error.start)
            raise InputError(
                f"{shown} is not text in UTF-8 (or UTF-16 with a byte order mark): line {line} cannot be decoded",
                next_step="save the file as CSV UTF-8, then try again",
            ) from error
        if "\0" in text:
            line += text.count("\n", 0, text.index("\0"))
            raise InputError(
                f"{shown} is not a text file: line {line} holds a NUL character",
                next_step="save the file as CSV UTF-8, then try again; a file of another kind needs its own ending",
            )
        if carriage_returns is None and text:
            carriage_returns = "\n" not in text and "\r" in text
        if carriage_returns:
            text = text.replace("\r", "\n")
        encoded = text.encode()
        line += encoded.count(b"\n")
        yield encoded


def _with_last(first: bytes, chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk, and then an empty last one: what is cut off in the middle of a letter shows at the end."""
    yield first, False
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def _unpacked(file: BinaryIO, shown: str) -> Iterator[bytes]:
    file.seek(0)
    packing = packing_of(file.read(4))
    file.seek(0)
    try:
        match packing:
            case Packing.GZIP:
                with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                    yield from _read(unpacked)
            case Packing.ZSTD:
                with zstd.ZstdFile(file, "rb") as unpacked:
                    yield from _read(unpacked)
            case Packing.NONE:
                yield from _read(file)
    except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
        raise InputError(
            f"{shown} cannot be unpacked: {error}",
            next_step="make or copy the file again, as it may be damaged or cut short; pack with zstd without --long",
        ) from error
    except OSError as error:
        raise InputError(
            f"{shown} cannot be read: {error.strerror}",
            next_step="check the disk or share that it lies on, and try again",
        ) from error


def _read(file: "BinaryIO | gzip.GzipFile | zstd.ZstdFile") -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _bounded(chunks: Iterator[bytes], shown: str, most_bytes: int) -> Iterator[bytes]:
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read > most_bytes:
            refuse_too_large(shown, most_bytes, unpacked=True)
        yield chunk


def refuse_too_large(shown: str, most_bytes: int, *, unpacked: bool = False) -> NoReturn:
    raise InputError(
        f"{shown} is larger than {most_bytes >> 20:,} MiB{' once it is unpacked' if unpacked else ''}: far more than"
        " the rows that max_rows under [input] allows",
        next_step="check that this is the right file; if so many users really are to be reset, raise max_rows",
    )
