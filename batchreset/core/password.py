"""New passwords: what they are made of.

The service's rules (Entra, cloud accounts): 8 to 256 characters, three of four classes. Ours are stricter.
"""

import itertools
import math
from collections.abc import Callable
from typing import Final

from batchreset.core.secret import Secret

LOWER: Final = "abcdefghijkmnopqrstuvwxyz"
UPPER: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS: Final = "23456789"
SYMBOLS: Final = "#%*/:?_"
"""Read aloud and typed without doubt; none that a spreadsheet takes for a formula (`= + - @`), none that CSV, a
shell's double quotes or HTML would change."""

ALPHABET: Final = LOWER + UPPER + DIGITS + SYMBOLS
"""64 characters, so that six random bits choose one without bias: 120 bits in 20 characters. Left out for looking
alike: 0 O 1 l I |"""

_CLASSES: Final = (LOWER, UPPER, DIGITS, SYMBOLS)
_BYTE_TO_CHARACTER: Final = (ALPHABET * 4).encode()
_CHARACTER_TO_CLASS: Final = bytes.maketrans(
    "".join(_CLASSES).encode(), b"".join(bytes([number]) * len(group) for number, group in enumerate(_CLASSES))
)

RandomBytes = Callable[[int], bytes]


def random_password(length: int, random_bytes: RandomBytes) -> Secret:
    """A password of `length` characters holding all four classes.

    Args:
        length: characters, at least 8.
        random_bytes: n cryptographically random bytes (`secrets.token_bytes`).

    Those that lack a class are thrown away and drawn again: every password that is left is equally likely.
    """
    while True:
        drawn = random_bytes(length).translate(_BYTE_TO_CHARACTER)
        if len(set(drawn.translate(_CHARACTER_TO_CLASS))) == len(_CLASSES):
            return Secret(drawn.decode("ascii"))


def random_password_bits(length: int) -> float:
    """How much there is to guess: the binary logarithm of the number of passwords that hold all four classes.

    >>> round(random_password_bits(20), 1)
    119.8
    """
    sizes = [len(group) for group in _CLASSES]
    lacking = (left_out for some in range(len(sizes) + 1) for left_out in itertools.combinations(sizes, some))
    # Inclusion and exclusion: all, less those that lack a class, and so on.
    return math.log2(sum((-1) ** len(some) * (len(ALPHABET) - sum(some)) ** length for some in lacking))
