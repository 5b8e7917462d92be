"""One operator's sign-in over many runs: the newest refresh token is redeemed, its replacement kept at once."""

import datetime as dt
import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from batchreset.adapters.signin.application import Application, Granted
from batchreset.adapters.signin.cache import newest_refresh_token
from batchreset.adapters.signin.refusals import Refused, refusal_error
from batchreset.adapters.signin.store import Kept, SignInStore, fingerprint
from batchreset.core.clock import rfc3339
from batchreset.core.secret import Secret
from batchreset.errors import RefusedError, SignInError

FINISH_SECONDS: Final = 5.0
"""For a redemption under way when the run ends: it takes one, and whoever signalled twice does not want to wait."""


class GivenRefreshToken(Protocol):
    """A refresh token from outside: a variable, a file, a command, a vault."""

    @property
    def warning(self) -> str | None:
        """What the operator should put right about how it is given, as of the last reading."""
        ...

    def read(self) -> Secret | None:
        """The token; None when none is given. Raises RefusedError, SignInError."""
        ...

    def replace(self, newer: Secret) -> bool:
        """Put the newer one in its place, where that is possible; whether it was. Raises SignInError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """A token, and what is worth a line in the log.

    Attributes:
        source: `kept` or `given`: where the refresh token came from.
        warnings: what went wrong on the way without ending it.
    """

    granted: Granted
    source: str
    warnings: tuple[str, ...] = ()


class KeptSignIn:
    """Redeems refresh tokens; every call waits: call it in a thread, one at a time.

    The kept one goes first, as it is the newest that this machine knows. Only one that was given and never seen here
    before goes before it: somebody has just put it there.

    Args:
        nobody: what to do when there is no refresh token at all.
    """

    def __init__(
        self,
        application: Application,
        store: SignInStore,
        given: GivenRefreshToken | None,
        *,
        nobody: str,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._application = application
        self._store = store
        self._given = given
        self._nobody = nobody
        self._now = now
        self._not_on_disk: Kept | None = None
        self._settled = False
        self._warnings: list[str] = []
        self._busy = threading.Lock()
        self._finished = False

    def redeem(self, claims: str | None = None) -> Redeemed:
        """Get an access token.

        Raises:
            SignInError: nobody has signed in, or every refresh token was refused.
            SettingsError: the application cannot be put together like this.
            Unclear: no clear answer came; nothing is lost, and it is worth another try.
        """
        with self._busy:
            if self._finished:
                raise SignInError("the run has ended", next_step="start it again")
            with self._store.held():
                self._warnings = []
                return self._first_good(claims)

    def take_over(
        self, sign_in: Callable[[Callable[[str], None]], Granted], check: Callable[[Secret], None]
    ) -> Granted:
        """Keep a new sign-in in place of the old one.

        Args:
            sign_in: gets what its cache is to be handed to, and may wait for a person.
            check: raises SignInError for a token that must not be used; then the old sign-in stays.

        Raises what `sign_in` and `check` raise, and:
            SignInError: nothing came that could be kept, or it could not be.
        """
        self._warnings, states = [], list[str]()
        # Asked before a person is: a store that cannot be written would waste their sign-in.
        with self._store.held():
            given = self._read_given(needed=False)
        granted = sign_in(states.append)
        check(granted.access_token)
        if granted.refresh_token is None or not states:
            raise SignInError(
                "the sign-in service gave no refresh token, so there is nothing to keep",
                next_step="allow this application offline access (the scope offline_access), then sign in again",
            )
        with self._store.held():
            self._keep(Kept(given_sha256=fingerprint(given) if given else ""), states[-1])
            refused = self._pass_on(granted)
            if self._not_on_disk is not None:
                raise SignInError(self._warnings[0], next_step="make room, or choose another [auth] cache_dir")
            if refused is not None:
                raise SignInError(
                    f"the sign-in is kept on this machine only: {refused.what}",
                    next_step=refused.next_step,
                    details=refused.details,
                )
        return granted

    def finish(self) -> str | None:
        """No more redemptions from now on; one that is under way has some seconds left, as it must still be kept.

        What could not be written before is tried once more. What is lost, if something is.
        """
        self._finished = True
        if not self._busy.acquire(timeout=FINISH_SECONDS):
            return "the run ended while the sign-in was being renewed; a new refresh token that comes now is not kept"
        try:
            if self._not_on_disk is not None:
                with self._store.held():
                    self._store.save(self._not_on_disk)
        except (SignInError, OSError) as error:
            return f"the newest refresh token is lost: it cannot be kept in {self._store.place} ({error})"
        finally:
            self._busy.release()
        return None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong in the last call without ending it."""
        return tuple(self._warnings)

    def _candidates(self) -> Iterator[tuple[Secret, str, Kept]]:
        """Refresh tokens in the order in which to try them, where they come from, and what is kept beside them."""
        kept = self._not_on_disk or self._load()
        newest = newest_refresh_token(kept.state)
        if newest is not None and self._settled:
            # It has served this process: a command or vault is asked only when it is refused.
            yield newest, "kept", kept
        given = self._read_given(needed=newest is None)
        seen = given is None or fingerprint(given) == kept.given_sha256
        if given is not None:
            kept = replace(kept, given_sha256=fingerprint(given))
        candidates = [(newest, "kept", kept), (given, "given", kept)]
        for token, source, beside in candidates if seen else candidates[::-1]:
            if token is not None:
                yield token, source, beside

    def _load(self) -> Kept:
        """What is kept. Where that cannot be read, a given token goes without. Raises SignInError: there is none."""
        try:
            return self._store.load()
        except SignInError as error:
            if self._read_given(needed=False) is None:
                raise
            self._warnings.append(f"{error.what}; the given refresh token takes its place")
            return Kept()

    def _first_good(self, claims: str | None) -> Redeemed:
        refused: dict[Secret, Refused] = {}
        for token, source, kept in self._candidates():
            if token in refused:
                continue
            try:
                granted = self._application.redeem(
                    token, state=kept.state, keep=functools.partial(self._keep, kept), claims=claims
                )
            except Refused as error:
                if not error.refusal.about_the_token:
                    raise refusal_error(error.refusal) from None
                refused[token] = error
                self._warnings.append(f"the {source} refresh token was refused: {error.refusal.said}")
                continue
            self._settled = True
            self._pass_on(granted)
            return Redeemed(granted=granted, source=source, warnings=tuple(self._warnings))
        self._settled = False
        if not refused:
            raise SignInError("nobody has signed in yet: there is no refresh token", next_step=self._nobody)
        # One that asks for more proof is not dead, and says best what to do.
        first, *others = sorted(refused.values(), key=lambda one: not one.refusal.needs_mfa)
        raise refusal_error(first.refusal, *(other.refusal for other in others))

    def _keep(self, kept: Kept, state: str) -> None:
        """Durably, the new state in place of the kept one.

        When that fails a run goes on: this process knows the newer one, and the older may still be good.
        """
        newer = replace(kept, state=state, kept_at=rfc3339(self._now()))
        try:
            self._store.save(newer)
            self._not_on_disk = None
        except OSError as error:
            self._not_on_disk = newer
            self._warnings.append(
                f"the new refresh token could not be kept in {self._store.place} ({error.strerror or error})"
            )

    def _pass_on(self, granted: Granted) -> SignInError | None:
        """To where the given one came from, if that takes it; why it did not. It is kept here already."""
        if self._given is None or granted.refresh_token is None:
            return None
        try:
            if self._given.replace(granted.refresh_token):
                kept = self._not_on_disk or self._store.load()
                self._keep(replace(kept, given_sha256=fingerprint(granted.refresh_token)), kept.state)
        except SignInError as error:
            self._warnings.append(error.what)
            return error
        return None

    def _read_given(self, *, needed: bool) -> Secret | None:
        """What is given from outside; that it cannot be read ends nothing as long as there is another one."""
        if self._given is None:
            return None
        try:
            token = self._given.read()
        except (RefusedError, SignInError) as error:
            if needed:
                raise SignInError(error.what, next_step=error.next_step, details=error.details) from error
            self._warnings.append(error.what)
            return None
        if self._given.warning:
            self._warnings.append(self._given.warning)
        return token
