"""Times as the ledger keeps them."""

import datetime as dt


def milliseconds(moment: dt.datetime) -> int:
    """Since 1970, UTC."""
    return round(moment.timestamp() * 1000)


def moment_of(milliseconds: int) -> dt.datetime:
    """The other way."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
