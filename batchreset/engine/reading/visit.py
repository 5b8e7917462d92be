"""One customer or user that is being read: some GETs, one after another, each in its turn, each until it is clear.

The decisions are `core.retry`'s, the turns are the lanes'. A GET changes nothing: there is no doubt to keep.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from batchreset.core.classify import Verdict, classify
from batchreset.core.directory import Call, Read
from batchreset.core.exchange import Answered, NotSent, NotSentKind
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.pacing import Answer, Ticket
from batchreset.core.retry import Again, End, History, Retry, Step, StopRun, after, backoff_seconds, decide
from batchreset.core.secret import Secret
from batchreset.engine.lanes import PACING_ANSWERS, Lanes
from batchreset.engine.ports import ReadingWorld
from batchreset.engine.reading.refusals import Subject, refused, sign_in, unreachable
from batchreset.engine.tokens import RunTokens

FIRST_ATTEMPTS: Final = 4
"""Of a service that never answered yet: a wrong address is told within seconds, as the preflight does."""

T = TypeVar("T")
Ask = Callable[[Call], Awaitable[Read[T]]]


@dataclass(slots=True)
class Heard:
    """Whether the service has ever answered."""

    answered: bool = False


class Visit:
    """Takes turns in one lane.

    Args:
        ticket: leave for its first request.
        max_attempts: of each GET; 429 is not counted.
        heard: of the service, in this reading.
    """

    def __init__(
        self, ticket: Ticket, *, world: ReadingWorld, lanes: Lanes[Any], tokens: RunTokens, max_attempts: int,
        heard: Heard,
    ) -> None:  # fmt: skip
        self._ticket = ticket
        self._world = world
        self._lanes = lanes
        self._tokens = tokens
        self._max_attempts = max_attempts
        self._heard = heard
        self._exchanges = 0
        self._history = History()
        self._verdict = Verdict.SUCCEEDED
        self._pacing = Answer.OK
        self._latency_seconds = 0.0
        self._retry_after_seconds: float | None = None

    async def get(self, ask: Ask[T], subject: Subject) -> T | None:
        """What the service says, None for 404; asked again as the retry table has it.

        Raises:
            DirectoryError: no right, or no clear answer.
            ServiceUnreachableError: nobody has answered anything yet.
            SignInError: no token, or it is refused.
            RunStoppedError: the reading was ended.
        """
        if self._exchanges:
            await self._next_turn(0.0)
        self._history, request_id = History(), self._world.new_id()
        while True:
            token = await self._tokens.token()
            read, step = await self._exchange(ask, subject, request_id, token)
            match step:
                case End(outcome=Outcome.SUCCEEDED):
                    return read.found
                case End(reason=Reason.NOT_FOUND):
                    return None
                case End(reason=reason):
                    raise self._error(subject, reason, read)
                case StopRun(reason=reason):
                    raise sign_in(reason, read)
                case Retry():
                    if not step.keeps_request_id:
                        request_id = self._world.new_id()
                    await self._before_retry(step, read, token)

    def leave(self) -> None:
        """It takes no more turns."""
        self._lanes.ended(
            self._ticket,
            self._pacing,
            latency_seconds=self._latency_seconds,
            retry_after_seconds=self._retry_after_seconds,
        )

    async def _exchange(self, ask: Ask[T], subject: Subject, request_id: str, token: Secret) -> tuple[Read[T], Step]:
        clock = self._world.clock
        await self._lanes.sending()
        call = Call(request_id=request_id, correlation_id=self._world.new_id(), token=token)
        sent_seconds = clock.monotonic()
        read = await ask(call)
        now_seconds = clock.monotonic()
        self._exchanges += 1
        self._latency_seconds = now_seconds - sent_seconds
        self._take_in(read, token)
        self._log(read, subject, call)
        if isinstance(read.exchange, NotSent) and read.exchange.kind is NotSentKind.TLS:
            raise unreachable(subject, read.exchange.detail, tls=True)
        since = self._lanes.throttled_since(self._ticket, throttled=self._verdict is Verdict.THROTTLED)
        before = History(
            charged=self._history.charged,
            unauthorized=self._history.unauthorized,
            throttled_since_seconds=since,
        )
        self._history = after(before, self._verdict, now_seconds=now_seconds)
        most = self._max_attempts if self._heard.answered else min(self._max_attempts, FIRST_ATTEMPTS)
        return read, decide(before, self._verdict, now_seconds=now_seconds, max_attempts=most)

    def _take_in(self, read: Read[Any], token: Secret) -> None:
        verdict = self._tokens.judged(classify(read.exchange), token)
        self._pacing = PACING_ANSWERS.get(verdict, Answer.OK)
        answered = read.exchange if isinstance(read.exchange, Answered) else None
        self._retry_after_seconds = answered.retry_after_seconds if answered else None
        self._heard.answered |= answered is not None
        if verdict is Verdict.WEAK_PASSWORD:
            verdict = Verdict.BAD_REQUEST  # a GET has no password that could be found weak
        if verdict is Verdict.SUCCEEDED and read.found is None:
            verdict = Verdict.SERVER_ERROR
        self._verdict = verdict

    def _log(self, read: Read[Any], subject: Subject, call: Call) -> None:
        answered = read.exchange if isinstance(read.exchange, Answered) else None
        self._world.log.debug(
            "directory.answered",
            customer=subject.customer or None,
            user=subject.user or None,
            verdict=self._verdict.name.lower(),
            http_status=answered.status if answered else None,
            error_code=answered.error_code if answered else None,
            ms_correlation_id=(answered and answered.correlation_id) or call.correlation_id,
            latency_ms=round(self._latency_seconds * 1000),
        )

    def _error(self, subject: Subject, reason: Reason | None, read: Read[Any]) -> Exception:
        if isinstance(read.exchange, NotSent) and not self._heard.answered:
            return unreachable(subject, read.exchange.detail, tls=False)
        return refused(subject, reason, read)

    async def _before_retry(self, step: Retry, read: Read[Any], token: Secret) -> None:
        if step.again is Again.RENEWED:
            claims = read.exchange.claims if isinstance(read.exchange, Answered) else None
            await self._tokens.renew(token, claims=claims)
        backs_off = step.again is Again.CHARGED
        await self._next_turn(
            backoff_seconds(self._history.charged, self._retry_after_seconds, self._world.chance) if backs_off else 0.0
        )

    async def _next_turn(self, backoff: float) -> None:
        self._ticket = await self._lanes.again(
            self._ticket,
            self._pacing,
            latency_seconds=self._latency_seconds,
            retry_after_seconds=self._retry_after_seconds,
            backoff_seconds=backoff,
        )
