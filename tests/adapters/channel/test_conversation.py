"""Only the two that agreed can read what passes between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.channel import Conversation, KeyHalf

PASSWORD = b'Zx9"\\kfj#3QpLm7*Ty'


def agreed() -> tuple[Conversation, Conversation]:
    """A coordinator's side and a sender's."""
    coordinator, sender = KeyHalf(), KeyHalf()
    sides = coordinator.agreed(sender.public, coordinator=True), sender.agreed(coordinator.public, coordinator=False)
    assert sides[0] is not None
    assert sides[1] is not None
    return sides[0], sides[1]


@given(messages=st.lists(st.binary(max_size=200), max_size=5), answers=st.lists(st.binary(max_size=200), max_size=5))
def test_each_side_reads_what_the_other_wrote(messages: list[bytes], answers: list[bytes]) -> None:
    coordinator, sender = agreed()

    assert [sender.open(coordinator.seal(message)) for message in messages] == messages
    assert [coordinator.open(sender.seal(answer)) for answer in answers] == answers


def test_nothing_of_a_message_can_be_seen_and_no_two_look_alike() -> None:
    coordinator, _ = agreed()
    first, second = coordinator.seal(PASSWORD), coordinator.seal(PASSWORD)

    assert PASSWORD not in first + second
    assert first[8:] != second[8:]


def test_another_conversation_reads_nothing_of_it() -> None:
    coordinator, _ = agreed()
    _, stranger = agreed()

    assert stranger.open(coordinator.seal(PASSWORD)) is None


def test_a_message_that_is_sent_back_is_not_taken_for_the_other_sides() -> None:
    coordinator, _ = agreed()

    assert coordinator.open(coordinator.seal(PASSWORD)) is None


@given(place=st.integers(0, 8 + 16 + len(PASSWORD) - 1), bit=st.integers(0, 7))
def test_a_message_that_was_changed_is_not_read(place: int, bit: int) -> None:
    coordinator, sender = agreed()
    changed = bytearray(coordinator.seal(PASSWORD))
    changed[place] ^= 1 << bit

    assert sender.open(bytes(changed)) is None


@given(sealed=st.binary(max_size=60))
def test_what_nobody_sealed_is_not_read(sealed: bytes) -> None:
    assert agreed()[1].open(sealed) is None


@pytest.mark.parametrize("public", [b"", b"short", b"\0" * 32, b"x" * 33])
def test_what_is_no_half_of_a_key_agrees_on_nothing(public: bytes) -> None:
    """32 zeros would let everybody know the key (RFC 7748, 6.1)."""
    assert KeyHalf().agreed(public, coordinator=True) is None
