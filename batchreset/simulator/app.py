"""The service behind HTTP: a request becomes a call, a reply becomes a response."""

import asyncio
import datetime as dt
import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Served
from starlette.types import Receive, Scope, Send

from batchreset.errors import BatchresetError
from batchreset.simulator.answers import Answer
from batchreset.simulator.connection import (
    FollowedResponse,
    HalfResponse,
    NeverResponse,
    NoResponse,
    PiecewiseResponse,
    RawResponse,
    dripping,
)
from batchreset.simulator.faults.heads import plain
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.replies import (
    CutShort,
    Deliver,
    Drip,
    Flood,
    Followed,
    Hang,
    Lose,
    Misdeclared,
    Refuse,
    Reply,
    Verbatim,
)
from batchreset.simulator.service import PartnerCenter
from batchreset.simulator.sign_in.routes import sign_in_routes
from batchreset.simulator.sign_in.service import SignIn

_logger = logging.getLogger(__name__)

_NO_CONTENT: Final = 204
_USER: Final = "/v1/customers/{customer}/users/{user}"


def _nothing(*_: object) -> None:
    """Nobody wants to know."""


def application(
    service: PartnerCenter,
    sign_in: SignIn,
    *,
    give_up: Callable[[BatchresetError], None] = _nothing,
    after_each: Callable[[], None] = _nothing,
) -> Starlette:
    """Partner Center's addresses, the sign-in service's, and `/_simulator/state` for callers on this machine.

    `give_up` is called with an error after which the simulator cannot go on; `after_each` when a request has been
    decided about, before it is answered.
    """

    def served(by_method: Mapping[str, Route], otherwise: Route) -> _Endpoint:
        return _Endpoint(service, by_method, otherwise, after_each=after_each)

    async def state(request: Request) -> Response:
        if request.client is None or not ipaddress.ip_address(request.client.host).is_loopback:
            return Response(status_code=404)
        return JSONResponse(service.state.report())

    async def failed(_request: Request, error: Exception) -> Response:
        if isinstance(error, BatchresetError):
            give_up(error)
        else:
            _logger.error("simulator.failed", exc_info=error)
            service.state.protocol_errors.append(f"the simulator itself failed: {type(error).__name__}")
        return Response(status_code=500)

    return Starlette(
        routes=[
            Served("/_simulator/state", state),
            Served(f"{_USER}/resetpassword", served({}, Route.RESET_PASSWORD)),
            Served(f"{_USER}/directoryroles", served({}, Route.DIRECTORY_ROLES)),
            Served(_USER, served({"PATCH": Route.USERS}, Route.USER)),
            Served("/v1/customers/{customer}/users", served({}, Route.CUSTOMER_USERS)),
            Served("/v1/customers/{customer}", served({}, Route.CUSTOMER)),
            Served("/v1/customers", served({}, Route.CUSTOMERS)),
            Served("/v1/auditrecords", served({}, Route.AUDIT_RECORDS)),
            *sign_in_routes(sign_in),
            Served("/{other:path}", served({}, Route.OTHER)),
        ],
        exception_handlers={Exception: failed},
    )


class _Endpoint:
    """One address, all methods: a wrong one is the service's to judge and count, so starlette must not refuse it.

    Args:
        by_method: which route a method means here.
        otherwise: which one all others do.
    """

    def __init__(
        self,
        service: PartnerCenter,
        by_method: Mapping[str, Route],
        otherwise: Route,
        *,
        after_each: Callable[[], None],
    ) -> None:
        self._service = service
        self._by_method = by_method
        self._otherwise = otherwise
        self._after_each = after_each

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            call = await self._call(request)
        except ClientDisconnect:
            return
        reply = self._service.handle(call, now_seconds=time.monotonic(), at=dt.datetime.now(dt.UTC))
        self._after_each()
        response = await _response(reply)
        await response(scope, receive, send)

    async def _call(self, request: Request) -> Call:
        query = request.scope["query_string"].decode("latin-1")
        return Call(
            route=self._by_method.get(request.method, self._otherwise),
            method=request.method,
            target=request.scope["path"] + (f"?{query}" if query else ""),
            customer=request.path_params.get("customer", "").lower(),
            user=request.path_params.get("user", "").lower(),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]},
            body=await request.body(),
            peer="" if request.client is None else request.client.host,
        )


async def _response(reply: Reply) -> Response:
    """The response, when its time has come."""
    match reply:
        case Deliver(answer=answer, after_seconds=seconds):
            return await _later(seconds, _with_head(Response(answer.body, answer.status), answer))
        case CutShort(answer=answer, after_seconds=seconds):
            return await _later(seconds, _with_head(HalfResponse(answer.body, answer.status), answer))
        case Flood(answer=answer, size_bytes=size, after_seconds=seconds):
            flood = PiecewiseResponse(reply.pieces(), answer.status, pause_seconds=0)
            return await _later(seconds, _with_head(flood, answer, content_length=max(size, len(answer.body))))
        case Drip(answer=answer, lasts_seconds=lasts, after_seconds=seconds):
            return await _later(seconds, _with_head(dripping(answer.body, answer.status, lasts_seconds=lasts), answer))
        case Followed(answer=answer, leftover=leftover, later_seconds=later, after_seconds=seconds):
            followed = FollowedResponse(answer.body, answer.status, leftover=leftover, later_seconds=later)
            return await _later(seconds, _with_head(followed, answer))
        case Misdeclared() | Verbatim():
            return await _later(reply.after_seconds, _raw(reply))
        case Lose(reset=reset, after_seconds=seconds):
            return await _later(seconds, NoResponse(reset=reset))
        case Hang():
            return NeverResponse()
        case Refuse():
            return NoResponse(reset=True)


def _raw(reply: Misdeclared | Verbatim) -> Response:
    answer = reply.answer
    head = reply.head if isinstance(reply, Verbatim) else plain(answer, content_length=reply.content_length)
    return RawResponse(head, answer.body)


async def _later(seconds: float, response: Response) -> Response:
    if seconds > 0:
        await asyncio.sleep(seconds)
    return response


def _with_head(response: Response, answer: Answer, *, content_length: int | None = None) -> Response:
    """With the headers in the documented spelling; starlette's own way would make them lower-case."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    length = len(answer.body) if content_length is None else content_length
    # RFC 9110, 8.6: not with a 204.
    sized = [] if answer.status == _NO_CONTENT else [(b"Content-Length", str(length).encode())]
    response.raw_headers = [*headers, *sized]
    return response
