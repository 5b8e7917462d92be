"""A bare loop over pyreqwest, whose wire is Rust's."""

from pathlib import Path

from pyreqwest.client import ClientBuilder

from benchmarks.speed.peers.bare import asked, body, drive, headers, run


async def main() -> None:
    what = asked()
    authority = Path(what.ca_file).read_bytes()  # noqa: ASYNC240  before anything is sent
    async with ClientBuilder().add_root_certificate_pem(authority).error_for_status(True).build() as client:

        async def one(number: int, address: str) -> None:
            response = await client.patch(address).headers(headers()).body_bytes(body(number)).build().send()
            await response.bytes()

        await drive(what, one)


if __name__ == "__main__":
    run(main)
