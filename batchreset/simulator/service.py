"""Partner Center's side of one exchange: what is decided about a call, and what its caller gets to see."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from batchreset.simulator import answers, documents, passwords
from batchreset.simulator.access import DEAD_TOKEN, Access
from batchreset.simulator.answers import Answer
from batchreset.simulator.audit.query import AuditPage
from batchreset.simulator.audit.trail import AuditTrail
from batchreset.simulator.faults.draws import Draw, Faults
from batchreset.simulator.faults.kinds import Fault
from batchreset.simulator.faults.outages import Outages
from batchreset.simulator.faults.spoiling import HIDING, instead, spoiled
from batchreset.simulator.limits import Limits, Scope
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.paging import Page
from batchreset.simulator.population import Population
from batchreset.simulator.protocol import Call, Malformed, Reset, Route, is_guid, mistakes, read_body
from batchreset.simulator.replies import Deliver, Refuse, Reply, ended
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
class _Decided:
    """A reply and how it came about."""

    reply: Reply
    fault: str | None = None
    throttled: Scope | None = None


_NOT_ALLOWED = 405


def _nothing(_: object) -> None:
    """Keep no record."""


class PartnerCenter:
    """The service. All is decided on arrival; a reply's delay is only how long the caller waits to hear of it.

    Args:
        record: called with each password before it is in force; when it raises, nothing is applied.
        record_request: called with each request before it is answered.
        base_url: of the simulator, where who needs a new token is sent.

    Attributes:
        outages: tell, at any time, whether connections are refused.
    """

    def __init__(
        self,
        options: SimulatorOptions,
        state: ServiceState,
        record: Callable[[Applied], None] = _nothing,
        *,
        base_url: str,
        record_request: Callable[[Exchange], None] = _nothing,
    ) -> None:
        self.state = state
        self._options = options
        self.outages = Outages(options.planned_outages(), crash_seconds=options.refused_seconds)
        self._record = record
        self._record_request = record_request
        self._base_url = base_url
        self._authorization_uri = Endpoints(base_url=base_url, tenant=options.tenant_id).at(AUTHORIZE)
        self._faults = Faults(options)
        self._access = Access(options, state, self._faults)
        self._limits = Limits(partner=options.partner_rule, customer=options.customer_rule, seed=options.seed)
        self._population = Population(options, state)
        self._audit = AuditTrail(options, state, record)

    def handle(self, call: Call, *, now_seconds: float, at: dt.datetime) -> Reply:
        """Decide about one call and remember it.

        `now_seconds` is of a clock that never runs backwards, `at` wall-clock time in UTC.
        """
        applied, replayed = len(self.state.applied), self.state.replayed
        decided = self._decide(call, now_seconds=now_seconds, at=at)
        exchange = Exchange(
            at=at,
            route=call.route,
            method=call.method,
            customer=call.customer,
            user=call.user,
            request_id=call.request_id,
            correlation_id=call.correlation_id,
            ended=ended(decided.reply),
            fault=decided.fault,
            applied=len(self.state.applied) > applied,
            throttled=decided.throttled,
            replayed=self.state.replayed > replayed,
            peer=call.peer,
        )
        self.state.exchanges.append(exchange)
        self._record_request(exchange)
        return decided.reply

    def _decide(self, call: Call, *, now_seconds: float, at: dt.datetime) -> _Decided:
        met = self.outages.meets(now_seconds)
        if met is not None and met.unseen:
            return _Decided(reply=Refuse(), fault=met.fault.word)
        body = read_body(call.body) if call.route.is_reset else None
        wrong = self._wrong(call, body)
        if met is not None and not met.fault.applies:
            draw = self._faults.draw(f"outage|{_key(call)}", faulty=False)
            draw = replace(draw, fault=met.fault, error_status=met.status or draw.error_status)
            return _Decided(reply=self._instead(call, met.fault, draw, at), fault=met.fault.word)
        throttled = self._limits.admit(call.customer, now_seconds)
        if throttled is not None:
            self.state.throttled[throttled.scope] += 1
            answer = answers.throttled(throttled.seconds, style=self._options.retry_after, at=at)
            return _Decided(reply=Deliver(answer=answer), throttled=throttled.scope)
        if wrong is not None:
            return _Decided(reply=Deliver(answer=_with_allow(call, answers.refusal(call, wrong))))
        barred = self._access.barred(call, at)
        if barred is not None:
            return _Decided(reply=Deliver(answer=self._challenged(call, barred, at)))
        draw = self._faults.draw(_key(call), faulty=call.route.is_reset or self._options.faults_on_reads)
        if met is not None:
            draw = replace(draw, fault=met.fault)
        if draw.fault is Fault.REFUSED:
            self.outages.crash(now_seconds)
        # A malformed body is always wrong, so here it is a reset's or there is none.
        reply = self._work(call, body if isinstance(body, Reset) else None, draw, at)
        return _Decided(reply=reply, fault=draw.fault and draw.fault.word)

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

    def _work(self, call: Call, reset: Reset | None, draw: Draw, at: dt.datetime) -> Reply:
        if draw.fault is not None and not draw.fault.applies:
            if reset is not None and draw.fault is Fault.ERROR:
                # It was there, and failed; what else is not applied never came to the service.
                self._audit.note(call, succeeded=False, at=at)
            return self._instead(call, draw.fault, draw, at)
        verdict = self._verdict(call, reset, draw, at)
        if draw.fault in HIDING:
            return self._instead(call, draw.fault, draw, at)
        answer = self._service_answer(call, self._rendered(call, reset, verdict, draw, at=at))
        if draw.fault is not None:
            return spoiled(draw.fault, answer, draw, self._options)
        return Deliver(answer=answer, after_seconds=draw.latency_seconds)

    def _instead(self, call: Call, fault: Fault, draw: Draw, at: dt.datetime) -> Reply:
        """What the caller sees of a fault that hides the service's own answer."""
        match fault:
            case Fault.BLOCKED:
                answer = answers.blocked(call)
            case Fault.REDIRECT:
                answer = answers.moved(call, base_url=self._base_url)
            case _:
                error = answers.server_error(call, draw.error_status, draw.error_body)
                wait, style = self._options.error_retry_after_seconds, self._options.retry_after
                answer = answers.with_retry_after(error, wait, style=style, at=at)
        return instead(fault, answer, draw, self._options)

    def _verdict(self, call: Call, reset: Reset | None, draw: Draw, at: dt.datetime) -> Verdict:
        """Decide, once for each request id."""
        verdict = self.state.verdict(call.request_id)
        if verdict is not None:
            self.state.replayed += 1
            return verdict
        verdict = self._population.refuses(call) or self._weak(reset, draw) or self._strange(call, at) or _OK
        if reset is not None and verdict is _OK:
            self._apply(call, reset, at)
        if reset is not None:
            self._audit.note(call, succeeded=verdict is _OK, at=at)
        self.state.remember(call.request_id, verdict)
        return verdict

    def _weak(self, reset: Reset | None, draw: Draw) -> Verdict | None:
        return _WEAK if reset is not None and (passwords.is_weak(reset.password) or draw.weak) else None

    def _strange(self, call: Call, at: dt.datetime) -> Verdict | None:
        return self._audit.refuses(call.audit_page or AuditPage(), at) if call.route is Route.AUDIT_RECORDS else None

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

    def _rendered(self, call: Call, reset: Reset | None, verdict: Verdict, draw: Draw, *, at: dt.datetime) -> Answer:
        mark = draw.byte_order_mark
        if verdict.status != _OK.status:
            return answers.refusal(call, verdict, byte_order_mark=mark)
        document = self._document(call, None if reset is None else reset.password, at)
        return answers.service_answer(call, verdict.status, document, byte_order_mark=mark)

    def _document(self, call: Call, password: str | None, at: dt.datetime) -> dict[str, Any]:
        page = call.page or Page()
        match call.route:
            case Route.CUSTOMERS:
                return documents.customers_document(page, self._population.customers())
            case Route.CUSTOMER:
                return documents.customer_document(call.customer)
            case Route.CUSTOMER_USERS:
                users = self._population.users(call.customer, deleted=page.deleted)
                return documents.users_document(page, users)
            case Route.AUDIT_RECORDS:
                return self._audit.document(call.audit_page or AuditPage(), at)
            case Route.DIRECTORY_ROLES:
                return documents.roles_document(self._population.user(call.customer, call.user))
            case _:
                return documents.user_document(self._population.user(call.customer, call.user), password=password)

    def _service_answer(self, call: Call, answer: Answer) -> Answer:
        compliant = "true" if self._access.has_mfa(call) else "false"
        return answer if not call.asks_for_mfa else answers.with_header(answer, "isMfaCompliant", compliant)


def _with_allow(call: Call, answer: Answer) -> Answer:
    return answers.with_header(answer, "Allow", call.route.allow) if answer.status == _NOT_ALLOWED else answer


def _key(call: Call) -> str:
    """The account and the kind of request."""
    return f"{call.route}|{call.customer}|{call.user}"
