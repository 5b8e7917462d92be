"""Tokens for the engine, in virtual time: renewed before they expire and when refused, one renewal for all."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable

import anyio
import pytest
from kept_log import Log
from virtual_time import in_virtual_time

from batchreset.adapters.signin.application import Granted
from batchreset.adapters.signin.exchange import Unclear
from batchreset.adapters.signin.kept_sign_in import Redeemed
from batchreset.adapters.signin.renewing import RenewingTokens
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError, SignInError

EXCHANGE_SECONDS = 0.2


class SignIn:
    """Token-1, token-2 …; answers with `trouble` first, as long as there is any."""

    def __init__(self, *trouble: Exception, lifetime_seconds: float = 3600.0) -> None:
        self.trouble = list(trouble)
        self.lifetime_seconds = lifetime_seconds
        self.claims: list[str | None] = []
        self.at_seconds: list[float] = []
        self.number = 0

    def redeem(self, claims: str | None) -> Redeemed:
        self.claims.append(claims)
        if self.trouble:
            raise self.trouble.pop(0)
        self.number += 1
        granted = Granted(
            access_token=Secret(f"token-{self.number}"),
            lifetime_seconds=self.lifetime_seconds,
            refresh_token=Secret("r"),
            user="",
        )
        return Redeemed(granted=granted, source="kept", warnings=("mind this",) if self.number == 1 else ())

    def tokens(self, *, log: Log | None = None, check: Callable[[Secret], None] = lambda _: None) -> RenewingTokens:
        async def in_thread(redeem: Callable[[str | None], Redeemed], claims: str | None) -> Redeemed:
            await anyio.sleep(EXCHANGE_SECONDS)
            self.at_seconds.append(anyio.current_time())
            return redeem(claims)

        return RenewingTokens(self.redeem, check=check, log=log or Log(), in_thread=in_thread)


async def all_at_once(*calls: Callable[[], Awaitable[Secret]]) -> list[str]:
    """What each came to, an error by its text."""
    came: list[str] = []

    async def one(call: Callable[[], Awaitable[Secret]]) -> None:
        try:
            came.append((await call()).open())
        except SignInError as error:
            came.append(error.what)

    async with anyio.create_task_group() as group:
        for call in calls:
            group.start_soon(one, call)
    return came


def test_one_sign_in_serves_all_who_want_a_first_token() -> None:
    sign_in = SignIn()
    tokens = sign_in.tokens()
    assert in_virtual_time(lambda: all_at_once(*[tokens.token] * 64)) == ["token-1"] * 64
    assert len(sign_in.claims) == 1


def test_one_renewal_serves_all_rows_that_were_refused() -> None:
    sign_in = SignIn()

    async def story() -> list[str]:
        tokens = sign_in.tokens()
        first = await tokens.token()
        return await all_at_once(*[lambda: tokens.renew(first, claims=None)] * 64)

    assert in_virtual_time(story) == ["token-2"] * 64
    assert len(sign_in.claims) == 2


def test_a_row_that_was_refused_with_an_older_token_gets_the_present_one() -> None:
    sign_in = SignIn()

    async def story() -> Secret:
        tokens = sign_in.tokens()
        first = await tokens.token()
        await tokens.renew(first, claims=None)
        return await tokens.renew(first, claims=None)

    assert in_virtual_time(story) == Secret("token-2")


def test_a_claims_challenge_reaches_the_sign_in_as_json() -> None:
    sign_in = SignIn()
    claims = {"access_token": {"nbf": {"essential": True, "value": "1"}}}

    async def story() -> None:
        tokens = sign_in.tokens()
        await tokens.renew(await tokens.token(), claims=b64encode(json.dumps(claims).encode()).decode())

    in_virtual_time(story)
    assert json.loads(sign_in.claims[1] or "") == claims


@pytest.mark.parametrize(("lifetime_seconds", "renewed_at"), [(3600.0, 3300), (60.0, 45)], ids=["an hour", "a minute"])
def test_a_token_is_renewed_before_it_expires_while_nobody_asks(lifetime_seconds: float, renewed_at: float) -> None:
    sign_in = SignIn(lifetime_seconds=lifetime_seconds)
    log = Log()

    async def story() -> None:
        tokens = sign_in.tokens(log=log)
        with anyio.move_on_after(lifetime_seconds):
            async with anyio.create_task_group() as group:
                group.start_soon(tokens.keep_fresh)
                await tokens.token()

    in_virtual_time(story)
    assert [round(at) for at in sign_in.at_seconds] == [0, renewed_at]
    assert [event["why"] for event in log.of("auth.token")] == ["first", "ahead"]


def test_no_row_waits_for_a_renewal_ahead_of_time() -> None:
    async def story() -> list[str]:
        sign_in = SignIn()
        tokens = sign_in.tokens()
        waits = []
        async with anyio.create_task_group() as group:
            group.start_soon(tokens.keep_fresh)
            await tokens.token()
            await anyio.sleep(3300 - EXCHANGE_SECONDS / 2)
            for _ in range(4):
                began = anyio.current_time()
                token = await tokens.token()
                waits.append(f"{token.open()} after {anyio.current_time() - began:.1f} s")
                await anyio.sleep(EXCHANGE_SECONDS)
            group.cancel_scope.cancel()
        return waits

    assert in_virtual_time(story) == ["token-1 after 0.0 s"] * 2 + ["token-2 after 0.0 s"] * 2


def test_a_renewal_ahead_of_time_that_fails_is_tried_again_and_the_token_serves_meanwhile() -> None:
    sign_in = SignIn()
    log = Log()

    async def story() -> Secret:
        tokens = sign_in.tokens(log=log)
        async with anyio.create_task_group() as group:
            group.start_soon(tokens.keep_fresh)
            await tokens.token()
            sign_in.trouble = [Unclear("HTTP 503"), SettingsError("no", next_step="x")]
            await anyio.sleep(3320)
            assert (await tokens.token()).open() == "token-1"
            await anyio.sleep(120)
            token = await tokens.token()
            group.cancel_scope.cancel()
        return token

    assert in_virtual_time(story).open() == "token-2"
    assert len(log.of("auth.renewal_failed")) == 2


def test_an_expired_token_is_never_handed_out() -> None:
    async def story() -> str:
        tokens = SignIn(lifetime_seconds=60).tokens()
        await tokens.token()
        await anyio.sleep(60)
        return (await tokens.token()).open()

    assert in_virtual_time(story) == "token-2"


def test_a_service_in_trouble_is_asked_again_with_patience() -> None:
    sign_in = SignIn(Unclear("HTTP 503"), Unclear("HTTP 429", retry_after_seconds=9), Unclear("HTTP 503"))
    log = Log()
    assert in_virtual_time(sign_in.tokens(log=log).token).open() == "token-1"
    waits = [after - before for before, after in zip(sign_in.at_seconds, sign_in.at_seconds[1:], strict=False)]
    assert [round(wait - EXCHANGE_SECONDS, 3) for wait in waits] == [0.5, 9, 2]
    assert len(log.of("auth.unclear")) == 3


def test_in_mid_run_patience_lasts_a_minute() -> None:
    sign_in = SignIn()

    async def story() -> float:
        tokens = sign_in.tokens()
        first = await tokens.token()
        sign_in.trouble = [Unclear("HTTP 503")] * 100
        began = anyio.current_time()
        with pytest.raises(SignInError, match="no clear answer: HTTP 503") as caught:
            await tokens.renew(first, claims=None)
        assert "authority" in caught.value.next_step
        return anyio.current_time() - began

    assert 55 < in_virtual_time(story) < 70


def test_a_certificate_that_is_not_trusted_is_told_at_once() -> None:
    sign_in = SignIn(Unclear("the certificate is not trusted", hopeless=True))
    (said,) = in_virtual_time(lambda: all_at_once(sign_in.tokens().token))
    assert "not trusted" in said
    assert len(sign_in.claims) == 1


def test_who_waited_while_another_was_refused_is_refused_with_it() -> None:
    """Sixty-four rows must not each wait out the patience of a minute, one after the other."""
    sign_in = SignIn(*[SignInError("AADSTS700082", next_step="sign in")] * 100)
    came = in_virtual_time(lambda: all_at_once(*[sign_in.tokens().token] * 64))
    assert came == ["AADSTS700082"] * 64
    assert len(sign_in.claims) == 1


def test_who_asks_later_is_not_answered_from_memory() -> None:
    sign_in = SignIn(SignInError("AADSTS700082", next_step="sign in"))

    async def story() -> str:
        tokens = sign_in.tokens()
        with pytest.raises(SignInError):
            await tokens.token()
        return (await tokens.token()).open()

    assert in_virtual_time(story) == "token-1"


def test_a_token_that_must_not_be_used_is_not_handed_out() -> None:
    def check(token: Secret) -> None:
        raise SignInError(f"of another tenant {token}", next_step="x")

    assert in_virtual_time(lambda: all_at_once(SignIn().tokens(check=check).token)) == ["of another tenant ********"]


def test_a_setting_that_is_found_wrong_only_now_ends_the_sign_in() -> None:
    sign_in = SignIn(SettingsError("[auth] tenant_id is missing", next_step="give it"))
    assert in_virtual_time(lambda: all_at_once(sign_in.tokens().token)) == ["[auth] tenant_id is missing"]


def test_what_went_wrong_on_the_way_is_logged_and_no_token_is() -> None:
    log = Log()
    in_virtual_time(SignIn().tokens(log=log).token)
    assert log.of("auth.warning") == [{"detail": "mind this"}]
    assert log.of("auth.token") == [
        {"why": "first", "source": "kept", "lifetime_seconds": 3600, "rotated": True, "claims_asked": False}
    ]
    assert "token-1" not in str(log.events)


def test_a_redemption_that_nobody_waits_for_is_finished_in_its_thread() -> None:
    """Cancelled in the middle (a second signal): the thread goes on, and what it brings is kept."""
    import threading  # noqa: PLC0415  beside the one test that uses it

    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def redeem(_claims: str | None) -> Redeemed:
        begun.set()
        may_end.wait(10)
        ended.set()
        raise SignInError("too late", next_step="x")

    async def story() -> None:
        tokens = RenewingTokens(redeem, check=lambda _: None, log=Log())
        async with anyio.create_task_group() as group:
            group.start_soon(tokens.token)
            await anyio.to_thread.run_sync(begun.wait)
            group.cancel_scope.cancel()

    anyio.run(story)
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(10)


def test_a_token_that_was_fetched_without_the_claims_a_row_needs_does_not_serve_it() -> None:
    """A renewal ahead of time is under way when the row's challenge comes: it knows nothing of the claims."""
    sign_in = SignIn()
    challenge = b64encode(b'{"access_token":{"nbf":{"essential":true}}}').decode()

    async def story() -> list[str]:
        tokens = sign_in.tokens()
        first = await tokens.token()
        came: list[str] = []
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: tokens.renew(first, claims=None))
            await anyio.sleep(EXCHANGE_SECONDS / 2)
            came += await all_at_once(*[lambda: tokens.renew(first, claims=challenge)] * 2)
        return came

    assert in_virtual_time(story) == ["token-3"] * 2
    assert [claims is None for claims in sign_in.claims] == [True, True, False]


def test_nothing_more_is_sent_with_a_token_that_was_refused() -> None:
    async def story() -> list[str]:
        tokens = SignIn().tokens()
        first, came = await tokens.token(), list[str]()
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: tokens.renew(first, claims=None))
            await anyio.sleep(EXCHANGE_SECONDS / 2)
            came += await all_at_once(*[tokens.token] * 3)
        return came

    assert in_virtual_time(story) == ["token-2"] * 3


def test_a_token_that_was_renewed_meanwhile_is_not_renewed_again_ahead_of_time() -> None:
    sign_in = SignIn()

    async def story() -> None:
        tokens = sign_in.tokens()
        async with anyio.create_task_group() as group:
            group.start_soon(tokens.keep_fresh)
            first = await tokens.token()
            await anyio.sleep(3000 - 2 * EXCHANGE_SECONDS)
            await tokens.renew(first, claims=None)
            await anyio.sleep(3000)
            group.cancel_scope.cancel()

    in_virtual_time(story)
    assert len(sign_in.claims) == 2
