"""The refresh token as a secret in Azure Key Vault. Microsoft's libraries are imported only when one is made."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from batchreset.adapters.key_vault.address import SecretAddress
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError, SignInError
from batchreset.net import tls_context

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

CONTENT_TYPE: Final = "Microsoft Entra refresh token of batchreset"
"""Shown beside the secret in the portal."""

_Answer = TypeVar("_Answer")


class KeyVaultSecret:
    """A secret in Azure Key Vault that holds the refresh token.

    Calls wait for the vault: from async code they belong in a thread, one at a time. A vault that cannot be reached is
    told of after about 15 seconds.

    Args:
        address: `https://NAME.vault.azure.net/secrets/SECRET`, of any cloud, or of a gateway.
        ca_file: as for `tls_context`; holds for the sign-in to Azure too.
        credential: who opens the vault; it stays the caller's to close. None: `DefaultAzureCredential`.
        sleep: how to wait before another attempt.

    Raises:
        SettingsError: the address, `ca_file` or an AZURE_… variable cannot be used, or the extra is not installed.
    """

    def __init__(
        self,
        address: str,
        *,
        ca_file: str = "",
        credential: "TokenCredential | None" = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = SecretAddress.parse(address)
        try:
            # Half a second to import, and not there without the extra.
            from batchreset.adapters.key_vault import client, refusals  # noqa: PLC0415
        except ImportError as error:
            raise SettingsError(
                "the refresh token is to be kept in Azure Key Vault, but Microsoft's libraries for it are not installed"
                f" ({error.name or 'one of them'} is missing)",
                next_step="install them: `pip install '.[keyvault]'`",
            ) from error
        self._refused = refusals.refused
        self._vault = client.Vault(self._address, verify=tls_context(ca_file), credential=credential, sleep=sleep)

    def read(self) -> Secret | None:
        """The newest version; None when there is no such secret yet. Raises SignInError."""
        value = self._ask(self._vault.newest, doing="read from", token=None)
        if value is None:
            return None
        text = value.strip("\ufeff\r\n")  # `az keyvault secret set --file` keeps a file's line break
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise SignInError(
                f"{self._address} is empty, or holds something else than a refresh token",
                next_step="check the secret's name; `batchreset auth login` writes a token to it",
            )
        return Secret(text)

    def write(self, token: Secret) -> None:
        """A new version. Written twice, it is there twice, which does no harm. Raises SignInError."""
        self._ask(
            lambda: self._vault.add(token.open(), content_type=CONTENT_TYPE), doing="written to", token=token
        )  # fmt: skip

    def close(self) -> None:
        self._vault.close()

    def _ask(self, call: Callable[[], _Answer], *, doing: str, token: Secret | None) -> _Answer:
        try:
            return call()
        except Exception as error:  # noqa: BLE001  whatever a vendor raises may repeat the secret
            secrets = (*(() if token is None else (token,)), *self._vault.may_be_echoed)
            refusal = self._refused(error, self._address, doing=doing, secrets=secrets)
        # Outside the block: not even as its context does it lead to the vendor's error, whose text may hold the body.
        raise refusal
