"""What a plan says of its passwords, and settings of theirs that would change nothing."""

import math
import random

import pytest

from batchreset.core.passphrase import FEWEST_WORDS, LEAST_BITS, MOST_WORDS
from batchreset.errors import SettingsError
from batchreset.settings.model import PasswordSettings
from batchreset.wiring.passwords import password_maker, refuse_idle_settings, strength


@pytest.mark.parametrize("count", [FEWEST_WORDS, 7, MOST_WORDS])
def test_what_is_said_of_their_strength_is_never_more_than_there_is(count: int) -> None:
    """By a way of its own: how many there are, as a whole number."""
    many = 7_772**count * 8
    said = strength(PasswordSettings(kind="passphrase", words=count))
    bits = int(said.split()[-2])

    assert said == f"passphrase, {count} words, {bits} bits"
    assert 2**bits <= many < 2 ** (bits + 1)
    assert bits >= LEAST_BITS


@pytest.mark.parametrize(("kind", "length", "bits"), [("random", 20, 119), ("discard", 8, 46), ("random", 256, 1535)])
def test_of_random_ones_too(kind: str, length: int, bits: int) -> None:
    said = strength(PasswordSettings.model_validate({"kind": kind, "length": length}))
    assert said == f"{kind}, {length} characters, {bits} bits"
    assert bits <= length * math.log2(64)


def test_each_kind_is_made_of_what_is_said() -> None:
    assert password_maker(PasswordSettings(kind="passphrase", words=6), bytes)().open() == "Abacus-" * 6 + "2"
    chance = random.Random(7).randbytes
    assert len(password_maker(PasswordSettings(kind="random", length=30), chance)().open()) == 30


@pytest.mark.parametrize(
    ("given", "idle"),
    [
        pytest.param({"kind": "passphrase", "length": 20}, "length", id="a passphrase's length"),
        pytest.param({"words": 5}, "words", id="words of a random one"),
        pytest.param({"kind": "discard", "words": 6}, "words", id="words of one that nobody knows"),
    ],
)
def test_a_setting_that_would_change_nothing_is_refused_also_with_its_default(
    given: dict[str, object], idle: str
) -> None:
    with pytest.raises(SettingsError, match=rf"\[password\] {idle} is given") as caught:
        refuse_idle_settings(PasswordSettings.model_validate(given))
    assert f"--password-{idle}" in caught.value.next_step


@pytest.mark.parametrize("given", [{}, {"kind": "passphrase", "words": 7}, {"kind": "discard", "length": 30}])
def test_what_has_its_use_is_taken(given: dict[str, object]) -> None:
    refuse_idle_settings(PasswordSettings.model_validate(given))
