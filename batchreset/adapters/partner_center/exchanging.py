"""One request, one exchange, over httpx; nothing is retried or followed here."""

import ssl

import anyio
import httpx

from batchreset.adapters.partner_center.answers import answered
from batchreset.adapters.partner_center.whose import Echoes
from batchreset.core.clock import Clock
from batchreset.core.exchange import Answered, Exchange, LossKind, Lost
from batchreset.core.secret import Secret
from batchreset.net import CONNECT_TIMEOUT_SECONDS, Connections, Unpacking, failure


class Exchanging:
    """Sends to one service.

    Args:
        connections: opened.
        base_url: `https://…`, without a slash at the end.
        timeout_seconds: for a whole exchange, beside the time to connect.
    """

    def __init__(self, connections: Connections, *, base_url: str, timeout_seconds: float, clock: Clock) -> None:
        self._connections = connections
        self._base_url = base_url
        # Connecting has a limit of its own that ends first, so that this one never hides a "not sent".
        self._exchange_seconds = timeout_seconds + CONNECT_TIMEOUT_SECONDS
        self._clock = clock
        self._echoes = Echoes()

    def request(
        self, method: str, path: str, *, headers: dict[str, str], content: bytes | None = None
    ) -> httpx.Request:
        """A request to the service."""
        return httpx.Request(method, self._base_url + path, headers=headers, content=content)

    async def exchange(
        self, request: httpx.Request, *, secrets: tuple[Secret, ...], most_bytes: int
    ) -> tuple[Exchange, bytes]:
        """What came of it, and the body as far as it was read.

        Args:
            request: from `request`.
            secrets: what the other side may echo and must not be kept in the exchange; the body has it still.
            most_bytes: more of a body is not read: an answer's size is the other side's choice.
        """
        with anyio.move_on_after(self._exchange_seconds):
            return await self._send(request, secrets, most_bytes)
        return Lost(kind=LossKind.TIMEOUT, detail="no whole answer in time"), b""

    async def _send(
        self, request: httpx.Request, secrets: tuple[Secret, ...], most_bytes: int
    ) -> tuple[Exchange, bytes]:
        with self._connections.least_busy() as client:
            try:
                response = await client.send(request, stream=True)
            except (httpx.TransportError, ssl.SSLError) as error:
                return failure(error), b""
            except Exception as error:  # noqa: BLE001  whatever the other side makes httpx stumble over: it was sent
                detail = f"the answer could not be read ({type(error).__name__})"
                return Lost(kind=LossKind.CUT_SHORT, detail=detail), b""
            try:
                if self._echoes.is_anothers(request, response):
                    # Closed before it is read to its end, the connection is not used again.
                    return Lost(kind=LossKind.CUT_SHORT, detail="what came answers another request"), b""
                body = await _read(response, most_bytes)
            except (httpx.TransportError, httpx.DecodingError, ssl.SSLError) as error:
                if isinstance(error, httpx.DecodingError) and response.is_success:
                    body = b""
                else:
                    return failure(error), b""
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
            return self._answered(response, body, secrets), body

    def _answered(self, response: httpx.Response, body: bytes, secrets: tuple[Secret, ...]) -> Answered:
        try:
            return answered(response.status_code, response.headers, body, secrets=secrets, now=self._clock.now())
        except Exception as error:  # noqa: BLE001  its words are lost, not what it means: a 200 taken for a loss goes again
            unread = "" if response.is_success else f"what the service said could not be read ({type(error).__name__})"
            return Answered(status=response.status_code, error_description=unread)


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    body, unpacking = bytearray(), Unpacking(response.headers.get("Content-Encoding", ""), most_bytes=most_bytes)
    async for chunk in response.aiter_raw():
        body += unpacking.unpack(chunk)
        if unpacking.is_full:
            break
    return bytes(body)
