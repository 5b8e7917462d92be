"""The service's own idea of a good password: Entra's documented rules for cloud accounts."""

import string
from typing import Final

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 256
MIN_CLASSES: Final = 3

_SYMBOLS: Final = frozenset("@#$%^&*-_!+=[]{}|\\:',.?/`~\"();<> ")
_CLASSES: Final = (
    frozenset(string.ascii_lowercase),
    frozenset(string.ascii_uppercase),
    frozenset(string.digits),
    _SYMBOLS,
)
_ALLOWED: Final = frozenset().union(*_CLASSES)

# Entra's own list is secret; these stand for it. Its way of scoring is documented
# (learn: concept-password-ban-bad): look-alikes undone, a banned word is one point, so is any other character, 5 pass.
_BANNED: Final = ("password", "microsoft", "contoso", "welcome", "qwerty", "letmein", "admin", "summer", "winter")
_LOOK_ALIKES: Final = str.maketrans("01$@", "olsa")
_MIN_POINTS: Final = 5


def is_weak(password: str) -> bool:
    """Whether the service would refuse it: length, characters, classes, banned words."""
    characters = frozenset(password)
    return (
        not MIN_LENGTH <= len(password) <= MAX_LENGTH
        or not characters <= _ALLOWED
        or sum(bool(characters & one) for one in _CLASSES) < MIN_CLASSES
        or _points(password) < _MIN_POINTS
    )


def _points(password: str) -> int:
    plain = password.lower().translate(_LOOK_ALIKES)
    for word in _BANNED:
        plain = plain.replace(word, "\0")
    return len(plain)
