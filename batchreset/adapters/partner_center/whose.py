"""Whose answer it is: on a connection where an answer too many came, the next request would take it for its own."""

import re
from collections.abc import Callable, Mapping
from typing import Final

CORRELATION_HEADER: Final = "MS-CorrelationId"
_GUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Echoes:
    """Knows whether the service echoes the correlation id, as it is documented (learn: headers).

    One that has done so once does it always: another id is then another request's. What answers without any (a gateway,
    a throttle) or always with ids of its own is believed.
    """

    def __init__(self) -> None:
        self._seen = False

    def of(self, correlation_id: str) -> Callable[[Mapping[str, str]], bool]:
        """Whether headers can be those of the answer to the request that carries this id."""

        def believes(headers: Mapping[str, str]) -> bool:
            found = headers.get(CORRELATION_HEADER, "").lower()
            if found == correlation_id:
                self._seen = True
                return True
            echoed = _GUID.findall(found)
            self._seen |= correlation_id.lower() in echoed
            return correlation_id.lower() in echoed or not (self._seen and echoed)

        return believes
