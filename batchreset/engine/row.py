"""One row on its way: noted, sent, answered, and again until it has an outcome.

The loop is tenacity's, the decisions are `core.retry`'s, the turns are the lanes'.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import tenacity

from batchreset.core.classify import Verdict, classify
from batchreset.core.correlation import correlation_id
from batchreset.core.exchange import Answered, Exchange, LossKind, Lost, NotSent
from batchreset.core.lifecycle import Move, RowState, moved
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import Answer, Ticket
from batchreset.core.protection import LeftOut, left_out
from batchreset.core.records import Attempt, Ending, Intent, KnownRow
from batchreset.core.retry import (
    RETRY_TABLE,
    Again,
    End,
    History,
    Retry,
    Step,
    StopRun,
    after,
    backoff_seconds,
    decide,
)
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret
from batchreset.core.senders import plain_name
from batchreset.engine.lanes import PACING_ANSWERS, Lanes
from batchreset.engine.last_look import LastLook, ending_of
from batchreset.engine.ports import World
from batchreset.engine.stopping import RunStoppedError, StopSwitch
from batchreset.engine.tokens import RunTokens

_CANCELLED: Final = Lost(kind=LossKind.CANCELLED, detail="the run was ended before the answer came")


class RowRun:
    """Carries one row out.

    Args:
        row: what is to be done.
        ticket: leave for its first request.
        known: what earlier sessions left about it.
        tokens: the run's, over the world's.
        last_look: asked before each new password.
    """

    def __init__(  # noqa: PLR0913  what a row needs of its run
        self, row: PlannedRow, ticket: Ticket, known: KnownRow, *, world: World, lanes: Lanes[PlannedRow],
        stop: StopSwitch, max_attempts: int, tokens: RunTokens, last_look: LastLook,
    ) -> None:  # fmt: skip
        self._row = row
        self._ticket = ticket
        self._world = world
        self._lanes = lanes
        self._stop = stop
        self._max_attempts = max_attempts
        self._tokens = tokens
        self._last_look = last_look
        self._state = RowState.PLANNED
        self._generation = known.generations
        self._known_outcome = known.outcome
        self._history = History(exchanges=known.exchanges, unclear=known.unclear)
        self._first_sent_at = known.first_sent_at
        self._password: Secret | None = None
        self._request_id = ""
        self._noted_id = ""
        self._verdict = Verdict.SUCCEEDED
        self._latency_seconds = 0.0
        self._retry_after_seconds: float | None = None

    async def carry_out(self) -> Step | LeftOut:
        """Send the row until it has an outcome, or until the run cannot go on.

        Raises:
            RunStoppedError: the run was stopped before the row's next request.
            SignInError: no token could be had.
            LedgerError: its intent could not be made durable; it was not sent.
        """
        step = await self._attempt()
        if isinstance(step, Retry):
            step = await self._retry(step)
        # One that is left out here sent nothing with its last ticket; so few are that pacing may count an answer more.
        self._lanes.ended_before_next(
            self._ticket,
            PACING_ANSWERS.get(self._verdict, Answer.OK),
            latency_seconds=self._latency_seconds,
            retry_after_seconds=self._retry_after_seconds,
        )
        return step

    async def _retry(self, first: Retry) -> Step | LeftOut:
        """Until there is an outcome. Most rows need none of it, and tenacity's loop costs them as much as all else."""
        made: list[Step | LeftOut] = [first]

        async def attempt() -> Step | LeftOut:
            return made.pop() if made else await self._attempt()

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(lambda step: isinstance(step, Retry)),
            stop=tenacity.stop_never,
            wait=self._backoff_seconds,
            sleep=self._return_to_lane,
        )
        step: Step | LeftOut = await retrying(attempt)
        return step

    async def _attempt(self) -> Step | LeftOut:
        token = await self._tokens.token()
        if self._password is None:
            left = self._leave_out(token)
            if left is not None:
                return left
            self._password = await self._note_intent()
        await self._lanes.sending()
        if self._stop.requested:
            raise RunStoppedError
        self._state = moved(self._state, Move.SEND)
        exchange = await self._exchange(self._password, token)
        now_seconds = self._world.clock.monotonic()
        since = self._lanes.throttled_since(self._ticket, throttled=self._verdict is Verdict.THROTTLED)
        before = self._history
        if since != before.throttled_since_seconds:
            before = replace(before, throttled_since_seconds=since)
        self._history = after(before, self._verdict, now_seconds=now_seconds)
        step = decide(before, self._verdict, now_seconds=now_seconds, max_attempts=self._max_attempts)
        match step:
            case Retry():
                self._state = moved(self._state, Move.WAIT)
                await self._prepare_retry(step, exchange, token)
            case End():
                self._state = moved(self._state, Move.END)
                self._conclude(step)
            case StopRun():
                pass
        return step

    def _leave_out(self, token: Secret) -> LeftOut | None:
        """Asked of every row, though what is known from the start is not handed out: a new token may be another's."""
        self._last_look.signed_in(token)
        reason = self._last_look.reason_against(self._row)
        if reason is None:
            return None
        known = KnownRow(
            generations=self._generation,
            exchanges=self._history.exchanges,
            unclear=self._history.unclear,
            first_sent_at=self._first_sent_at,
            outcome=self._known_outcome,
        )
        left = left_out(known, reason)
        self._state = moved(self._state, Move.LEAVE_OUT)
        if not left.recorded:
            self._world.ledger.ended(ending_of(self._row.row, left, known, self._world.clock.now()))
        self._world.log.warning("row.left_out", row=self._row.row, outcome=left.outcome, reason=left.reason)
        return left

    async def _note_intent(self) -> Secret:
        """A new password, sealed and on disk before it is returned."""
        password = self._world.new_password()
        self._generation += 1
        self._known_outcome = None
        self._request_id = self._noted_id = self._world.new_id()
        await self._world.ledger.intend(
            Intent(
                row=self._row.row,
                generation=self._generation,
                request_id=self._request_id,
                password=password,
                noted_at=self._world.clock.now(),
            )
        )
        self._state = moved(self._state, Move.NOTE)
        return password

    async def _exchange(self, password: Secret, token: Secret) -> Exchange:
        clock = self._world.clock
        sent_id = correlation_id(self._noted_id, self._history.exchanges + 1)
        sent_at, sent_seconds = clock.now(), clock.monotonic()
        exchange: Exchange = _CANCELLED
        called_off = False
        try:
            exchange = await self._world.api.reset(
                self._row, password, request_id=self._request_id, correlation_id=sent_id, token=token
            )
        except RunStoppedError:
            called_off = True
            raise
        finally:
            if not called_off:
                self._first_sent_at = self._first_sent_at or sent_at
                self._latency_seconds = clock.monotonic() - sent_seconds
                self._verdict = self._tokens.judged(classify(exchange), token)
                self._record(exchange, sent_id, sent_at)
        return exchange

    def _record(self, exchange: Exchange, sent_id: str, sent_at: dt.datetime) -> None:
        answered = exchange if isinstance(exchange, Answered) else None
        self._retry_after_seconds = answered.retry_after_seconds if answered else None
        attempt = Attempt(
            row=self._row.row,
            number=self._history.exchanges + 1,
            generation=self._generation,
            verdict="cancelled" if exchange == _CANCELLED else self._verdict.name.lower(),
            unclear=self._verdict is not Verdict.SUCCEEDED and RETRY_TABLE[self._verdict].unclear,
            http_status=answered.status if answered else None,
            error_code=answered.error_code if answered else "",
            error_description=exchange.detail if isinstance(exchange, Lost | NotSent) else exchange.error_description,
            correlation_id=(answered and answered.correlation_id) or sent_id,
            request_id=(answered and answered.request_id) or self._request_id,
            sent_at=sent_at,
            ended_at=self._world.clock.now(),
            sent_correlation_id=sent_id,
            sender=exchange.sender and plain_name(exchange.sender),
        )
        self._world.ledger.attempted(attempt)
        self._world.log.debug(
            "row.answered",
            row=attempt.row,
            attempt=attempt.number,
            verdict=attempt.verdict,
            http_status=attempt.http_status,
            error_code=attempt.error_code,
            ms_correlation_id=attempt.correlation_id,
            latency_ms=round(self._latency_seconds * 1000),
        )

    async def _prepare_retry(self, step: Retry, exchange: Exchange, token: Secret) -> None:
        if step.again is Again.OTHER_PASSWORD:
            self._password = None
        elif not step.keeps_request_id:
            self._request_id = self._world.new_id()
        if step.again is Again.RENEWED:
            claims = exchange.claims if isinstance(exchange, Answered) else None
            await self._tokens.renew(token, claims=claims)

    def _backoff_seconds(self, state: tenacity.RetryCallState) -> float:
        step = state.outcome.result() if state.outcome else None
        if isinstance(step, Retry) and step.again is Again.CHARGED:
            return backoff_seconds(self._history.charged, self._retry_after_seconds, self._world.chance)
        return 0.0

    async def _return_to_lane(self, backoff_seconds: float) -> None:
        self._ticket = await self._lanes.again(
            self._ticket,
            PACING_ANSWERS.get(self._verdict, Answer.OK),
            latency_seconds=self._latency_seconds,
            retry_after_seconds=self._retry_after_seconds,
            backoff_seconds=backoff_seconds,
        )

    def _conclude(self, end: End) -> None:
        now = self._world.clock.now()
        self._world.ledger.ended(
            Ending(
                row=self._row.row,
                generation=self._generation,
                outcome=end.outcome,
                reason=end.reason,
                attempts=self._history.exchanges,
                first_sent_at=self._first_sent_at or now,
                completed_at=now,
            )
        )
        log: Callable[..., object] = (
            self._world.log.info if end.outcome is Outcome.SUCCEEDED else self._world.log.warning
        )
        log(f"row.{end.outcome}", row=self._row.row, reason=end.reason, attempts=self._history.exchanges)
