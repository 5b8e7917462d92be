"""A token that was got elsewhere: used as it is, asked for again when it was refused."""

import threading

import anyio
import pytest

from batchreset.adapters.signin import GivenToken
from batchreset.core.secret import Secret
from batchreset.errors import ExitCode, SettingsError, SignInError

pytestmark = pytest.mark.anyio


class Given:
    """Hands out these, the last one for ever; counts how often it was asked, and by which thread."""

    def __init__(self, *tokens: str | None) -> None:
        self._tokens = list(tokens)
        self.asked_by: list[int] = []

    def __call__(self) -> Secret | None:
        self.asked_by.append(threading.get_ident())
        token = self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]
        return None if token is None else Secret(token)


async def test_the_token_is_asked_for_once_and_beside_the_event_loop() -> None:
    given = Given("one", "two")
    source = GivenToken(given)

    assert [(await source.token()).open() for _ in range(3)] == ["one"] * 3
    assert len(given.asked_by) == 1
    assert given.asked_by[0] != threading.get_ident()


async def test_without_a_token_there_is_no_sign_in() -> None:
    with pytest.raises(SignInError, match="no access token is given") as caught:
        await GivenToken(Given(None)).token()
    assert caught.value.exit_code is ExitCode.SIGN_IN
    assert "BATCHRESET_AUTH__ACCESS_TOKEN" in caught.value.next_step


async def test_a_token_that_cannot_be_read_is_no_sign_in() -> None:
    """By what was wrong with it: the settings' own words."""

    def read() -> Secret | None:
        raise SettingsError("the file cannot be read", next_step="put it there")

    for ask in (GivenToken(read).token, lambda: GivenToken(read).renew(Secret("old"), claims=None)):
        with pytest.raises(SignInError, match="the file cannot be read") as caught:
            await ask()
        assert caught.value.next_step == "put it there"


async def test_a_refused_token_is_read_anew() -> None:
    source = GivenToken(Given("one", "two"))
    first = await source.token()

    renewed = await source.renew(first, claims=None)

    assert renewed.open() == (await source.token()).open() == "two"


async def test_one_reading_serves_all_who_ask_at_once() -> None:
    given = Given("one", "two", "three")
    source = GivenToken(given)
    first = await source.token()
    renewed: list[str] = []

    async def renew() -> None:
        renewed.append((await source.renew(first, claims=None)).open())

    async with anyio.create_task_group() as rows:
        for _ in range(64):
            rows.start_soon(renew)

    assert renewed == ["two"] * 64
    assert len(given.asked_by) == 2


async def test_a_row_that_was_refused_with_an_older_token_gets_the_newer_one() -> None:
    given = Given("one", "two", "three")
    source = GivenToken(given)
    first = await source.token()
    second = await source.renew(first, claims=None)

    assert await source.renew(first, claims=None) == second
    assert len(given.asked_by) == 2
    assert (await source.renew(second, claims=None)).open() == "three"


async def test_a_token_that_is_gone_when_it_is_asked_for_again_ends_the_sign_in() -> None:
    source = GivenToken(Given("one", None))
    first = await source.token()
    with pytest.raises(SignInError, match="no access token"):
        await source.renew(first, claims=None)


async def test_no_token_is_shown() -> None:
    source = GivenToken(Given("canary"))
    shown = repr([await source.token(), await source.renew(Secret("old"), claims="c"), vars(source)])
    assert "canary" not in shown


def test_a_source_can_be_made_before_the_event_loop() -> None:
    source = GivenToken(Given("one", "two"))

    async def ask() -> str:
        return (await source.renew(await source.token(), claims=None)).open()

    assert anyio.run(ask) == "two"


async def test_the_same_token_again_is_read_once_for_all_rows_that_were_refused() -> None:
    """A command that takes seconds is not run for each of them."""
    given = Given("one")
    source = GivenToken(given)
    first = await source.token()
    async with anyio.create_task_group() as rows:
        for _ in range(64):
            rows.start_soon(lambda: source.renew(first, claims=None))
    assert len(given.asked_by) == 2
    await source.renew(first, claims=None)
    assert len(given.asked_by) == 3
