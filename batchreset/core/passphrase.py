"""New passphrases: words of a published list, as `Trout-Unlit-Gravel-Mocha-Ozone-7`.

For accounts whose password is read aloud, or typed from paper. A capital begins each word and a digit ends it all, so
that Entra's rule (three of four classes) holds whatever is drawn.
"""

import math
from collections.abc import Sequence
from typing import Final

from batchreset.core.password import DIGITS, RandomBytes
from batchreset.core.secret import Secret

SEPARATOR: Final = "-"
"""Read aloud as one sign, typed without shift on most keyboards, and kept by chat and mail, which make a link of dots
and slanted letters of underscores."""

FEWEST_WORDS: Final = 5
"""The fewest of a list of 7,772 that make `LEAST_BITS`, with the digit: 67 bits."""
MOST_WORDS: Final = 20
"""Of nine letters each that is 201 characters; Entra takes 256."""
LEAST_BITS: Final = 64
"""Of a passphrase, by what is drawn alone: whoever knows the list, the number of words and this file has as much to
guess."""

_BYTES: Final = 2


def passphrase(words: Sequence[str], count: int, random_bytes: RandomBytes) -> Secret:
    """So many words, each begun by a capital, and a digit.

    Args:
        words: of small letters, none twice; at most 65,536.
        count: how many.
        random_bytes: as for `random_password`.

    Every passphrase is equally likely: numbers beyond the last whole round of the list are drawn again.
    """
    round_end = 256**_BYTES - 256**_BYTES % len(words)
    drawn: list[str] = []
    while len(drawn) < count:
        number = int.from_bytes(random_bytes(_BYTES), "big")
        if number < round_end:
            drawn.append(words[number % len(words)].capitalize())
    digit = DIGITS[random_bytes(1)[0] % len(DIGITS)]
    return Secret(SEPARATOR.join([*drawn, digit]))


def passphrase_bits(words: int, count: int) -> float:
    """How much there is to guess: the binary logarithm of the number of passphrases.

    >>> round(passphrase_bits(7_772, 5), 1)
    67.6
    """
    return count * math.log2(words) + math.log2(len(DIGITS))
