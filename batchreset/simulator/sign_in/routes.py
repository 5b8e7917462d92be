"""The sign-in service behind HTTP."""

import asyncio
import datetime as dt
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from batchreset.simulator.sign_in import endpoints
from batchreset.simulator.sign_in.forms import Incoming
from batchreset.simulator.sign_in.replies import Reply
from batchreset.simulator.sign_in.service import SignIn

_Decide = Callable[[Incoming, dt.datetime], Reply]


def sign_in_routes(service: SignIn) -> list[Route]:
    """Its addresses below any tenant's; which tenant is its own, the service decides."""
    return [
        _route(endpoints.WELL_KNOWN, "GET", service.metadata),
        _route(endpoints.KEYS, "GET", service.keys),
        _route(endpoints.TOKEN, "POST", service.token),
        _route(endpoints.DEVICE_CODE, "POST", service.device_code),
        _route(endpoints.AUTHORIZE, "GET", service.authorize),
        _route(endpoints.DEVICE_PAGE, "GET", service.device_page),
        _route(endpoints.DEVICE_PAGE, "POST", service.type_in),
    ]


def _route(path: str, method: str, decide: _Decide) -> Route:
    async def answer(request: Request) -> Response:
        try:
            incoming = Incoming(
                tenant=request.path_params["tenant"],
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw},
                query=request.url.query,
                body=await request.body(),
            )
        except ClientDisconnect:
            return Response()
        reply = decide(incoming, dt.datetime.now(dt.UTC))
        if reply.after_seconds > 0:
            await asyncio.sleep(reply.after_seconds)
        return Response(reply.body, reply.status, dict(reply.headers))

    return Route(f"/{{tenant}}{path}", answer, methods=[method])
