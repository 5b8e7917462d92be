"""One request, one exchange; nothing is retried or followed here."""

from batchreset.adapters.partner_center.answers import answered
from batchreset.adapters.partner_center.whose import Echoes
from batchreset.core.clock import Clock
from batchreset.core.exchange import Answered, Exchange
from batchreset.core.secret import Secret
from batchreset.net import Request, Response, Transport


class Exchanging:
    """Sends to one service, over an opened transport."""

    def __init__(self, transport: Transport, *, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._echoes = Echoes()

    async def exchange(
        self, request: Request, *, correlation_id: str, secrets: tuple[Secret, ...]
    ) -> tuple[Exchange, bytes]:
        """What came of it, and the body as far as it was read.

        Args:
            request: what is sent.
            correlation_id: that the request carries.
            secrets: what the other side may echo and must not be kept in the exchange; the body has it still.
        """
        response = await self._transport.send(request, believes=self._echoes.of(correlation_id))
        if isinstance(response, Response):
            return self._answered(response, secrets), response.body
        return response, b""

    def _answered(self, response: Response, secrets: tuple[Secret, ...]) -> Answered:
        try:
            return answered(response.status, response.headers, response.body, secrets=secrets, now=self._clock.now())
        except Exception as error:  # noqa: BLE001  its words are lost, not what it means: a 200 taken for a loss goes again
            is_yes = 200 <= response.status < 300  # noqa: PLR2004  HTTP's own classes
            unread = "" if is_yes else f"what the service said could not be read ({type(error).__name__})"
            return Answered(status=response.status, error_description=unread)
