"""The correlation id of each exchange (`MS-CorrelationId`), so that it need not be on disk before it is sent."""

import uuid
from typing import Final

_NAMESPACE: Final = uuid.UUID("6f6a3a3c-52f6-4f0e-9c2b-0d3a6b1f7a55")
"""Ours; drawn once."""


def correlation_id(request_id: str, number: int) -> str:
    """Of a row's exchange of this number; lower case.

    The request id that is noted with a password, before anything is sent, tells every id that is sent with it: what a
    killed process had under way can be found among the service's own records.
    """
    return str(uuid.uuid5(_NAMESPACE, f"{request_id}/{number}"))
