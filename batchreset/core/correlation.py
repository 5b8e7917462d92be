"""The correlation id of each exchange (`MS-CorrelationId`), so that it need not be on disk before it is sent."""

import hashlib
import uuid
from typing import Final

_NAMESPACE: Final = hashlib.sha1(uuid.UUID("6f6a3a3c-52f6-4f0e-9c2b-0d3a6b1f7a55").bytes, usedforsecurity=False)
"""Ours; drawn once."""


def correlation_id(request_id: str, number: int) -> str:
    """Of a row's exchange of this number; lower case. It is `uuid.uuid5`, in a quarter of its time.

    The request id that is noted with a password, before anything is sent, tells every id that is sent with it: what a
    killed process had under way can be found among the service's own records.
    """
    digest = _NAMESPACE.copy()
    digest.update(f"{request_id}/{number}".encode())
    text = digest.hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
