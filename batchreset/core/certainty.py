"""Which of a row's passwords the hand-over gives, and how sure it is of each."""

import enum

from batchreset.core.outcome import Outcome


class Certainty(enum.StrEnum):
    """How sure it is that a password is in force."""

    IN_FORCE = "in_force"
    POSSIBLE = "possible"
    SUPERSEDED = "superseded"


def certainty(*, generation: int, outcome: Outcome, outcome_generation: int | None, unclear: bool) -> Certainty | None:
    """The certainty of one generation (1: the row's first password, 2: its second …), or None: surely not in force.

    Args:
        generation: the one that is asked about.
        outcome: how the row ended, or stands now.
        outcome_generation: the generation that outcome was reached with; None when there is no outcome yet.
        unclear: whether this generation was sent, or perhaps sent, without a clear yes or no.

    A doubt about one password is not settled by another's refusal: an unclear one stays possible until a later one is
    surely in force, or until the row is known to be unchanged (`failed`).
    """
    if outcome is Outcome.SUCCEEDED and outcome_generation is not None:
        return Certainty.IN_FORCE if generation == outcome_generation else Certainty.SUPERSEDED
    return Certainty.POSSIBLE if unclear and outcome is not Outcome.FAILED else None
