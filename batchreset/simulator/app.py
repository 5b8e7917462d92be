"""The service behind HTTP: a request becomes a call, a reply becomes a response."""

import asyncio
import datetime as dt
import ipaddress
import logging
import time
from collections.abc import Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Served
from starlette.types import Receive, Scope, Send

from batchreset.simulator.answers import Answer
from batchreset.simulator.connection import HalfResponse, NeverResponse, NoResponse
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.service import CutShort, Deliver, Hang, Lose, PartnerCenter, Reply
from batchreset.simulator.sign_in.routes import sign_in_routes
from batchreset.simulator.sign_in.service import SignIn

_logger = logging.getLogger(__name__)

_USER: Final = "/v1/customers/{customer}/users/{user}"


def application(service: PartnerCenter, sign_in: SignIn) -> Starlette:
    """Partner Center's addresses, the sign-in service's, and `/_simulator/state` for callers on this machine."""

    async def state(request: Request) -> Response:
        if request.client is None or not ipaddress.ip_address(request.client.host).is_loopback:
            return Response(status_code=404)
        return JSONResponse(service.state.report())

    async def failed(_request: Request, error: Exception) -> Response:
        _logger.error("simulator.failed", exc_info=error)
        service.state.protocol_errors.append(f"the simulator itself failed: {type(error).__name__}")
        return Response(status_code=500)

    return Starlette(
        routes=[
            Served("/_simulator/state", state),
            Served(f"{_USER}/resetpassword", _Endpoint(service, {}, Route.RESET_PASSWORD)),
            Served(f"{_USER}/directoryroles", _Endpoint(service, {}, Route.DIRECTORY_ROLES)),
            Served(_USER, _Endpoint(service, {"PATCH": Route.USERS}, Route.USER)),
            Served("/v1/customers/{customer}/users", _Endpoint(service, {}, Route.CUSTOMER_USERS)),
            Served("/v1/customers/{customer}", _Endpoint(service, {}, Route.CUSTOMER)),
            Served("/v1/customers", _Endpoint(service, {}, Route.CUSTOMERS)),
            *sign_in_routes(sign_in),
            Served("/{other:path}", _Endpoint(service, {}, Route.OTHER)),
        ],
        exception_handlers={Exception: failed},
    )


class _Endpoint:
    """One address, all methods: a wrong one is the service's to judge and count, so starlette must not refuse it.

    Args:
        by_method: which route a method means here.
        otherwise: which one all others do.
    """

    def __init__(self, service: PartnerCenter, by_method: Mapping[str, Route], otherwise: Route) -> None:
        self._service = service
        self._by_method = by_method
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            call = await self._call(request)
        except ClientDisconnect:
            return
        reply = self._service.handle(call, now_seconds=time.monotonic(), at=dt.datetime.now(dt.UTC))
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
        )


async def _response(reply: Reply) -> Response:
    """The response, when its time has come."""
    match reply:
        case Deliver(answer=answer, after_seconds=seconds):
            response = Response(answer.body, answer.status)
        case CutShort(answer=answer, after_seconds=seconds):
            response = HalfResponse(answer.body, answer.status)
        case Lose(reset=reset, after_seconds=seconds):
            return await _later(seconds, NoResponse(reset=reset))
        case Hang():
            return NeverResponse()
    response.raw_headers = _raw_headers(answer)
    return await _later(seconds, response)


async def _later(seconds: float, response: Response) -> Response:
    if seconds > 0:
        await asyncio.sleep(seconds)
    return response


def _raw_headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    """In the documented spelling; starlette's own way would make them lower-case."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    return [*headers, (b"Content-Length", str(len(answer.body)).encode())]
