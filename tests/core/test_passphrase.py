"""New passphrases, and how strong new passwords of each kind are."""

import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.passphrase import (
    FEWEST_WORDS,
    LEAST_BITS,
    MOST_WORDS,
    SEPARATOR,
    passphrase,
    passphrase_bits,
)
from batchreset.core.password import ALPHABET, DIGITS, LOWER, SYMBOLS, UPPER, random_password_bits
from batchreset.simulator.passwords import is_weak

WORDS = ("acorn", "zen", "otter", "unlit", "gravel", "mocha")
TWO_BYTES = 1 << 16


class Numbers:
    """Random bytes that spell these numbers."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = iter(numbers)

    def __call__(self, count: int) -> bytes:
        return next(self.numbers).to_bytes(count, "big")


def test_words_begin_with_a_capital_and_a_digit_ends_it() -> None:
    assert passphrase(WORDS, 3, Numbers(2, 0, 5, 1)).open() == f"Otter-Acorn-Mocha-{DIGITS[1]}"


def test_each_word_comes_from_as_many_numbers_as_any_other() -> None:
    words = [f"w{number}" for number in range(7_772)]
    whole = TWO_BYTES - TWO_BYTES % len(words)

    drawn = passphrase(words, whole, Numbers(*range(TWO_BYTES - 1, -1, -1), 0)).open().split(SEPARATOR)[:-1]

    assert set(Counter(drawn).values()) == {TWO_BYTES // len(words)}
    assert len(set(drawn)) == len(words)


def test_each_digit_comes_from_as_many_bytes_as_any_other() -> None:
    ends = Counter(passphrase(WORDS, 1, Numbers(0, byte)).open()[-1] for byte in range(256))
    assert ends == {digit: 256 // len(DIGITS) for digit in DIGITS}


def test_the_bits_are_those_of_all_passphrases_that_can_be_drawn() -> None:
    """Every one of a small list, counted."""
    draws = itertools.product(range(len(WORDS)), range(len(WORDS)), range(len(DIGITS)))
    every = {passphrase(WORDS, 2, Numbers(*numbers)).open() for numbers in draws}

    assert passphrase_bits(len(WORDS), 2) == pytest.approx(math.log2(len(every)))


def test_five_words_are_the_fewest_that_are_strong_enough() -> None:
    assert passphrase_bits(7_772, FEWEST_WORDS) >= LEAST_BITS > passphrase_bits(7_772, FEWEST_WORDS - 1)


@given(count=st.integers(FEWEST_WORDS, MOST_WORDS), seed=st.integers())
def test_entra_takes_it_and_no_spreadsheet_calculates_it(count: int, seed: int) -> None:
    words = [f"{first}{'r' * rest}" for first in "abcdefgh" for rest in range(2, 9)]
    made = passphrase(words, count, random.Random(seed).randbytes).open()

    assert not is_weak(made)
    assert 8 <= len(made) <= 256
    assert made[0] not in "=+-@"
    assert made.count(SEPARATOR) == count


def test_nobody_sees_it_by_accident() -> None:
    assert "Acorn" not in repr(passphrase(WORDS, 1, Numbers(0, 0)))


@pytest.mark.parametrize("length", [8, 20, 64, 256])
def test_the_bits_of_a_random_password_are_those_of_all_that_hold_every_class(length: int) -> None:
    """Counted anew: so many texts of each length by the classes that they hold."""
    sizes = [len(group) for group in (LOWER, UPPER, DIGITS, SYMBOLS)]
    texts = {0: 1}
    for _ in range(length):
        longer: Counter[int] = Counter()
        for held, many in texts.items():
            for index, size in enumerate(sizes):
                longer[held | 1 << index] += many * size
        texts = dict(longer)

    assert sum(texts.values()) == len(ALPHABET) ** length
    assert random_password_bits(length) == pytest.approx(math.log2(texts[0b1111]))
