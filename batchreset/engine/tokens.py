"""The run's tokens, and whether they have served: a 401 to a new one says more than one to a used one."""

from typing import Final

from batchreset.core.classify import Verdict
from batchreset.core.secret import Secret
from batchreset.engine.ports import TokenSource

_TAKEN: Final = frozenset(
    {
        Verdict.SUCCEEDED,
        Verdict.WEAK_PASSWORD,
        Verdict.NOT_FOUND,
        Verdict.FORBIDDEN,
        Verdict.CONFLICT,
        Verdict.BAD_REQUEST,
    }
)
"""The service looked at the request, so it had taken the token. 429 and 5xx come before that, or instead."""


class RunTokens:
    """A `TokenSource` that remembers which tokens have served."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._served: set[Secret] = set()
        self._last: set[Secret] = set()

    async def token(self) -> Secret:
        """The source's. Raises SignInError."""
        return await self._source.token()

    async def renew(self, rejected: Secret, *, claims: str | None) -> Secret:
        """The source's; one that gives the same token again has no other. Raises SignInError."""
        renewed = await self._source.renew(rejected, claims=claims)
        if renewed == rejected:
            self._last.add(rejected)
        return renewed

    async def keep_fresh(self) -> None:
        """The source's."""
        await self._source.keep_fresh()

    def is_current(self, token: Secret) -> bool:
        """The source's."""
        return self._source.is_current(token)

    def judged(self, verdict: Verdict, token: Secret) -> Verdict:
        """The verdict on an exchange, knowing its token."""
        if verdict in _TAKEN:
            self._served.add(token)
        if verdict is not Verdict.UNAUTHORIZED or token in self._last:
            return verdict
        return Verdict.TOKEN_WORN if token in self._served or not self.is_current(token) else verdict
