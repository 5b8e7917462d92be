"""Those who send for a run, where that is not its own process: how each of them fares. For whoever looks."""

import enum
import functools
from dataclasses import dataclass
from typing import Final

from batchreset.core.plain import plain

NAME_MOST: Final = 80
"""Characters; an address with its port has 30."""
WHY_MOST: Final = 200


class SenderState(enum.StrEnum):
    """Of one sender."""

    SENDING = "sending"
    SILENT = "silent"
    """Nothing has been heard of it for a while: it gets no rows."""
    DRAINING = "draining"
    """It ends what it has, and gets no more."""
    GONE = "gone"
    REFUSED = "refused"
    """It is there, and cannot send for this run; it is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderFigures:
    """One sender's, in this session.

    Attributes:
        name: as the cluster calls it.
        host: the machine it is on, as it calls itself.
        in_flight: rows that it has.
        answered: answers of the service that came by it, 429 too.
        throttled: of them, 429s.
        failed: rows of which it said that no answer came, or that they could not be sent.
        lost: rows that it had and of which nothing was heard any more.
        per_second: answers, lately.
        why: it is refused.
    """

    name: str
    host: str
    state: SenderState
    in_flight: int = 0
    answered: int = 0
    throttled: int = 0
    failed: int = 0
    lost: int = 0
    per_second: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """A session of a run, and those that it follows. Numbers alone do not tell a run from a copy of its folder.

    Attributes:
        session: counted from 1.
        mark: no other session has it.
        before: marks of those before it; of very many the last ones.
    """

    session: int
    mark: str
    before: tuple[str, ...] = ()


@functools.lru_cache(maxsize=4_096)
def plain_name(text: str) -> str:
    """What a cluster or a machine calls somebody, as plain.

    Asked for every attempt.
    """
    return plain(text, NAME_MOST)


def plain_why(text: str) -> str:
    """What a worker or its cluster says of itself, as plain."""
    return plain(text, WHY_MOST)
