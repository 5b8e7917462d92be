"""One ping: a GET that is answered or not. Monitors differ in much else, but all of them take that."""

import ssl
import time
from collections.abc import Callable
from typing import Final

import httpx

from batchreset.core.secret import Secret
from batchreset.net.clients import sign_in_client
from batchreset.net.failures import failure

ATTEMPTS: Final = 2
TIMEOUT_SECONDS: Final = 4.0
"""A monitor answers at once or is not there; a run does not wait for it."""
PAUSE_SECONDS: Final = 0.5
_SERVER_ERRORS: Final = 500
_THROTTLED: Final = 429


def ping(
    address: Secret,
    *,
    verify: ssl.SSLContext,
    timeout_seconds: float = TIMEOUT_SECONDS,
    sleep: Callable[[float], object] = time.sleep,
) -> str | None:
    """Waits for the answer: bound it. None: it was heard; else what kept it from being.

    What may pass (no answer, 429, 5xx) is tried once more. A redirect is not followed: the address goes nowhere else.

    Raises:
        SettingsError: the environment's proxy variables cannot be used.
    """
    problem = None
    with sign_in_client(timeout_seconds=timeout_seconds, verify=verify) as client:
        for attempt in range(ATTEMPTS):
            if attempt:
                sleep(PAUSE_SECONDS)
            again, problem = _once(client, address)
            if not again:
                break
    return problem


def _once(client: httpx.Client, address: Secret) -> tuple[bool, str | None]:
    """Whether to try again, and what was wrong."""
    try:
        # Only the head: what a monitor says beside it is of no use, and may have no end.
        with client.stream("GET", address.open()) as response:
            status = response.status_code
    except (httpx.TransportError, httpx.DecodingError, ssl.SSLError) as error:
        return True, failure(error).detail
    except httpx.HTTPError as error:
        return False, type(error).__name__
    except httpx.InvalidURL:
        return False, "it is not an address"
    if 200 <= status < 300:  # noqa: PLR2004  HTTP's own classes
        return False, None
    return status >= _SERVER_ERRORS or status == _THROTTLED, f"it answered {status}"
