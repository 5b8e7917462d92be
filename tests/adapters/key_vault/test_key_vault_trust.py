"""Who is trusted, and with what the vault is opened: the settings say it, not whatever the environment holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from key_vault_server import (
    AZURE_TOKEN,
    Opened,
    ProxyServer,
    another_authority,
    forget_environment,
    opened,
    serving,
    write_ca_file,
)

from batchreset.adapters.key_vault import KeyVaultSecret
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError, SignInError

CANARY = Secret("0.AXcA-refresh-token")


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opened]:
    forget_environment(monkeypatch, tmp_path)
    with opened(tmp_path) as vault:
        yield vault


def test_a_vault_of_an_unknown_authority_is_not_trusted(vault: Opened) -> None:
    with vault.secret(ca_file="") as secret, pytest.raises(SignInError, match="certificate is not trusted") as refused:
        secret.write(CANARY)

    assert "ca_file" in refused.value.next_step
    assert vault.server.seen == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_in_the_environment_does_not_take_the_place_of_ca_file(
    vault: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(name, write_ca_file(tmp_path, of=another_authority()))

    with vault.secret() as secret:
        assert secret.read() is None


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_in_the_environment_adds_no_trust(vault: Opened, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, vault.ca_file)

    with vault.secret(ca_file="") as secret, pytest.raises(SignInError, match="certificate is not trusted"):
        secret.read()


def test_the_bundle_that_requests_brings_adds_no_trust(vault: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", vault.ca_file)

    with vault.secret(ca_file="") as secret:
        assert secret.read() is None
        (trusting,) = (each for each in secret._vault._session.adapters.values() if hasattr(each, "_context"))
        assert trusting._context.cert_store_stats()["x509_ca"] == 1


def test_a_ca_file_that_is_none_is_a_wrong_setting(vault: Opened, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ca_file"), vault.secret(ca_file=str(tmp_path / "missing.pem")):
        pass


def test_a_netrc_does_not_take_the_place_of_the_azure_token(
    vault: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n", encoding="ascii")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    with vault.secret() as secret:
        assert secret.read() is None

    assert [seen.headers.get("Authorization") for seen in vault.server.seen] == [None, f"Bearer {AZURE_TOKEN}"]


def test_a_managed_identity_opens_the_vault_with_the_same_trust(
    vault: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "managedidentitycredential")
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"https://localhost:{vault.server.port}/identity")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", write_ca_file(tmp_path, of=another_authority()))
    secret = KeyVaultSecret(vault.server.address, ca_file=vault.ca_file)

    secret.write(CANARY)
    secret.close()

    assert vault.server.secrets["token"][0]["value"] == CANARY.open()


def test_no_identity_at_all_is_told_with_what_was_tried(vault: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "environmentcredential")
    secret = KeyVaultSecret(vault.server.address, ca_file=vault.ca_file)

    with pytest.raises(SignInError, match="no Azure identity could sign in") as refused:
        secret.read()
    secret.close()

    assert any("EnvironmentCredential" in line for line in refused.value.details)
    assert "az login" in refused.value.next_step


@pytest.mark.parametrize(
    ("host", "signs_in_at"),
    [
        ("name.vault.azure.net", "login.microsoftonline.com:443"),
        ("name.vault.azure.cn", "login.chinacloudapi.cn:443"),
        ("name.vault.usgovcloudapi.net", "login.microsoftonline.us:443"),
    ],
)
def test_a_service_principal_signs_in_at_the_clouds_own_authority(
    vault: Opened, monkeypatch: pytest.MonkeyPatch, host: str, signs_in_at: str
) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.setenv(name, "11111111-2222-4333-8444-555555555555")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "environmentcredential")
    with serving(ProxyServer(None)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        secret = KeyVaultSecret(f"https://{host}/secrets/token", ca_file=vault.ca_file)
        credential = secret._vault._secrets._client._config.credential
        with pytest.raises(Exception, match="EnvironmentCredential"):
            credential.get_token("https://vault.azure.net/.default")
        secret.close()

    assert set(proxy.asked) == {signs_in_at}


def test_azure_variables_that_cannot_be_used_are_wrong_settings(vault: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "nobody")

    with pytest.raises(SettingsError, match="how to sign in to Azure") as refused:
        KeyVaultSecret("https://name.vault.azure.net/secrets/token")

    assert "nobody" in refused.value.details[0]
