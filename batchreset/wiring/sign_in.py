"""From settings to a source of tokens. What needs msal is imported only where a sign-in needs it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from batchreset.adapters.signin import GivenToken
from batchreset.core.events import EventLog
from batchreset.core.secret import Secret
from batchreset.core.token_claims import claims_of
from batchreset.engine.ports import TokenSource
from batchreset.errors import BatchresetError, SettingsError, SignInError
from batchreset.settings.model import Settings
from batchreset.settings.secrets import is_given, read_secret
from batchreset.settings.values import is_guid

APP_ONLY: Final = (
    "client id and secret alone would give an App-only token, and Partner Center resets passwords for App+User tokens"
    " only: a user has to sign in once"
)
"""learn: reset-user-password-for-a-customer, "Prerequisites"."""


def kind_of(settings: Settings, environ: Mapping[str, str]) -> str:
    """How to sign in: as the settings say, else by what is given."""
    if settings.auth.kind is not None:
        return settings.auth.kind
    return "refresh_token" if settings.auth.client_id and not is_given("access_token", environ) else "access_token"


def refuse_unusable(settings: Settings) -> None:
    """Refuse settings with which nobody could sign in, whatever the environment holds. Raises SettingsError."""
    auth = settings.auth
    if auth.kind == "access_token" or (auth.kind is None and not auth.client_id):
        return
    missing = [
        name
        for name, there in (("client_id", auth.client_id), ("tenant_id", auth.tenant_id or auth.authority))
        if not there
    ]
    if missing:
        raise SettingsError(
            f"signing in needs [auth] {' and '.join(missing)}",
            next_step="give the partner's own tenant and the application id of the app registration that the operator"
            " consents to (BATCHRESET_AUTH__TENANT_ID, BATCHRESET_AUTH__CLIENT_ID); or a ready token in"
            ' BATCHRESET_AUTH__ACCESS_TOKEN with [auth] kind = "access_token"',
        )
    if auth.keyvault:
        from batchreset.adapters.key_vault.address import SecretAddress  # noqa: PLC0415  seldom needed

        SecretAddress.parse(auth.keyvault)
    if not auth.authority and not is_guid(auth.client_id):
        raise SettingsError(
            "[auth] client_id is not an application's GUID",
            next_step="give the application (client) id of the app registration, such as"
            " 00001111-aaaa-2222-bbbb-3333cccc4444",
        )


@contextlib.contextmanager
def token_source(settings: Settings, *, environ: Mapping[str, str], log: EventLog) -> Iterator[TokenSource]:
    """Tokens while the block runs; that none can be had is said when one is asked for.

    Raises:
        SettingsError: the application, its credential or its variables cannot be used.
    """
    refuse_unusable(settings)
    check = token_check(settings.auth.tenant_id)
    if kind_of(settings, environ) == "access_token":
        yield _given_token(environ, check, log)
        return
    from batchreset.adapters.signin.renewing import RenewingTokens  # noqa: PLC0415  needs msal
    from batchreset.wiring.kept import kept_sign_in  # noqa: PLC0415  as above

    with kept_sign_in(settings, environ=environ, log=log) as parts:
        if not parts.store.encrypted:
            log.info("auth.kept_in_file", path=parts.store.place, mode="0600")
        yield RenewingTokens(parts.kept.redeem, check=check, log=log)


def nobody_has_signed_in(settings: Settings, environ: Mapping[str, str]) -> bool:
    """Whether a run would surely end for want of a sign-in: nothing is kept here and nothing is given. Asks nobody."""
    if kind_of(settings, environ) == "access_token":
        return not is_given("access_token", environ)
    if settings.auth.keyvault or (settings.auth.kind != "device_code" and is_given("refresh_token", environ)):
        return False
    from batchreset.adapters.signin.cache import newest_refresh_token  # noqa: PLC0415  needs msal
    from batchreset.wiring.kept import store_of  # noqa: PLC0415  as above

    try:
        return newest_refresh_token(store_of(settings).load().state) is None
    except BatchresetError:
        # What cannot be read is told when it is needed, with what to do about it.
        return False


def token_check(partner_tenant: str) -> Callable[[Secret], None]:
    """What raises SignInError for a token that must not be used, as far as it tells of itself.

    Args:
        partner_tenant: the partner's own; empty where it is not said.
    """

    def check(token: Secret) -> None:
        claims = claims_of(token)
        if claims is None:
            return
        if claims.app_only:
            raise SignInError(
                f"the token is App-only, it names no user: {APP_ONLY}",
                next_step="sign in with `batchreset auth login`, or give a token that a user signed in for",
            )
        if is_guid(partner_tenant) and is_guid(claims.tenant_id) and claims.tenant_id != partner_tenant:
            raise SignInError(
                f"the token is of the tenant {claims.tenant_id}, and [auth] tenant_id is {partner_tenant}",
                next_step="sign in as a user of the partner's own tenant, or correct tenant_id",
            )

    return check


def _given_token(environ: Mapping[str, str], check: Callable[[Secret], None], log: EventLog) -> GivenToken:
    """Raises SettingsError: the variables are contradictory, or the file or command fails."""
    found = read_secret("access_token", environ)
    if found is not None and found.warning:
        log.warning("auth.warning", detail=found.warning)

    def read() -> Secret | None:
        again = read_secret("access_token", environ)
        return again.secret if again else None

    return GivenToken(read, first=found.secret if found else None, check=check)
