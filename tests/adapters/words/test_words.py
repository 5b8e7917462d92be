"""The list of words is the published one, and the words are fit for passphrases."""

import hashlib
from importlib import resources

import pytest

from batchreset.adapters.words import words
from batchreset.adapters.words.eff import listed
from batchreset.core.passphrase import MOST_WORDS, SEPARATOR
from batchreset.errors import SettingsError

FILES = resources.files("batchreset.adapters.words")
CONTENT = FILES.joinpath("eff_large_wordlist.txt").read_bytes()
PUBLISHED = "addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e"


def test_the_list_is_the_one_that_was_published_with_its_licence() -> None:
    assert hashlib.sha256(CONTENT).hexdigest() == PUBLISHED
    licence = FILES.joinpath("LICENSE-EFF").read_text(encoding="utf-8")
    assert "CC BY 3.0 US" in licence
    assert PUBLISHED in licence


def test_its_words_are_small_letters_none_twice_and_all_but_those_with_a_hyphen() -> None:
    published = {line.split()[1] for line in CONTENT.decode().splitlines()}
    assert published - set(words()) == {"drop-down", "felt-tip", "t-shirt", "yo-yo"}
    assert len(set(words())) == len(words()) == 7_772
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words())
    assert SEPARATOR not in "".join(words())
    assert MOST_WORDS * (max(map(len, words())) + 1) + 1 <= 256


@pytest.mark.parametrize("content", [CONTENT + b"\n", CONTENT.replace(b"zoom", b"zoot"), b""])
def test_another_list_is_not_used(content: bytes) -> None:
    with pytest.raises(SettingsError, match="is not the one that belongs to batchreset"):
        listed(content)
