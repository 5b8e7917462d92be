"""Partner Center's side of one exchange: what is decided about a call, and what its caller gets to see."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batchreset.simulator import answers, documents, passwords
from batchreset.simulator.access import DEAD_TOKEN, Access
from batchreset.simulator.answers import Answer
from batchreset.simulator.faults import Draw, Fault, Faults
from batchreset.simulator.limits import Limits
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.paging import Page
from batchreset.simulator.population import Population
from batchreset.simulator.protocol import Call, Malformed, Reset, Route, is_guid, mistakes, read_body
from batchreset.simulator.sign_in.endpoints import AUTHORIZE, Endpoints
from batchreset.simulator.state import Applied, Exchange, ServiceState, Verdict

_OK = Verdict(status=200)
_WEAK = Verdict(
    status=400,
    code="3000",
    description="The specified password does not comply with password complexity requirements."
    " Please provide a different password.",
)
_NO_TOKEN = Verdict(status=401, code="800001", description="The partner token is missing in the request context.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Send the answer."""

    answer: Answer
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShort:
    """Send the headers and half the body, then lose the connection."""

    answer: Answer
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """Close the connection, or reset it, without a byte of an answer."""

    reset: bool
    after_seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer."""


Reply = Deliver | CutShort | Lose | Hang


_NOT_ALLOWED = 405
_NOT_APPLIED = frozenset({Fault.ERROR, Fault.LOST, Fault.HANG})


def _nothing(_: Applied) -> None:
    """Keep no record."""


class PartnerCenter:
    """The service. All is decided on arrival; a reply's delay is only how long the caller waits to hear of it.

    Args:
        record: called with each password before it is in force; when it raises, nothing is applied.
        base_url: of the simulator, where who needs a new token is sent.
    """

    def __init__(
        self,
        options: SimulatorOptions,
        state: ServiceState,
        record: Callable[[Applied], None] = _nothing,
        *,
        base_url: str,
    ) -> None:
        self.state = state
        self._options = options
        self._record = record
        self._authorization_uri = Endpoints(base_url=base_url, tenant=options.tenant_id).at(AUTHORIZE)
        self._faults = Faults(options)
        self._access = Access(options, state, self._faults)
        self._limits = Limits(partner=options.partner_rule, customer=options.customer_rule, seed=options.seed)
        self._population = Population(options, state)

    def handle(self, call: Call, *, now_seconds: float, at: dt.datetime) -> Reply:
        """Decide about one call and remember it.

        `now_seconds` is of a clock that never runs backwards, `at` wall-clock time in UTC.
        """
        reply = self._reply(call, now_seconds=now_seconds, at=at)
        self.state.exchanges.append(
            Exchange(
                at=at,
                route=call.route,
                method=call.method,
                customer=call.customer,
                user=call.user,
                request_id=call.request_id,
                correlation_id=call.correlation_id,
                ended=_ended(reply),
            )
        )
        return reply

    def _reply(self, call: Call, *, now_seconds: float, at: dt.datetime) -> Reply:
        body = read_body(call.body) if call.route.is_reset else None
        wrong = self._wrong(call, body)
        throttled = self._limits.admit(call.customer, now_seconds)
        if throttled is not None:
            self.state.throttled[throttled.scope] += 1
            answer = answers.throttled(throttled.seconds, style=self._options.retry_after, at=at)
            return Deliver(answer=answer)
        if wrong is not None:
            return Deliver(answer=_with_allow(call, answers.refusal(call, wrong)))
        barred = self._access.barred(call, at)
        if barred is not None:
            return Deliver(answer=self._challenged(call, barred, at))
        # A malformed body is always wrong, so here it is a reset's or there is none.
        return self._work(call, body if isinstance(body, Reset) else None, at)

    def _wrong(self, call: Call, body: Reset | Malformed | None) -> Verdict | None:
        """Note what the caller did against the documentation, and what it is told."""
        found = mistakes(call, body)
        if is_guid(call.correlation_id) and not self.state.is_first_use(call.correlation_id):
            found.append("MS-CorrelationId came before")
        fingerprint = hashlib.sha256(
            f"{call.method} {call.target}\n{call.continuation}\n".encode() + call.body
        ).digest()
        conflict = not found and not self.state.is_same_request(call.request_id, fingerprint)
        if conflict:
            found.append("MS-RequestId came before with another request")
        if not found:
            return None
        text = "; ".join(found)
        self.state.protocol_errors.append(f"{call.method} {call.target}: {text}")
        if call.route is Route.OTHER:
            return Verdict(status=404, code="1000", description=text)
        if call.method != call.route.method:
            return Verdict(status=_NOT_ALLOWED, code="405", description=text)
        if not call.bearer:
            return _NO_TOKEN
        return (
            Verdict(status=409, code="409", description=text)
            if conflict
            else Verdict(status=400, code="800002", description=text)
        )

    def _challenged(self, call: Call, barred: Verdict, at: dt.datetime) -> Answer:
        answer = self._service_answer(call, answers.refusal(call, barred))
        if barred is not DEAD_TOKEN or not self._options.claims_challenge:
            return answer
        challenge = self.state.sign_in.challenges.header(call.bearer, authorization_uri=self._authorization_uri, at=at)
        return answers.with_header(answer, "WWW-Authenticate", challenge)

    def _work(self, call: Call, reset: Reset | None, at: dt.datetime) -> Reply:
        draw = self._faults.draw(
            f"{call.route}|{call.customer}|{call.user}",
            faulty=call.route.is_reset or self._options.faults_on_reads,
        )
        if draw.fault in _NOT_APPLIED:
            return _failed(call, draw)
        verdict = self._verdict(call, reset, draw, at)
        if draw.fault not in {None, Fault.CUT_SHORT}:
            return _failed(call, draw)
        answer = self._service_answer(call, self._rendered(call, reset, verdict, draw))
        if draw.fault is Fault.CUT_SHORT:
            return CutShort(answer=answer, after_seconds=draw.latency_seconds)
        return Deliver(answer=answer, after_seconds=draw.latency_seconds)

    def _verdict(self, call: Call, reset: Reset | None, draw: Draw, at: dt.datetime) -> Verdict:
        """Decide, once for each request id."""
        verdict = self.state.verdict(call.request_id)
        if verdict is not None:
            self.state.replayed += 1
            return verdict
        verdict = self._population.refuses(call) or self._weak(reset, draw) or _OK
        if reset is not None and verdict is _OK:
            self._apply(call, reset, at)
        self.state.remember(call.request_id, verdict)
        return verdict

    def _weak(self, reset: Reset | None, draw: Draw) -> Verdict | None:
        return _WEAK if reset is not None and (passwords.is_weak(reset.password) or draw.weak) else None

    def _apply(self, call: Call, reset: Reset, at: dt.datetime) -> None:
        applied = Applied(
            at=at,
            customer=call.customer,
            user=call.user,
            force_change_password=reset.force_change_password,
            request_id=call.request_id,
            correlation_id=call.correlation_id,
            sha256=hashlib.sha256(reset.password.encode()).hexdigest(),
        )
        self._record(applied)
        self.state.apply(applied)

    def _rendered(self, call: Call, reset: Reset | None, verdict: Verdict, draw: Draw) -> Answer:
        mark = draw.byte_order_mark
        if verdict.status != _OK.status:
            return answers.refusal(call, verdict, byte_order_mark=mark)
        document = self._document(call, None if reset is None else reset.password)
        return answers.service_answer(call, verdict.status, document, byte_order_mark=mark)

    def _document(self, call: Call, password: str | None) -> dict[str, Any]:
        page = call.page or Page()
        match call.route:
            case Route.CUSTOMERS:
                return documents.customers_document(page, self._population.customers())
            case Route.CUSTOMER:
                return documents.customer_document(call.customer)
            case Route.CUSTOMER_USERS:
                users = self._population.users(call.customer, deleted=page.deleted)
                return documents.users_document(page, users)
            case Route.DIRECTORY_ROLES:
                return documents.roles_document(self._population.user(call.customer, call.user))
            case _:
                return documents.user_document(self._population.user(call.customer, call.user), password=password)

    def _service_answer(self, call: Call, answer: Answer) -> Answer:
        compliant = "true" if self._access.has_mfa(call) else "false"
        return answer if not call.asks_for_mfa else answers.with_header(answer, "isMfaCompliant", compliant)


def _with_allow(call: Call, answer: Answer) -> Answer:
    return answers.with_header(answer, "Allow", call.route.allow) if answer.status == _NOT_ALLOWED else answer


def _failed(call: Call, draw: Draw) -> Reply:
    """What the caller sees of a fault that hides the service's own answer."""
    match draw.fault:
        case Fault.LOST | Fault.LOST_APPLIED:
            return Lose(reset=draw.reset, after_seconds=draw.latency_seconds)
        case Fault.HANG | Fault.HANG_APPLIED:
            return Hang()
        case _:
            return Deliver(answer=answers.server_error(call, draw.error_status), after_seconds=draw.latency_seconds)


def _ended(reply: Reply) -> str:
    match reply:
        case Deliver(answer=answer):
            return str(answer.status)
        case CutShort():
            return "cut_short"
        case Lose():
            return "lost"
        case Hang():
            return "hang"
