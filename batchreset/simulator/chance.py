"""Numbers that depend on a text and on nothing else."""

import hashlib
import struct


def uniforms(text: str) -> list[float]:
    """Six numbers, evenly between 0 and 1, neither included."""
    digest = hashlib.blake2b(text.encode(), digest_size=48).digest()
    # 52 bits and a half: exact as a float, never 0 and never 1.
    return [((number >> 12) + 0.5) / 2**52 for number in struct.unpack(">6Q", digest)]


def befalls(share: float, *, seed: int, kind: str, who: str) -> bool:
    """Whether `who` is in this share of all; always the same answer."""
    return uniforms(f"{seed}|{kind}|{who}")[0] < share
