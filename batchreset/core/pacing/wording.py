"""Habits of a service that hold for all its limits."""

from typing import Final

SLACK_SECONDS: Final = 0.1
SLACK_ROUNDED_DOWN_SECONDS: Final = 1.1
"""Added to `Retry-After`; the second where the service was seen to round it down."""
OWN_SLACK_SECONDS: Final = 0.1
OWN_SLACK_STEP_SECONDS: Final = 0.2
OWN_SLACK_MOST_SECONDS: Final = 1.1
"""Added to a window that was measured; a step more each time that was too early."""


class Wording:
    """How the service words `Retry-After`; the same for all its limits.

    Attributes:
        slack_seconds: added to what is told.
        own_slack_seconds: added to what was measured.
        aligned: whether customers' windows end when the clock says, or so long after their first request; None: not
            known.
    """

    __slots__ = ("aligned", "own_slack_seconds", "slack_seconds")

    def __init__(self) -> None:
        self.aligned: bool | None = None
        self.slack_seconds = SLACK_SECONDS
        self.own_slack_seconds = OWN_SLACK_SECONDS

    def was_too_early(self, *, told: bool) -> None:
        if told:
            self.slack_seconds = SLACK_ROUNDED_DOWN_SECONDS
        else:
            self.own_slack_seconds = min(self.own_slack_seconds + OWN_SLACK_STEP_SECONDS, OWN_SLACK_MOST_SECONDS)
