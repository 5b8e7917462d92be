"""The engine's tokens: got once, renewed before they expire and when they are refused, by one task for all."""

import concurrent.futures
import contextlib
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.from_thread
import anyio.lowlevel

from batchreset.adapters.signin.exchange import UNREACHABLE_NEXT, Unclear
from batchreset.adapters.signin.kept_sign_in import Redeemed
from batchreset.core.events import EventLog
from batchreset.core.secret import Secret
from batchreset.core.token_claims import claims_challenge
from batchreset.errors import SettingsError, SignInError

RENEW_AHEAD_SECONDS: Final = 300.0
"""Before expiry: as msal does; time enough for a sign-in service that has trouble for some minutes."""
RENEW_AHEAD_SHARE: Final = 0.25
"""Of the lifetime, for tokens that do not last long: services cut their times off to whole seconds."""
WAITS_SECONDS: Final = (0.5, 1.0, 2.0, 4.0)
"""Between the tries of a service that gives no clear answer, while there is no token yet: somebody waits."""
RENEWAL_WAITS_SECONDS: Final = (*WAITS_SECONDS, 8.0, 15.0, 15.0, 15.0)
"""The same in mid-run, about a minute: thousands of rows that are left are worth more patience."""
RETRY_AFTER_MOST_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 60.0
"""Between renewals ahead of time that failed; the present token serves meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Current:
    token: Secret
    claims: str | None
    renew_at_seconds: float
    expires_at_seconds: float


InThread = Callable[[Callable[[str | None], Redeemed], str | None], Awaitable[Redeemed]]


async def _in_thread(redeem: Callable[[str | None], Redeemed], claims: str | None) -> Redeemed:
    """In a thread that does not keep the process from ending; when nobody waits for it any more, it still goes on."""
    ended, loop = anyio.Event(), anyio.lowlevel.current_token()
    came: concurrent.futures.Future[Redeemed] = concurrent.futures.Future()

    def run() -> None:
        try:
            came.set_result(redeem(claims))
        except BaseException as error:  # noqa: BLE001  raised where it is awaited
            came.set_exception(error)
        with contextlib.suppress(anyio.RunFinishedError):
            anyio.from_thread.run_sync(ended.set, token=loop)

    threading.Thread(target=run, name="sign-in", daemon=True).start()
    await ended.wait()
    return came.result()


class RenewingTokens:
    """A `TokenSource` over `redeem`, which waits for its answers and is run in a thread, one call at a time.

    Args:
        redeem: gets a token that satisfies these claims (JSON text), whoever else wants it.
        check: raises SignInError for a token that must not be used.
        in_thread: how a call that waits is awaited.
    """

    def __init__(
        self,
        redeem: Callable[[str | None], Redeemed],
        *,
        check: Callable[[Secret], None],
        log: EventLog,
        in_thread: InThread = _in_thread,
    ) -> None:
        self._redeem = redeem
        self._in_thread = in_thread
        self._check = check
        self._log = log
        self._current: _Current | None = None
        self._one_at_a_time = anyio.Lock()
        self._first = anyio.Event()
        self._refused = False
        self._failures = 0
        self._failure: SignInError | None = None

    async def token(self) -> Secret:
        """The present token, or a first one. Raises SignInError."""
        current = self._current
        if current is None:
            return await self._for_all("first", None, None, WAITS_SECONDS)
        if self._refused or anyio.current_time() >= current.expires_at_seconds:
            # Known to be dead: nothing more is sent with it while somebody fetches another one.
            return await self._for_all("expired", current, None, RENEWAL_WAITS_SECONDS)
        return current.token

    def is_current(self, token: Secret) -> bool:
        """Whether it is the one that is handed out, or was until it was refused."""
        return self._current is not None and self._current.token == token

    async def renew(self, rejected: Secret, *, claims: str | None) -> Secret:
        """Another token than `rejected`: whoever asks first gets it for all. Raises SignInError."""
        current = self._current
        if current is not None and current.token != rejected:
            return current.token
        self._refused = True
        return await self._for_all("refused", current, claims_challenge(claims), RENEWAL_WAITS_SECONDS)

    async def keep_fresh(self) -> None:
        """Renew ahead of time, again and again, until cancelled; a renewal that fails is tried again later."""
        await self._first.wait()
        while True:
            current = self._current
            now = anyio.current_time()
            if current is not None and now < current.renew_at_seconds:
                await anyio.sleep(current.renew_at_seconds - now)
                continue
            try:
                async with self._one_at_a_time:
                    if self._current is current:
                        await self._obtain("ahead", None, ())
            except SignInError as error:
                self._log.warning("auth.renewal_failed", detail=error.what)
                await anyio.sleep(AGAIN_SECONDS)

    async def _for_all(self, why: str, unfit: _Current | None, claims: str | None, waits: tuple[float, ...]) -> Secret:
        """A token other than the unfit one. Who waited while somebody else asked shares what came of it, a no too."""
        failures = self._failures
        async with self._one_at_a_time:
            other = self._current is not None and self._current is not unfit
            # A challenge asks for more than a token that was fetched without it can give.
            if self._current is not None and other and claims in {None, self._current.claims}:
                return self._current.token
            if self._failure is not None and self._failures != failures:
                raise self._failure
            try:
                return await self._obtain(why, claims, waits)
            except SignInError as error:
                self._failure, self._failures = error, self._failures + 1
                raise

    async def _obtain(self, why: str, claims: str | None, waits: tuple[float, ...]) -> Secret:
        redeemed = await self._redeem_patiently(claims, waits)
        for warning in redeemed.warnings:
            self._log.warning("auth.warning", detail=warning)
        granted = redeemed.granted
        self._check(granted.access_token)
        lifetime = granted.lifetime_seconds
        expires_at = anyio.current_time() + lifetime
        self._current = _Current(
            token=granted.access_token,
            claims=claims,
            renew_at_seconds=expires_at - min(RENEW_AHEAD_SECONDS, RENEW_AHEAD_SHARE * lifetime),
            expires_at_seconds=expires_at,
        )
        self._refused = False
        self._first.set()
        self._log.info(
            "auth.token",
            why=why,
            source=redeemed.source,
            lifetime_seconds=round(lifetime),
            rotated=granted.refresh_token is not None,
            claims_asked=claims is not None,
        )
        return granted.access_token

    async def _redeem_patiently(self, claims: str | None, waits: tuple[float, ...]) -> Redeemed:
        """Until the answer is clear, or patience is at its end."""
        for wait_seconds in (*waits, None):
            try:
                return await self._in_thread(self._redeem, claims)
            except SettingsError as error:
                raise SignInError(error.what, next_step=error.next_step) from error
            except Unclear as unclear:
                if wait_seconds is None or unclear.hopeless:
                    raise SignInError(
                        f"the sign-in service cannot be reached or gives no clear answer: {unclear.detail}",
                        next_step=UNREACHABLE_NEXT,
                    ) from None
                self._log.warning("auth.unclear", detail=unclear.detail)
                await anyio.sleep(max(wait_seconds, min(unclear.retry_after_seconds or 0.0, RETRY_AFTER_MOST_SECONDS)))
        raise AssertionError  # pragma: no cover  the last round returns or raises
