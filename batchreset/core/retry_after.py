"""How long a service asks to be left alone."""

import datetime as dt
import email.utils
import math


def retry_after_seconds(value: str | None, *, now: dt.datetime, date: str | None = None) -> float | None:
    """`Retry-After`: seconds (decimals are seen in the wild) or an HTTP date (RFC 9110, 10.2.3); None when unreadable.

    A date that is past is 0.

    Args:
        value: the header's.
        now: of our clock.
        date: the answer's own `Date`, where it has one: the other side's clock, by which it reckons, is not ours.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (email.utils.parsedate_to_datetime(value) - _theirs(date, now)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = max(0.0, seconds)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _theirs(date: str | None, now: dt.datetime) -> dt.datetime:
    try:
        said = email.utils.parsedate_to_datetime(date) if date else now
    except (ValueError, TypeError, OverflowError):
        return now
    return said if said.tzinfo else now
