"""A line from time to time, while something lasts."""

import anyio
import trio.testing

from batchreset.adapters.display import said_from_time_to_time


def test_it_is_said_every_half_minute_and_no_more_afterwards() -> None:
    said: list[str] = []

    async def main() -> None:
        async with said_from_time_to_time(lambda: f"at {anyio.current_time() - began:g}", say=said.append):
            await anyio.sleep(70)
        await anyio.sleep(100)

    clock = trio.testing.MockClock(autojump_threshold=0)
    began = clock.current_time()
    anyio.run(main, backend="trio", backend_options={"clock": clock})
    assert said == ["at 30", "at 60"]


def test_nobody_who_listens_ends_nothing() -> None:
    def gone(_line: str) -> None:
        raise BrokenPipeError

    async def main() -> str:
        async with said_from_time_to_time(lambda: "x", say=gone):
            await anyio.sleep(70)
        return "done"

    clock = trio.testing.MockClock(autojump_threshold=0)
    assert anyio.run(main, backend="trio", backend_options={"clock": clock}) == "done"
