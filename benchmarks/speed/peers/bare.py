"""What all bare loops send, and how: so many workers that take one row after the other and keep nothing."""

import asyncio
import csv
import json
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

One = Callable[[int, str], Awaitable[None]]
"""Sends one row: its number and its address."""
FIXED: Final = {
    "Accept": "application/json",
    "Authorization": f"Bearer {os.environ.get('TOKEN', '')}",
    "Content-Type": "application/json",
    "MS-Contract-Version": "v1",
    "MS-PartnerCenter-Application": "benchmark",
    "X-Locale": "en-US",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line of a peer."""

    base_url: str
    ca_file: str
    users: str
    connections: int

    def rows(self) -> Iterator[tuple[int, str]]:
        """Number and address."""
        with Path(self.users).open(encoding="ascii", newline="") as file:
            for number, (customer, user) in enumerate(csv.reader(file)):
                if number:
                    yield number, f"{self.base_url}/v1/customers/{customer}/users/{user}/resetpassword"


def asked() -> Asked:
    """From the command line."""
    base_url, ca_file, users, connections = sys.argv[1:5]
    return Asked(base_url, ca_file, users, int(connections))


def headers() -> dict[str, str]:
    """Of one request."""
    return {**FIXED, "MS-RequestId": str(uuid.uuid4()), "MS-CorrelationId": str(uuid.uuid4())}


def body(number: int) -> bytes:
    """A password of its own for each row."""
    return json.dumps(
        {
            "passwordProfile": {"password": f"Benchmark-{number:010}", "forceChangePassword": True},
            "attributes": {"objectType": "CustomerUser"},
        }
    ).encode()


async def drive(what: Asked, one: One) -> None:
    """All rows."""
    rows = what.rows()

    async def worker() -> None:
        for number, address in rows:
            await one(number, address)

    await asyncio.gather(*(worker() for _ in range(what.connections)))


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """On uvloop where a fifth argument asks for it."""
    if sys.argv[5:] == ["uvloop"]:
        import uvloop  # noqa: PLC0415  only where it is asked for

        uvloop.run(main())
    else:
        asyncio.run(main())
