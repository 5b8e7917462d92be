"""A promise that one waits for, on either kind of loop."""

import anyio
import pytest

from batchreset.engine.promise import new_promise

pytestmark = pytest.mark.anyio


async def test_whoever_waits_is_told() -> None:
    promise, heard = new_promise(), list[str]()

    async def wait() -> None:
        heard.append(await promise)

    async with anyio.create_task_group() as waiting:
        waiting.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert not promise.done()
        promise.set_result("told")

    assert (heard, promise.done()) == (["told"], True)


async def test_what_was_said_before_is_heard_too() -> None:
    promise = new_promise()
    promise.set_result(None)

    assert await promise is None


async def test_whoever_is_cancelled_waits_no_more() -> None:
    promise = new_promise()
    with anyio.move_on_after(0) as scope:
        await promise

    assert scope.cancelled_caught
    # Whoever gives it then asks first: of asyncio's own it is done.
    if not promise.done():
        promise.set_result("too late")
    assert promise.done()
