"""A bare loop over aiohttp."""

import ssl

import aiohttp

from benchmarks.speed.peers.bare import asked, body, drive, headers, run


async def main() -> None:
    what = asked()
    context = ssl.create_default_context(cafile=what.ca_file)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=context),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60),
        auto_decompress=False,
    ) as session:

        async def one(number: int, address: str) -> None:
            async with session.request(
                "PATCH", address, data=body(number), headers=headers(), allow_redirects=False
            ) as response:
                response.raise_for_status()
                await response.read()

        await drive(what, one)


if __name__ == "__main__":
    run(main)
