"""What a cron monitor is called at: at the start, after a success, after a failure."""

import enum
import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_EXIT_CODE: Final = "exit_code"
_NONE: Final = "-"
"""In a choice: this ping is not sent."""


class Moment(enum.IntEnum):
    """When a monitor is pinged; the number is the place in a choice `{START:SUCCESS:FAILURE}`."""

    START = 0
    SUCCESS = 1
    FAILURE = 2


def check_ping_form(address: str) -> None:
    """Raises ValueError: its placeholders are not right."""
    if any(not _is_right(inside) for inside in _PLACEHOLDER.findall(address)) or re.search(
        r"[{}]", _PLACEHOLDER.sub("", address)
    ):
        raise ValueError("a placeholder is {START:SUCCESS:FAILURE} or {exit_code}")


def ping_address(address: str, moment: Moment, *, exit_code: int) -> str | None:
    """Where to ping; None: this monitor is not told of that moment.

    Without placeholders it is as healthchecks.io and Better Stack have it: `/start` after the address, nothing after a
    success, `/EXITCODE` after a failure. `?state={run:complete:fail}` says it as Cronitor hears it,
    `?status={-:up:down}` as Uptime Kuma does.
    """
    if not _PLACEHOLDER.search(address):
        return _with_suffix(address, {Moment.START: "/start", Moment.SUCCESS: ""}.get(moment, f"/{exit_code}"))
    chosen = [inside.split(":")[moment] for inside in _PLACEHOLDER.findall(address) if inside != _EXIT_CODE]
    if _NONE in chosen:
        return None
    shown = "" if moment is Moment.START else str(exit_code)
    return _PLACEHOLDER.sub(lambda found: shown if found[1] == _EXIT_CODE else found[1].split(":")[moment], address)


def _is_right(inside: str) -> bool:
    return inside == _EXIT_CODE or inside.count(":") == len(Moment) - 1


def _with_suffix(address: str, suffix: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + suffix)) if suffix else address
