"""Habits of a service that hold for all its limits: how it words `Retry-After`, and what its windows follow."""

import enum
from typing import Final

SLACK_SECONDS: Final = 0.1
SLACK_ROUNDED_DOWN_SECONDS: Final = 1.1
"""Added to `Retry-After`; the second where the service was seen to round it down."""
OWN_SLACK_SECONDS: Final = 0.1
OWN_SLACK_STEP_SECONDS: Final = 0.2
OWN_SLACK_MOST_SECONDS: Final = 1.1
"""Added to a window that was measured; a step more each time that was too early."""


class Alignment(enum.Enum):
    """What windows follow."""

    UNKNOWN = enum.auto()
    CLOCK = enum.auto()
    """They end when the clock says, whoever sent what."""
    FIRST_REQUEST = enum.auto()
    """They end so long after their first request."""


class Habits:
    """What all gates of one pacer have seen of the service.

    Attributes:
        slack_seconds: added to what is told.
        own_slack_seconds: added to what was measured.
        alignment: what windows follow.
    """

    __slots__ = ("alignment", "own_slack_seconds", "slack_seconds")

    def __init__(self) -> None:
        self.alignment = Alignment.UNKNOWN
        self.slack_seconds = SLACK_SECONDS
        self.own_slack_seconds = OWN_SLACK_SECONDS

    def told_too_early(self) -> None:
        """A row that waited as the service said was refused."""
        self.slack_seconds = SLACK_ROUNDED_DOWN_SECONDS

    def measured_too_early(self) -> None:
        """A row that waited for the end of a measured window was refused."""
        self.own_slack_seconds = min(self.own_slack_seconds + OWN_SLACK_STEP_SECONDS, OWN_SLACK_MOST_SECONDS)
