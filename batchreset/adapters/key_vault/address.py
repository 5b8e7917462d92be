"""Where a secret is: `https://NAME.vault.azure.net/secrets/SECRET`."""

import re
from dataclasses import dataclass
from typing import Final, Self

from batchreset.errors import SettingsError

CLOUDS: Final = (".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net")
"""What the hosts of real vaults end in. https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates"""

_FORM: Final = "https://NAME.vault.azure.net/secrets/SECRET"
_ADDRESS: Final = re.compile(
    r"(?P<vault>https://(?P<host>[a-z0-9.-]+)(:[0-9]{1,5})?)/secrets/(?P<name>[a-z0-9-]{1,127})(/(?P<version>.*))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretAddress:
    """A secret's place.

    Attributes:
        vault: the vault's address, without a slash at its end.
        host: of it, in lower case.
        name: the secret's.
    """

    vault: str
    host: str
    name: str

    @classmethod
    def parse(cls, address: str) -> Self:
        """Raises SettingsError, which does not repeat an address of another form: a password may stand in it."""
        parts = _ADDRESS.fullmatch(address.strip())
        if parts is None:
            raise SettingsError(
                f"the address of the secret in Azure Key Vault is not of the form {_FORM}",
                next_step="give the secret's address without a version, a question mark or a user name in it",
            )
        if parts["version"]:
            raise SettingsError(
                f"the address of the secret {parts['name']} in Azure Key Vault ends in a version, but it is always the"
                " newest version that is read, and a renewed token is written as a new one",
                next_step=f"leave the version out: {parts['vault']}/secrets/{parts['name']}",
            )
        return cls(vault=parts["vault"], host=parts["host"].lower(), name=parts["name"])

    @property
    def cloud(self) -> str | None:
        """Of `CLOUDS`; None for a gateway's host, or a test's."""
        return next((suffix for suffix in CLOUDS if self.host.endswith(suffix)), None)

    def __str__(self) -> str:
        return f"the secret {self.name} of {self.host}"
