"""A word that one waits for, on either kind of loop."""

import anyio
import pytest

from batchreset.engine.word import new_word

pytestmark = pytest.mark.anyio


async def test_whoever_waits_is_told() -> None:
    word, heard = new_word(), list[str]()

    async def wait() -> None:
        heard.append(await word)

    async with anyio.create_task_group() as waiting:
        waiting.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert not word.done()
        word.set_result("told")

    assert (heard, word.done()) == (["told"], True)


async def test_what_was_said_before_is_heard_too() -> None:
    word = new_word()
    word.set_result(None)

    assert await word is None


async def test_whoever_is_cancelled_waits_no_more() -> None:
    word = new_word()
    with anyio.move_on_after(0) as scope:
        await word

    assert scope.cancelled_caught
