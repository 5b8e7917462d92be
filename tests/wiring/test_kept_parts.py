"""Where a refresh token and the application's proof come from."""

from pathlib import Path

import pytest
from key_pairs import key_pair

from batchreset.adapters.signin.certificate import Certificate
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError
from batchreset.settings.model import Settings
from batchreset.wiring.kept import FromEnvironment, FromVault, credential_of, store_of


class Vault:
    """A secret in a vault, in memory."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def read(self) -> Secret | None:
        return Secret(self.token) if self.token else None

    def write(self, token: Secret) -> None:
        self.token = token.open()


def test_a_vault_goes_before_the_environment_and_takes_each_replacement() -> None:
    vault = Vault("from-the-vault")
    given = FromVault(vault, FromEnvironment({"BATCHRESET_AUTH__REFRESH_TOKEN": "from-the-environment"}))
    assert given.read() == Secret("from-the-vault")
    assert given.replace(Secret("newer")) is True
    assert vault.token == "newer"


def test_the_environment_begins_where_the_vault_is_still_empty() -> None:
    environ = {"BATCHRESET_AUTH__REFRESH_TOKEN": "from-the-environment"}
    assert FromVault(Vault(None), FromEnvironment(environ)).read() == Secret("from-the-environment")
    assert FromVault(Vault(None), FromEnvironment({})).read() is None


def test_the_environment_takes_no_replacement_and_warns_of_a_file_that_others_may_read(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("refresh", encoding="ascii")
    file.chmod(0o644)
    given = FromEnvironment({"BATCHRESET_AUTH__REFRESH_TOKEN_FILE": str(file)})
    assert given.read() == Secret("refresh")
    assert given.warning is not None
    assert "open to others" in given.warning
    assert given.replace(Secret("newer")) is False
    assert file.read_text(encoding="ascii") == "refresh"


def test_an_application_proves_itself_by_a_certificate_a_secret_or_not_at_all() -> None:
    pair = key_pair()
    secret = {"BATCHRESET_AUTH__CLIENT_SECRET": "s3cret"}
    certificate = {"BATCHRESET_AUTH__CLIENT_CERTIFICATE": pair.pem + pair.key_pem}
    assert credential_of(secret) == Secret("s3cret")
    assert isinstance(credential_of(certificate), Certificate)
    assert credential_of({}) is None
    with pytest.raises(SettingsError, match="both set"):
        credential_of({**secret, **certificate})


@pytest.mark.parametrize(
    ("cloud", "authority", "scope"),
    [
        ("global", "https://login.microsoftonline.com", "https://api.partnercenter.microsoft.com/user_impersonation"),
        (
            "china",
            "https://login.chinacloudapi.cn",
            "https://partner.partnercenterapi.microsoftonline.cn/user_impersonation",
        ),
    ],
)
def test_a_cloud_brings_its_own_authority_and_scope_and_a_gateway_changes_neither(
    cloud: str, authority: str, scope: str
) -> None:
    tree = {"partner_center": {"cloud": cloud, "base_url": "https://gateway.example"}}
    settings = Settings.model_validate(tree)
    assert (settings.authority, settings.scope) == (authority, scope)
    overridden = Settings.model_validate(
        {**tree, "auth": {"authority": "https://login.microsoftonline.us", "scope": "x"}}
    )
    assert (overridden.authority, overridden.scope) == ("https://login.microsoftonline.us", "x")


def test_each_cloud_has_a_sign_in_of_its_own(tmp_path: Path) -> None:
    places = {
        store_of(
            Settings.model_validate({"partner_center": {"cloud": cloud}, "auth": {"cache_dir": str(tmp_path)}})
        ).place
        for cloud in ("global", "china")
    }
    assert len(places) == 2
