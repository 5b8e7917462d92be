"""Whose answer it is: on a connection where an answer too many came, the next request would take it for its own."""

import re
from typing import Final

import httpx

CORRELATION_HEADER: Final = "MS-CorrelationId"
_GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Echoes:
    """Knows whether the service echoes the correlation id, as it is documented (learn: headers).

    One that has done so once does it always: another id is then another request's. What answers without any (a gateway,
    a throttle) or always with ids of its own is believed.
    """

    def __init__(self) -> None:
        self._seen = False

    def is_anothers(self, request: httpx.Request, response: httpx.Response) -> bool:
        """Whether this is surely no answer to this request."""
        sent = request.headers.get(CORRELATION_HEADER, "").lower()
        echoed = _GUID.findall(response.headers.get(CORRELATION_HEADER, "").lower())
        if sent in echoed:
            self._seen = True
            return False
        return self._seen and bool(echoed)
