"""What passes between coordinator and sender, and how it is spelled: JSON, as a sender of another version must not
guess. All but the greeting is sealed (`ports.Channel`).
"""  # noqa: D205  one sentence on two lines

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from batchreset.core.exchange import Answered, Exchange, LossKind, Lost, NotSent, NotSentKind
from batchreset.core.rows import PlannedRow
from batchreset.core.secret import Secret

_NOT_UNDERSTOOD: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
PROTOCOL: Final = 1
"""Of these messages. Sender and coordinator must be of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeted:
    """What a coordinator says first.

    Attributes:
        run_id: senders of an earlier session of the same run end.
        mark: of this session, and of no other; of one session there may be but one coordinator.
        before: marks of the sessions that it follows.
        public: its half of the keys.
    """

    protocol: int
    version: str
    run_id: str
    session: int
    mark: str
    before: Sequence[str]
    public: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What a sender answers.

    Attributes:
        refused: why it will not send; empty if it will.
        held: because another process carries the run out, or has, that this one does not follow.
        now_seconds: by the clock that its leases are measured with.
    """

    version: str
    host: str
    refused: str = ""
    held: bool = False
    public: bytes = b""
    now_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request that is to be sent, once.

    Attributes:
        number: counts a conversation's orders.
        customer: whose user it is, or, without a user, who is looked at.
        password: None: nothing is changed, the customer is looked at.
    """

    number: int
    customer: str
    user: str = ""
    force_change_password: bool = True
    password: Secret | None = None
    request_id: str
    correlation_id: str
    token: Secret

    @property
    def row(self) -> PlannedRow:
        """As the API takes it; which row of the run it is, no sender knows."""
        return PlannedRow(
            row=0, lane=self.customer, customer_tenant_id=self.customer, user_id=self.user,
            force_change_password=self.force_change_password,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Orders that go together.

    Attributes:
        sequence: counts a conversation's batches from 1; a sender takes each once.
        leaves_before_seconds: by the sender's clock; later none of them leaves.
    """

    sequence: int
    leaves_before_seconds: float
    orders: Sequence[Order]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of an order.

    Attributes:
        serial: counts a sender's answers from 1; told again until it is known to have been heard.
    """

    serial: int
    number: int
    exchange: Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a sender tells when it is asked.

    Attributes:
        now_seconds: by its clock.
        done: orders, oldest first.
        draining: it is to end, and takes no more.
    """

    now_seconds: float
    done: Sequence[Done] = ()
    draining: bool = False


def greeting_bytes(greeted: Greeted | Welcome) -> bytes:
    """In clear, to be told also to who is of another version."""
    return json.dumps(asdict(greeted) | {"public": greeted.public.hex()}).encode()


def greeted_of(message: bytes) -> Greeted | None:
    """None: it is none."""
    try:
        facts = json.loads(message)
        return Greeted(**facts | {"public": bytes.fromhex(facts["public"]), "before": tuple(facts["before"])})
    except (ValueError, TypeError, KeyError):
        return None


def welcome_of(message: bytes) -> Welcome | None:
    """None: it is none."""
    try:
        facts = json.loads(message)
        welcome = Welcome(**facts | {"public": bytes.fromhex(facts["public"])})
        texts = welcome.version, welcome.host, welcome.refused
        sound = all(isinstance(text, str) for text in texts) and math.isfinite(welcome.now_seconds)
    except _NOT_UNDERSTOOD:
        return None
    return welcome if sound else None


def batch_bytes(batch: Batch) -> bytes:
    """Each token once."""
    tokens: dict[str, int] = {}
    orders = [
        (
            order.number,
            order.customer,
            order.user,
            order.force_change_password,
            None if order.password is None else order.password.open(),
            order.request_id,
            order.correlation_id,
            tokens.setdefault(order.token.open(), len(tokens)),
        )
        for order in batch.orders
    ]
    return json.dumps((batch.sequence, batch.leaves_before_seconds, list(tokens), orders)).encode()


def batch_of(message: bytes) -> Batch:
    """Of what `batch_bytes` gave: it was sealed."""
    sequence, leaves_before_seconds, texts, orders = json.loads(message)
    tokens = [Secret(text) for text in texts]
    return Batch(
        sequence=sequence,
        leaves_before_seconds=leaves_before_seconds,
        orders=[
            Order(
                number=number, customer=customer, user=user, force_change_password=force,
                password=None if password is None else Secret(password), request_id=request_id,
                correlation_id=correlation_id, token=tokens[token],
            )
            for number, customer, user, force, password, request_id, correlation_id, token in orders
        ],
    )  # fmt: skip


def report_bytes(report: Report) -> bytes:
    """See `report_of`."""
    done = [(one.serial, one.number, _spelled(one.exchange)) for one in report.done]
    return json.dumps((report.now_seconds, done, report.draining)).encode()


def report_of(message: bytes, *, sender: str = "") -> Report | None:
    """None: it is none. `sender`: whose it is, and every exchange in it."""
    try:
        report = _report_of(message, sender)
        numbers = [number for one in report.done for number in (one.serial, one.number, _status(one.exchange))]
        sound = math.isfinite(report.now_seconds) and all(isinstance(number, int) for number in numbers)
    except _NOT_UNDERSTOOD:
        return None
    return report if sound else None


def _status(exchange: Exchange) -> int:
    return exchange.status if isinstance(exchange, Answered) else 0


def _report_of(message: bytes, sender: str) -> Report:
    now_seconds, done, draining = json.loads(message)
    return Report(
        now_seconds=now_seconds,
        done=[
            Done(serial=serial, number=number, exchange=_read(kind, values, sender))
            for serial, number, (kind, values) in done
        ],
        draining=draining,
    )


def _spelled(exchange: Exchange) -> tuple[str, Sequence[Any]]:
    match exchange:
        case Answered():
            return "answered", (
                exchange.status, exchange.error_code, exchange.error_description, exchange.correlation_id,
                exchange.request_id, exchange.retry_after_seconds, exchange.claims, exchange.mfa_compliant,
            )  # fmt: skip
        case Lost():
            return "lost", (exchange.kind.value, exchange.detail)
        case NotSent():
            return "not_sent", (exchange.kind.value, exchange.detail)


def _read(kind: str, values: Sequence[Any], sender: str) -> Exchange:
    match kind:
        case "answered":
            status, error_code, error_description, correlation_id, request_id, wait, claims, mfa_compliant = values
            return Answered(
                status=status, error_code=error_code, error_description=error_description,
                correlation_id=correlation_id, request_id=request_id, retry_after_seconds=wait, claims=claims,
                mfa_compliant=mfa_compliant, sender=sender,
            )  # fmt: skip
        case "lost":
            return Lost(kind=LossKind(values[0]), detail=_seen(values[1], sender), sender=sender)
        case _:
            return NotSent(kind=NotSentKind(values[0]), detail=_seen(values[1], sender), sender=sender)


def _seen(detail: str, sender: str) -> str:
    """Its network is not ours, nor are its proxies."""
    return f"{detail} (as {sender} sees it)" if sender else detail
