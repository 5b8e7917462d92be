"""The parts of a sign-in that is kept from run to run, put together from settings. Needs msal."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from batchreset.adapters.key_vault import KeyVaultSecret
from batchreset.adapters.signin.application import Application, AppSettings
from batchreset.adapters.signin.certificate import Certificate, read_certificate
from batchreset.adapters.signin.kept_sign_in import GivenRefreshToken, KeptSignIn
from batchreset.adapters.signin.store import SignInStore, open_store
from batchreset.core.events import EventLog
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError
from batchreset.net import tls_context
from batchreset.net.clients import sign_in_client
from batchreset.settings.model import Settings
from batchreset.settings.secrets import read_secret
from batchreset.wiring.sign_in import APP_ONLY

SIGN_IN_TIMEOUT_SECONDS: Final = 30.0
"""For each read of the sign-in service, which answers in a second or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptParts:
    """A kept sign-in, its application, and where it is kept."""

    kept: KeptSignIn
    application: Application
    store: SignInStore


@contextlib.contextmanager
def kept_sign_in(settings: Settings, *, environ: Mapping[str, str], log: EventLog) -> Iterator[KeptParts]:
    """The parts, while the block runs; nothing is sent yet.

    Raises:
        SettingsError: the application, its credential or its variables cannot be used.
    """
    app = AppSettings(
        authority=settings.authority,
        tenant_id=settings.auth.tenant_id,
        client_id=settings.auth.client_id,
        credential=credential_of(environ),
        scope=settings.scope,
    )
    verify, store = tls_context(settings.partner_center.ca_file), store_of(settings)
    with (
        _given(settings, environ) as given,
        sign_in_client(timeout_seconds=SIGN_IN_TIMEOUT_SECONDS, verify=verify) as http,
    ):
        application = Application(http, app)
        kept = KeptSignIn(application, store, given, nobody=_what_to_do(settings))
        try:
            yield KeptParts(kept=kept, application=application, store=store)
        finally:
            lost = kept.finish()
            if lost is not None:
                log.error("auth.not_kept", detail=lost)


def store_of(settings: Settings) -> SignInStore:
    """Where the sign-in of these settings is kept. Nothing is read or made."""
    return open_store(
        authority=settings.authority,
        tenant_id=settings.auth.tenant_id,
        client_id=settings.auth.client_id,
        cache_dir=settings.auth.cache_dir,
    )


def credential_of(environ: Mapping[str, str]) -> Secret | Certificate | None:
    """The application's own proof; None for a public client."""
    secret, certificate = read_secret("client_secret", environ), read_secret("client_certificate", environ)
    if secret is not None and certificate is not None:
        raise SettingsError(
            f"{secret.origin} and {certificate.origin} are both set, and an application proves itself by one",
            next_step="unset one of them; a certificate is the better proof",
        )
    if certificate is not None:
        return read_certificate(certificate.secret)
    return secret.secret if secret is not None else None


def _what_to_do(settings: Settings) -> str:
    login = "sign in once with `batchreset auth login` (it keeps the sign-in for all later runs)"
    if settings.auth.kind == "device_code":
        return login
    return f"{login}, or give a refresh token in BATCHRESET_AUTH__REFRESH_TOKEN; {APP_ONLY}"


@contextlib.contextmanager
def _given(settings: Settings, environ: Mapping[str, str]) -> Iterator[GivenRefreshToken | None]:
    """Where a refresh token comes from, beside what is kept."""
    if settings.auth.kind == "device_code":
        yield None
    elif not settings.auth.keyvault:
        yield FromEnvironment(environ)
    else:
        vault = KeyVaultSecret(settings.auth.keyvault, ca_file=settings.partner_center.ca_file)
        with contextlib.closing(vault):
            yield FromVault(vault, FromEnvironment(environ))


class FromEnvironment:
    """A variable, a file or a command."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.warning: str | None = None

    def read(self) -> Secret | None:
        """Raises SettingsError."""
        found = read_secret("refresh_token", self._environ)
        self.warning = found.warning if found else None
        return found.secret if found else None

    def replace(self, newer: Secret) -> bool:  # noqa: ARG002  nothing there takes it
        """A variable cannot be written; a file or a vault behind a command is somebody else's."""
        return False


class VaultSecret(Protocol):
    """One secret of a vault."""

    def read(self) -> Secret | None:
        """The newest version. Raises SignInError."""
        ...

    def write(self, token: Secret) -> None:
        """A new version. Raises SignInError."""
        ...


class FromVault:
    """A secret in a vault (Azure Key Vault), or, while there is none yet, what the environment gives to begin with."""

    def __init__(self, vault: VaultSecret, first: FromEnvironment) -> None:
        self._vault = vault
        self._first = first

    @property
    def warning(self) -> str | None:
        return self._first.warning

    def read(self) -> Secret | None:
        """Raises SettingsError, SignInError."""
        return self._vault.read() or self._first.read()

    def replace(self, newer: Secret) -> bool:
        """Raises SignInError."""
        self._vault.write(newer)
        return True
