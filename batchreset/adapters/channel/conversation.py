"""Fresh keys for each conversation: X25519 (RFC 7748), HKDF (RFC 5869), ChaCha20-Poly1305 (RFC 8439).

Whoever only hears both sides learns nothing, also if a process is taken apart later: keys are in memory only. Who can
change what passes could stand between both at the greeting; it goes over the cluster's TLS for that.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NUMBER_BYTES: Final = 8
_KEY_BYTES: Final = 32
_NO_BYTES: Final = b"\0" * 4
"""A nonce has twelve bytes, and a message's number eight: no conversation has more."""


class KeyHalf:
    """One side's half of an agreement, for one conversation."""

    def __init__(self) -> None:
        self._private = X25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw()

    def agreed(self, other_public: bytes, *, coordinator: bool) -> "Conversation | None":
        """None: what came is no such half. `coordinator`: which of both sides this is."""
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(other_public))
        except ValueError:
            return None
        halves = (self.public, other_public) if coordinator else (other_public, self.public)
        keys = HKDF(SHA256(), 2 * _KEY_BYTES, salt=None, info=b"batchreset sender 1" + b"".join(halves)).derive(shared)
        to_sender, to_coordinator = keys[:_KEY_BYTES], keys[_KEY_BYTES:]
        return Conversation(*((to_sender, to_coordinator) if coordinator else (to_coordinator, to_sender)))


class Conversation:
    """One side of it. Each message has a number of its own, by which a key is never used twice alike."""

    def __init__(self, own: bytes, other: bytes) -> None:
        self._own = ChaCha20Poly1305(own)
        self._other = ChaCha20Poly1305(other)
        self._sealed = 0

    def seal(self, message: bytes) -> bytes:
        """For the other side."""
        self._sealed += 1
        number = self._sealed.to_bytes(_NUMBER_BYTES, "big")
        return number + self._own.encrypt(_NO_BYTES + number, message, None)

    def open(self, sealed: bytes) -> bytes | None:
        """From the other side; None: it is not of this conversation, or was changed on its way."""
        number, content = sealed[:_NUMBER_BYTES], sealed[_NUMBER_BYTES:]
        if len(number) < _NUMBER_BYTES:
            return None
        try:
            return self._other.decrypt(_NO_BYTES + number, content, None)
        except InvalidTag:
            return None
