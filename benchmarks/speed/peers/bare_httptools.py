"""A bare loop over llhttp's parser and asyncio's own TLS: what the program's transport stands on, and no more."""

import asyncio
import ssl
from urllib.parse import urlsplit

import httptools

from benchmarks.speed.peers.bare import asked, body, drive, headers, run


class _Connection(asyncio.Protocol):
    """One request at a time; what is not 200, or ends early, ends the peer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  what connections are
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status == 200:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(RuntimeError(f"answered with {status}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError())

    async def exchange(self, request: bytes) -> None:
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered


async def main() -> None:
    what = asked()
    service = urlsplit(what.base_url)
    host, port = service.hostname or "", service.port or 443
    context = ssl.create_default_context(cafile=what.ca_file)
    loop, idle = asyncio.get_running_loop(), list[_Connection]()

    async def one(number: int, address: str) -> None:
        if not idle:
            idle.append((await loop.create_connection(_Connection, host, port, ssl=context))[1])
        connection, content = idle.pop(), body(number)
        fields = {"Host": service.netloc, **headers(), "Content-Length": str(len(content))}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        await connection.exchange(f"PATCH {address[len(what.base_url) :]} HTTP/1.1\r\n{head}\r\n".encode() + content)
        idle.append(connection)

    await drive(what, one)


if __name__ == "__main__":
    run(main)
