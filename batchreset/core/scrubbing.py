"""What the other side says may repeat what we sent: no text is kept with a secret, or a piece of one, in it."""

import base64
import functools
import html
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

_NOT_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""Control characters, and halves of surrogate pairs: JSON can spell them, no file or database takes them."""
BARE_PIECE_CHARACTERS: Final = 12
"""Words run together make longer chance hits."""

_LEVELS: Final = 3
_NOT_BARE: Final = re.compile(r"[^a-z0-9#%*/:?_]+")
_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


def scrubbed(text: str, secrets: Iterable[Secret], *, most_characters: int, respelled: bool = True) -> str:
    """One line of at most `most_characters`, with the secrets masked.

    A secret in clear is masked where it stands. When a piece of one is left, or stands there in another writing (JSON,
    URL, HTML, base64, hex), the whole text is masked: the rest of it is worth less than the doubt.

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
    line = _NOT_TEXT.sub(" ", text).strip()[:most_characters]
    views = set(_views(line))
    pieces = {piece for view in views for piece in _pieces(view, PIECE_CHARACTERS)}
    hex_pieces = set(_pieces(line.lower(), HEX_PIECE_CHARACTERS))
    bare_pieces = set(_pieces(_bare(line), BARE_PIECE_CHARACTERS)) if respelled else set()
    told = any(
        not pieces.isdisjoint(_forms(secret))
        or not hex_pieces.isdisjoint(_hex(secret))
        or not bare_pieces.isdisjoint(_pieces(_bare(secret), BARE_PIECE_CHARACTERS))
        for secret in clear
    )
    return MASK if told else line


def _views(line: str) -> Iterator[str]:
    """The line as it stands, and as a reader of JSON, HTML or URLs would see it, three levels deep."""
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
    for offset in range(3):
        # Where in a group of three bytes the secret begins decides its base64; the outer groups are shared with others.
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()[4:-4]
        forms += [encoded, encoded.replace("+", "-").replace("/", "_")]
    return frozenset(piece for form in forms for piece in _pieces(form, PIECE_CHARACTERS))


@functools.lru_cache(maxsize=16)
def _hex(secret: str) -> frozenset[str]:
    return frozenset(_pieces(secret.encode().hex(), HEX_PIECE_CHARACTERS))


def _pieces(text: str, characters: int) -> Iterator[str]:
    return (text[start : start + characters] for start in range(len(text) - characters + 1))
