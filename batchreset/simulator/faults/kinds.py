"""The kinds of faults."""

import enum
from typing import Final


class Fault(enum.StrEnum):
    """What befalls a request; each value is the name of the option that gives its share."""

    ERROR = "error_share"
    APPLIED_ERROR = "applied_error_share"
    LOST = "lost_share"
    LOST_APPLIED = "lost_applied_share"
    CUT_SHORT = "cut_short_share"
    HANG = "hang_share"
    HANG_APPLIED = "hang_applied_share"
    REFUSED = "refused_share"
    TOO_LONG = "too_long_share"
    TOO_SHORT = "too_short_share"
    DRIP = "drip_share"
    GZIP = "gzip_share"
    GZIP_BROKEN = "gzip_broken_share"
    GZIP_BOMB = "gzip_bomb_share"
    WRONG_JSON = "wrong_json_share"
    HTML = "html_share"
    EMPTY = "empty_share"
    NO_CONTENT = "no_content_share"
    HUGE = "huge_share"
    HUGE_ERROR = "huge_error_share"
    ODD_HEAD = "odd_head_share"
    REDIRECT = "redirect_share"
    BLOCKED = "blocked_share"
    LEFTOVER = "leftover_share"

    @property
    def word(self) -> str:
        """What it is called in the text of an outage and in the request log: `lost-applied`."""
        return self.value.removesuffix("_share").replace("_", "-")

    @property
    def applies(self) -> bool:
        """Whether the service does its work first."""
        return self not in _NOT_APPLIED


_NOT_APPLIED: Final = frozenset(
    {
        *(Fault.ERROR, Fault.LOST, Fault.HANG, Fault.REFUSED),
        *(Fault.HUGE_ERROR, Fault.REDIRECT, Fault.BLOCKED),
    }
)


class ErrorBody(enum.StrEnum):
    """What a server error comes with."""

    JSON = "json"
    """The service's own shape."""
    HTML = "html"
    """A gateway's page."""
    EMPTY = "empty"
    """Nothing at all."""
