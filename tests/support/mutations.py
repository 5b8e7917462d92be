"""Files that are nearly what they were: bytes changed, cut out, doubled, moved, and stuck in from elsewhere."""

import io
import zipfile
from collections.abc import Callable

from hypothesis import strategies as st

Change = Callable[[bytes], bytes]

_TELLING = (
    b"", b"\0", b"\xff", b"\xff" * 4, b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x80" * 9 + b"\x01", b"\n", b"\r", b'"',
    b",", b";", b"\t", b"{", b"}", b"[", b"\\", b"<", b">", b"&", b"<!--", b"<![CDATA[", b"PAR1", b"PK\x03\x04",
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"9" * 400, b"1e999", b'""',
    b'"" x', b"\x1b[2J",
)  # fmt: skip
"""Pieces at which parsers stumble."""
_pieces = st.sampled_from(_TELLING) | st.binary(max_size=6)
_places = st.floats(0, 1, exclude_max=True)


@st.composite
def _changes(draw: st.DrawFn) -> Change:
    kind = draw(st.sampled_from(["set", "set", "set", "insert", "cut out", "end", "double", "move"]))
    place, length, piece = draw(_places), draw(st.sampled_from([1, 1, 2, 4, 8, 64, 1000])), draw(_pieces)
    other = draw(_places)

    def change(data: bytes) -> bytes:
        at, to = int(place * len(data)), int(other * len(data))
        match kind:
            case "set":
                return data[:at] + piece + data[at + len(piece) :]
            case "insert":
                return data[:at] + piece + data[at:]
            case "cut out":
                return data[:at] + data[at + length :]
            case "end":
                return data[:at]
            case "double":
                return data[: at + length] + data[at:]
            case _:
                return data[:to] + data[at : at + length] + data[to:]

    return change


def changes(most: int = 4) -> st.SearchStrategy[Change]:
    """Some changes, one after the other."""

    def together(made: list[Change]) -> Change:
        def change(data: bytes) -> bytes:
            for one in made:
                data = one(data)
            return data

        return change

    return st.lists(_changes(), min_size=1, max_size=most).map(together)


def inside_zip(change: Change, part: int) -> Change:
    """The change made to one part of an archive, which stays an archive."""

    def changed(data: bytes) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
            for number, name in enumerate(archive.namelist()):
                content = archive.read(name)
                made.writestr(name, change(content) if number == part % len(archive.namelist()) else content)
        return packed.getvalue()

    return changed
