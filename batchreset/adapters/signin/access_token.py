"""`[auth] kind = "access_token"`: a token that was got elsewhere, as it is."""

from collections.abc import Callable

import anyio.to_thread

from batchreset.core.secret import Secret
from batchreset.errors import RefusedError, SignInError

_NEXT = (
    "give a fresh App+User token for Partner Center in BATCHRESET_AUTH__ACCESS_TOKEN (or …_FILE, …_COMMAND), or set"
    " [auth] tenant_id and client_id and sign in with `batchreset auth login`; then continue the run with `batchreset"
    " apply`"
)


class GivenToken:
    """A `TokenSource` over `read`, which is asked again when the token was refused.

    A file or a command may hand out a newer one by then. The same one again is tried again: a single 401 may be the
    service's own hiccup, and the row's second one ends the run.

    Args:
        first: what was read already.
        check: raises SignInError for a token that must not be used.
    """

    def __init__(
        self,
        read: Callable[[], Secret | None],
        *,
        first: Secret | None = None,
        check: Callable[[Secret], None] = lambda _: None,
    ) -> None:
        self._read = read
        self._check = check
        self._token = first
        self._checked: Secret | None = None
        self._one_at_a_time = anyio.Lock()
        self._readings = 0

    async def token(self) -> Secret:
        """The given token. Raises SignInError: none was given, or one that must not be used."""
        if self._token is None:
            self._token = await self._read_now()
        if self._token is not self._checked:
            self._check(self._token)
            self._checked = self._token
        return self._token

    def is_current(self, token: Secret) -> bool:
        """Whether it is the one that is handed out."""
        return token == self._token

    async def renew(self, rejected: Secret, *, claims: str | None) -> Secret:  # noqa: ARG002  it cannot take claims on
        """What the file or command says now. Raises SignInError: nothing any more."""
        readings = self._readings
        async with self._one_at_a_time:
            # Who waited while it was read for another row takes what came of that: a command is not run for each row.
            if self._token is None or (self._token == rejected and self._readings == readings):
                self._token = await self._read_now()
            return self._token

    async def keep_fresh(self) -> None:
        """Nothing can be renewed ahead of time."""

    async def _read_now(self) -> Secret:
        try:
            token = await anyio.to_thread.run_sync(self._read)
        except RefusedError as error:
            raise SignInError(error.what, next_step=error.next_step, details=error.details) from error
        finally:
            self._readings += 1
        if token is None:
            raise SignInError(
                'no access token is given ([auth] kind is "access_token", as it is where client_id is missing)',
                next_step=_NEXT,
            )
        return token
