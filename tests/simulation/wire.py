"""Between the program's httpx and the service: one call there, one reply back, in virtual time."""

import math
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

import anyio
import httpx

from batchreset.simulator.answers import Answer
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
from batchreset.simulator.state import Exchange
from simulation.drawing import Down, Outage, Point
from simulation.timing import VirtualTime
from simulation.watching import Watch


class Process(Protocol):
    """The one that sends."""

    @property
    def dead(self) -> bool:
        """It was killed: nothing leaves it, and nothing is heard by it."""
        ...

    def point(self, point: Point) -> None:
        """A moment at which it may be killed."""
        ...


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """A transport of httpx.

    Attributes:
        uplink_seconds: at most, from leaving to arriving.
        far: a host's that sends for the run.
    """

    service: PartnerCenter
    time: VirtualTime
    watch: Watch
    process: Process
    chance: random.Random
    uplink_seconds: float
    outages: tuple[Outage, ...]
    far: bool = False
    in_flight: int = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.process.dead:
            await anyio.sleep(math.inf)  # until it hears of its end, at this very moment
        call = call_of(request)
        await self._connected(request, call)
        self.in_flight += 1
        try:
            self.watch.sent(call, in_flight=self.in_flight, far=self.far)
            reply = await self._arrived(call)
            return await self._answered(request, call, reply)
        finally:
            self.in_flight -= 1

    async def _connected(self, request: httpx.Request, call: Call) -> None:
        match self._down():
            case Down.REFUSED:
                self.watch.heard(call, "refused", far=self.far)
                raise httpx.ConnectError("refused", request=request) from ConnectionRefusedError()
            case Down.SILENT:
                await anyio.sleep(request.extensions["timeout"]["connect"])
                self.watch.heard(call, "silence", far=self.far)
                raise httpx.ConnectTimeout("no connection", request=request)
            case _:
                pass

    def _down(self) -> Down | None:
        now = self.time.seconds
        if self.service.outages.refuses(now):
            return Down.REFUSED
        return next((outage.kind for outage in self.outages if outage.begins <= now < outage.ends), None)

    async def _arrived(self, call: Call) -> Reply | None:
        """What the service makes of it; None: its gateway did not let it through."""
        self.process.point(Point.SENT)
        try:
            await anyio.sleep(self.uplink_seconds * self.chance.random())
        except BaseException:
            # Who gives up, or is killed, has no say in whether what has left arrives.
            if self.chance.random() < 0.5:
                self._handled(call)
            raise
        if self._down() is Down.GATEWAY:
            self._turned_away(call)
            return None
        reply = self._handled(call)
        self.process.point(Point.APPLIED)
        return reply

    def _turned_away(self, call: Call) -> None:
        """By the gateway, which is the service's too: it was seen."""
        self.watch.tell("turned away", id=call.correlation_id)
        self.service.state.exchanges.append(
            Exchange(
                at=self.time.now(), route=call.route, method=call.method, customer=call.customer, user=call.user,
                request_id=call.request_id, correlation_id=call.correlation_id, ended="503",
            )
        )  # fmt: skip

    def _handled(self, call: Call) -> Reply:
        before = len(self.service.state.applied)
        reply = self.service.handle(call, now_seconds=self.time.seconds, at=self.time.now())
        kind = type(reply).__name__.lower()
        status = "" if isinstance(reply, Lose | Hang | Refuse) else reply.answer.status
        applied = len(self.service.state.applied) > before
        self.watch.tell("arrived", id=call.correlation_id, reply=kind, status=status, applied=applied)
        return reply

    async def _answered(self, request: httpx.Request, call: Call, reply: Reply | None) -> httpx.Response:
        match reply:
            case None:
                await self._later(request, call, 0.05)
                self.watch.heard(call, "503", far=self.far)
                return httpx.Response(503, headers={"Retry-After": "7"}, stream=_Body([b"<html>"]), request=request)
            case Lose() | Hang() | Refuse():
                await self._nothing(request, call, reply)
            case _:
                await self._later(request, call, reply.after_seconds)
                self.watch.heard(call, str(reply.answer.status), far=self.far)
                return _response(request, reply.answer, _body(reply))
        raise AssertionError(reply)

    async def _nothing(self, request: httpx.Request, call: Call, reply: Lose | Hang | Refuse) -> None:
        match reply:
            case Lose(reset=reset, after_seconds=seconds):
                await self._later(request, call, seconds)
                self.watch.heard(call, "lost", far=self.far)
                if reset:
                    raise httpx.ReadError("reset", request=request)
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
            case Hang():
                await self._later(request, call, math.inf)
            case Refuse():
                # It was under way when the service crashed.
                self.watch.heard(call, "lost", far=self.far)
                raise httpx.ReadError("reset", request=request)
            case _:
                assert_never(reply)

    async def _later(self, request: httpx.Request, call: Call, seconds: float) -> None:
        """The answer's time; httpx's own time limit for a read comes first, if it is shorter."""
        limit = request.extensions["timeout"]["read"]
        await anyio.sleep(min(seconds, limit))
        self.process.point(Point.ANSWERED)
        if seconds > limit:
            self.watch.heard(call, "nothing", far=self.far)
            raise httpx.ReadTimeout("no answer", request=request)


def call_of(request: httpx.Request) -> Call:
    """A request as the service's own door takes it apart."""
    target = request.url.raw_path.decode("latin-1")
    match (request.method, target.partition("?")[0].strip("/").split("/")):
        case (_, ["v1", "customers", customer, "users", user, "resetpassword"]):
            route = Route.RESET_PASSWORD
        case (method, ["v1", "customers", customer, "users", user]):
            route = Route.USERS if method == "PATCH" else Route.USER
        case (_, ["v1", "customers", customer]):
            route, user = Route.CUSTOMER, ""
        case _:
            route, customer, user = Route.OTHER, "", ""
    return Call(
        route=route,
        method=request.method,
        target=target,
        customer=customer.lower(),
        user=user.lower(),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.content,
    )


def _response(request: httpx.Request, answer: Answer, body: "_Body") -> httpx.Response:
    headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
    return httpx.Response(answer.status, headers=headers, stream=body, request=request)


@dataclass
class _Body(httpx.AsyncByteStream):
    """`lost`: the connection is, after the last piece. `piece_seconds`: before each."""

    pieces: Iterable[bytes]
    lost: bool = False
    piece_seconds: float = 0.0

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._left = iter(self.pieces)
        return self

    async def __anext__(self) -> bytes:
        for piece in self._left:
            if self.piece_seconds:
                await anyio.sleep(self.piece_seconds)
            return piece
        if self.lost:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        raise StopAsyncIteration


_PIECES: Final = 8


def _body(reply: Deliver | Verbatim | Followed | Flood | CutShort | Misdeclared | Drip) -> _Body:
    content = reply.answer.body
    match reply:
        # Of what follows on the connection nothing: here no two requests share one.
        case Deliver() | Verbatim() | Followed():
            return _Body([content])
        case Flood():
            return _Body(reply.pieces())
        case CutShort():
            return _Body([content[: len(content) // 2]], lost=True)
        case Misdeclared(content_length=length):
            return _Body([content[:length]], lost=length > len(content))
        case Drip(lasts_seconds=seconds):
            size = max(1, len(content) // _PIECES)
            pieces = [content[start : start + size] for start in range(0, len(content), size)]
            return _Body(pieces, piece_seconds=seconds / max(1, len(pieces)))
        case _:
            assert_never(reply)
