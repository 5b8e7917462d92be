"""What the other side says may repeat what we sent: no text is kept with a secret, or a piece of one, in it."""

import base64
import functools
import html
import itertools
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Final

from batchreset.core.secret import MASK, Secret

PIECE_CHARACTERS: Final = 8
"""A shorter run of a secret's characters may stand in a text by chance."""
HEX_PIECE_CHARACTERS: Final = 16
"""Ids are hexadecimal too."""
WIDE_HEX_PIECE_CHARACTERS: Final = 30
"""Eight characters again, two bytes each but for the last."""
BARE_PIECE_CHARACTERS: Final = 12
"""Words run together make longer chance hits."""

_LEVELS: Final = 3
_GAPS: Final = re.compile(r"\0+")
_GAPS_MOST_TIMES: Final = 8
"""More of a text is not looked at, however much of it falls away."""
_NOT_BARE: Final = re.compile(r"[^a-z0-9#%*/:?_]+")
_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_NOT_HEX: Final = re.compile(r"0x|[^0-9a-f]+")
"""What stands between bytes in a dump: blanks, dashes, `\\x`, `%u`, `=`."""
_NUMBER: Final = re.compile(r"[0-9]{1,3}")


def scrubbed(text: str, secrets: Iterable[Secret], *, most_characters: int, respelled: bool = True) -> str:
    """One line of at most `most_characters`, with the secrets masked.

    A secret in clear is masked where it stands. When a piece of one is left, or stands there in another writing (JSON,
    URL, HTML, base64, hex, lists of bytes, UTF-16), the whole text is masked: the rest of it is worth less than the
    doubt. What nobody writes by accident (backwards, shifted, packed, base64 twice) is not looked for.

    Args:
        text: from the other side.
        secrets: what must not be told.
        most_characters: of the line.
        respelled: whether to look also for a secret's letters in another case, or spread between other signs. Not for
            tokens: nobody respells those, and a short one of words ("refresh-token-1") would mask every sentence.
    """
    if not text:
        return ""
    clear = [secret.open() for secret in secrets if secret]
    for secret in clear:
        text = text.replace(secret, MASK)
    line = one_line(text[: most_characters * _GAPS_MOST_TIMES])[:most_characters]
    views = set(_views(line))
    pieces = {piece for view in views for piece in _pieces(view, PIECE_CHARACTERS)}
    dump = _NOT_HEX.sub("", line.lower())
    hex_pieces = set(_pieces(dump, HEX_PIECE_CHARACTERS)) | set(_pieces(dump, WIDE_HEX_PIECE_CHARACTERS))
    bare_pieces = set(_pieces(_bare(line), BARE_PIECE_CHARACTERS)) if respelled else set()
    told = any(
        not pieces.isdisjoint(_forms(secret))
        or not hex_pieces.isdisjoint(_hex(secret))
        or not bare_pieces.isdisjoint(_bare_forms(secret))
        for secret in clear
    )
    return MASK if told else line


def one_line(text: str) -> str:
    """The text with a blank for each run of what is no visible letter.

    Control characters and what turns a line around would speak to a terminal; halves of surrogate pairs, which JSON can
    spell, no file or database takes.
    """
    if not text.isprintable():
        text = _GAPS.sub(" ", "".join(letter if letter.isprintable() else "\0" for letter in text))
    return text.strip()


def _views(line: str) -> Iterator[str]:
    """The line as it stands, and as a reader of JSON, HTML or URLs would see it, three levels deep."""
    numbers = _NUMBER.findall(line)
    for base in (8, 10):
        yield "".join(chr(int(number, base)) for number in numbers if base > int(max(number)))
    view = line
    for _ in range(_LEVELS):
        yield view
        yield urllib.parse.unquote_plus(view)
        # JSON in JSON has one backslash more at every level.
        view = _JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), view).replace("\\", "")
        view = html.unescape(urllib.parse.unquote(view))
    yield view


def _bare(text: str) -> str:
    """Letters, digits and a password's symbols only, without case: however the rest was spread between them."""
    return _NOT_BARE.sub("", unicodedata.normalize("NFKC", text).casefold())


# The token is the same in every call: its pieces need not be cut anew. Passwords pass through and fall out.
@functools.lru_cache(maxsize=16)
def _forms(secret: str) -> frozenset[str]:
    forms = [secret]
    for encoding, offset in itertools.product(("utf-8", "utf-16-le"), range(3)):
        # Where in a group of three bytes the secret begins decides its base64; the outer groups are shared with others.
        encoded = base64.b64encode(b"\0" * offset + secret.encode(encoding)).decode()[4:-4]
        forms += [encoded, encoded.replace("+", "-").replace("/", "_")]
    return frozenset(piece for form in forms for piece in _pieces(form, PIECE_CHARACTERS))


@functools.lru_cache(maxsize=16)
def _bare_forms(secret: str) -> frozenset[str]:
    return frozenset(_pieces(_bare(secret), BARE_PIECE_CHARACTERS))


@functools.lru_cache(maxsize=16)
def _hex(secret: str) -> frozenset[str]:
    """In UTF-8; in UTF-16 of either order, and as JSON escapes every letter, there is `00` between them."""
    narrow, wide = secret.encode().hex(), secret.encode("utf-16-le").hex()[:-2]
    return frozenset([*_pieces(narrow, HEX_PIECE_CHARACTERS), *_pieces(wide, WIDE_HEX_PIECE_CHARACTERS)])


def _pieces(text: str, characters: int) -> Iterator[str]:
    return (text[start : start + characters] for start in range(len(text) - characters + 1))
