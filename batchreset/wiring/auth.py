"""`auth login` and `logout`: the operator's sign-in, apart from any run. Needs msal."""

from collections.abc import Callable, Mapping

from batchreset.adapters.signin.application import Granted
from batchreset.adapters.signin.exchange import UNREACHABLE_NEXT, Unclear
from batchreset.adapters.signin.login import by_browser, by_device_code
from batchreset.adapters.signin.refusals import Refused, refusal_error
from batchreset.core.events import EventLog
from batchreset.errors import RunFolderError, SettingsError, SignInError
from batchreset.settings.model import Settings
from batchreset.wiring.kept import kept_sign_in, store_of
from batchreset.wiring.sign_in import kind_of, refuse_unusable, token_check

Say = Callable[[str], None]


def login(settings: Settings, *, environ: Mapping[str, str], log: EventLog, say: Say, port: int | None) -> None:
    """Have a person sign in, and keep the sign-in for all later runs.

    Args:
        settings: which application, where.
        environ: holds its credential.
        log: for what happens on the way.
        say: shows a line to the person.
        port: of the loopback address that the browser comes back to (0: any); None: by a code entered elsewhere.

    Raises:
        SettingsError: the application cannot be used, or a ready token makes a sign-in useless.
        SignInError: refused, not completed, of the wrong tenant, or it could not be kept.
    """
    if kind_of(settings, environ) == "access_token":
        raise SettingsError(
            "nobody can sign in like this: [auth] client_id is missing, or kind is access_token",
            next_step='set [auth] kind = "refresh_token" (or "device_code"), tenant_id and client_id, then sign in',
        )
    refuse_unusable(settings)
    check = token_check(settings.auth.tenant_id)
    with kept_sign_in(settings, environ=environ, log=log) as parts:
        if parts.application.is_public:
            say("No client secret or certificate is set: this works for public clients only.")

        def sign_in(keep: Callable[[str], None]) -> Granted:
            if port is None:
                return by_device_code(parts.application, keep, say=say)
            return by_browser(parts.application, keep, say=say, port=port)

        try:
            granted = parts.kept.take_over(sign_in, check)
        except Refused as error:
            raise refusal_error(error.refusal) from None
        except Unclear as error:
            raise SignInError(
                f"the sign-in service cannot be reached or gives no clear answer: {error.detail}",
                next_step=UNREACHABLE_NEXT,
            ) from None
        for warning in parts.kept.warnings:
            say(f"warning: {warning}")
        who = f" as {granted.user}" if granted.user else ""
        protection = "encrypted by the platform" if parts.store.encrypted else "mode 0600, not encrypted"
        say(f"Signed in{who}. The sign-in is kept ({protection}) in")
        say(f"  {parts.store.place}")
        say("Check it, and MFA, with `batchreset auth status`.")


def logout(settings: Settings) -> tuple[bool, str]:
    """Remove what was kept; whether there was anything, and where.

    Raises:
        SettingsError: the settings do not say whose.
        SignInError: another process does not let go of it.
        RunFolderError: it cannot be removed.
    """
    if not settings.auth.client_id:
        raise SettingsError(
            "no sign-in can be found to be removed: [auth] client_id is missing",
            next_step="give tenant_id and client_id as for `batchreset auth login`",
        )
    store = store_of(settings)
    try:
        with store.held():
            return store.remove(), store.place
    except OSError as error:
        raise RunFolderError(
            f"the sign-in kept in {store.place} cannot be removed ({error.strerror})",
            next_step="remove it by hand, and see that its folder is yours",
        ) from error
