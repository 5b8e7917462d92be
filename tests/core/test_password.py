"""New passwords."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.password import ALPHABET, DIGITS, LOWER, SYMBOLS, UPPER, random_password

CLASSES = (LOWER, UPPER, DIGITS, SYMBOLS)
ENTRA_SYMBOLS = "@#$%^&*-_!+=[]{}|\\:',.?/`~\"();<>"
CHI_SQUARE_63_DEGREES_1_PERMILLE = 103.4
GOOD = b"".join(ALPHABET.index(group[0]).to_bytes(1, "big") * 2 for group in CLASSES)


class Bytes:
    """Hands out what was given, and remembers how much was asked for."""

    def __init__(self, *draws: bytes) -> None:
        self.draws = list(draws)
        self.asked: list[int] = []

    def __call__(self, count: int) -> bytes:
        self.asked.append(count)
        return self.draws.pop(0)


def test_the_alphabet_has_sixty_four_characters_none_twice() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 64
    assert "".join(CLASSES) == ALPHABET


def test_each_class_holds_what_it_says() -> None:
    assert LOWER.isascii()
    assert LOWER.isalpha()
    assert LOWER.islower()
    assert UPPER.isascii()
    assert UPPER.isalpha()
    assert UPPER.isupper()
    assert DIGITS.isascii()
    assert DIGITS.isdigit()
    assert set(SYMBOLS) <= set(ENTRA_SYMBOLS)


@pytest.mark.parametrize(
    "left_out",
    [
        pytest.param("0O1lI|", id="look-alikes"),
        pytest.param("=+-@", id="formulas-in-a-spreadsheet"),
        pytest.param(",;\"'\t ", id="separators-and-quotes-in-csv"),
        pytest.param('$`\\!"', id="changed-in-a-shells-double-quotes"),
        pytest.param("&<>'\"", id="changed-in-html"),
    ],
)
def test_characters_that_are_misread_are_left_out(left_out: str) -> None:
    assert set(ALPHABET).isdisjoint(left_out)


def test_every_character_comes_from_as_many_bytes_as_any_other() -> None:
    password = random_password(256, Bytes(bytes(range(256)))).open()

    assert password == ALPHABET * 4


def test_characters_are_uniform_wherever_they_stand() -> None:
    """Chi-square over 102,400 characters; at 256 a password lacks a class about never."""
    chance = random.Random(20261121)
    counts = Counter("".join(random_password(256, chance.randbytes).open() for _ in range(400)))
    expected = 400 * 256 / 64

    assert set(counts) == set(ALPHABET)
    assert sum((seen - expected) ** 2 / expected for seen in counts.values()) < CHI_SQUARE_63_DEGREES_1_PERMILLE


@pytest.mark.parametrize("lacking", CLASSES, ids=["lower", "upper", "digits", "symbols"])
def test_a_draw_that_lacks_a_class_is_drawn_again_whole(lacking: str) -> None:
    others = [ALPHABET.index(group[-1]) for group in CLASSES if group != lacking]
    lacks = bytes((others * 3)[:8])
    source = Bytes(lacks, lacks, GOOD)

    assert random_password(8, source).open() == "aaAA22##"
    assert source.asked == [8, 8, 8]


@given(length=st.integers(8, 256), seed=st.integers())
def test_it_has_all_four_classes_and_exactly_its_length(length: int, seed: int) -> None:
    password = random_password(length, random.Random(seed).randbytes).open()

    assert len(password) == length
    assert set(password) <= set(ALPHABET)
    assert all(set(password) & set(group) for group in CLASSES)


@given(length=st.integers(8, 256), seed=st.integers())
def test_the_same_bytes_give_the_same_password(length: int, seed: int) -> None:
    first, second = (random_password(length, random.Random(seed).randbytes) for _ in range(2))

    assert first == second
