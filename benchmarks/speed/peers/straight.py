"""The straight script: what one would write in an hour with httpx, asyncio and tenacity."""

import asyncio
import csv
import os
import secrets
import ssl
import sys
import uuid
from pathlib import Path

import httpx
import tenacity


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


@tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    wait=tenacity.wait_random_exponential(max=60),
    stop=tenacity.stop_after_attempt(8),
)
async def _reset(client: httpx.AsyncClient, customer: str, user: str, password: str) -> None:
    response = await client.patch(
        f"/v1/customers/{customer}/users/{user}/resetpassword",
        headers={"MS-RequestId": str(uuid.uuid4()), "MS-CorrelationId": str(uuid.uuid4())},
        json={
            "passwordProfile": {"password": password, "forceChangePassword": True},
            "attributes": {"objectType": "CustomerUser"},
        },
    )
    response.raise_for_status()


async def main(base_url: str, ca_file: str, users: str, connections: int) -> None:
    rows = list(csv.DictReader(Path(users).open(encoding="ascii")))  # noqa: ASYNC230, SIM115  as scripts do
    at_once = asyncio.Semaphore(connections)
    results = []
    async with httpx.AsyncClient(
        base_url=base_url,
        verify=ssl.create_default_context(cafile=ca_file),
        headers={"Authorization": f"Bearer {os.environ['TOKEN']}", "Accept": "application/json"},
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        timeout=60,
    ) as client:

        async def one(row: dict[str, str]) -> None:
            password = secrets.token_urlsafe(15)
            async with at_once:
                try:
                    await _reset(client, row["customer-tenant-id"], row["user-id"], password)
                except (httpx.HTTPError, tenacity.RetryError) as error:
                    results.append((row["user-id"], "failed", repr(error)))
                else:
                    results.append((row["user-id"], "succeeded", password))

        await asyncio.gather(*(one(row) for row in rows))
    with Path(users).with_suffix(".results.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(results)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
