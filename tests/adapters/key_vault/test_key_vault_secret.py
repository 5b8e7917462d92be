"""The refresh token is kept in Key Vault, through Microsoft's own library, against a vault on real sockets."""

import logging
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from key_vault_server import TOKEN, Answer, Opened, ProxyServer, forget_environment, opened, refusal, serving

from batchreset.adapters.key_vault import KeyVaultSecret
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError, SignInError


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Opened]:
    forget_environment(monkeypatch, tmp_path)
    with opened(tmp_path) as vault:
        yield vault


def test_what_was_written_is_read_back(vault: Opened) -> None:
    with vault.secret() as secret:
        secret.write(Secret(TOKEN))
        assert secret.read() == Secret(TOKEN)

    assert vault.server.secrets["token"] == [
        {"value": TOKEN, "contentType": "Microsoft Entra refresh token of batchreset"}
    ]
    assert vault.credential.scopes == ["https://vault.azure.net/.default"]


def test_the_token_is_not_sent_before_the_vault_has_said_who_may_write(vault: Opened) -> None:
    with vault.secret() as secret:
        secret.write(Secret(TOKEN))

    assert [(seen.method, bool(seen.body)) for seen in vault.server.seen] == [("PUT", False), ("PUT", True)]
    assert "Authorization" not in vault.server.seen[0].headers


def test_the_newest_version_is_read(vault: Opened) -> None:
    with vault.secret() as secret:
        secret.write(Secret("older"))
        secret.write(Secret("newer"))
        assert secret.read() == Secret("newer")

    assert len(vault.server.secrets["token"]) == 2


def test_a_secret_that_is_not_there_yet_is_none(vault: Opened) -> None:
    with vault.secret() as secret:
        assert secret.read() is None


def test_a_files_line_break_behind_the_token_is_taken_off(vault: Opened) -> None:
    vault.server.secrets["token"] = [{"value": f"\ufeff{TOKEN}\r\n"}]

    with vault.secret() as secret:
        assert secret.read() == Secret(TOKEN)


@pytest.mark.parametrize(
    "value", ["", "\n", None, "canary canary", "canary\ncanary", "canaryé", "canary\x00"], ids=repr
)
def test_what_cannot_be_a_refresh_token_is_refused_and_not_shown(vault: Opened, value: str | None) -> None:
    vault.server.secrets["token"] = [{"value": value}]

    with vault.secret() as secret, pytest.raises(SignInError, match="something else than a refresh token") as refused:
        secret.read()

    assert "canary" not in "".join(refused.value.lines())


def test_trouble_that_passes_is_not_noticed(vault: Opened) -> None:
    vault.server.instead = [refusal(503, "ServiceUnavailable"), refusal(500, "InternalServerError")]

    with vault.secret() as secret:
        secret.write(Secret(TOKEN))

    assert vault.server.secrets["token"]


def test_a_vault_that_asks_for_an_hours_wait_is_not_waited_for(vault: Opened) -> None:
    vault.server.instead = [refusal(429, "Throttled", **{"Retry-After": "3600"})] * 3

    with vault.secret() as secret, pytest.raises(SignInError, match="asked too often"):
        secret.read()

    assert vault.waits == [5.0, 5.0]


def test_the_token_does_not_follow_a_redirect(vault: Opened) -> None:
    vault.server.instead = [Answer(307, headers={"Location": f"https://localhost:{vault.server.port}/secrets/other"})]

    with vault.secret() as secret, pytest.raises(SignInError, match="could not be understood"):
        secret.write(Secret(TOKEN))

    assert {seen.path.split("?")[0] for seen in vault.server.seen} == {"/secrets/token"}


def test_closing_it_closes_its_connections(vault: Opened) -> None:
    with vault.secret() as secret:
        secret.write(Secret(TOKEN))
        assert not vault.server.left.is_set()

    assert vault.server.left.wait(10)


def test_a_given_credential_stays_its_givers(vault: Opened) -> None:
    with vault.secret() as secret:
        secret.read()

    assert not vault.credential.closed


@pytest.mark.parametrize(
    "resource", ["https://management.azure.com", "https://graph.microsoft.com", "canary", "https://host"]
)
def test_a_gateway_is_given_no_token_of_another_service(vault: Opened, resource: str) -> None:
    vault.server.resource = resource

    with vault.secret() as secret, pytest.raises(SignInError, match="another service"):
        secret.read()

    assert vault.credential.scopes == []
    assert [seen.headers.get("Authorization") for seen in vault.server.seen] == [None]


@pytest.mark.parametrize(
    "resource", ["https://vault.azure.cn", "https://vault.usgovcloudapi.net/", "https://localhost"]
)
def test_a_gateway_is_given_tokens_of_a_vault_or_of_its_own(vault: Opened, resource: str) -> None:
    vault.server.resource = resource

    with vault.secret() as secret:
        assert secret.read() is None

    assert vault.credential.scopes == [f"{resource}/.default"]


def test_a_real_vault_is_reached_through_the_proxy(vault: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ProxyServer(vault.server.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with vault.secret("https://through.vault.azure.net/secrets/token") as secret:
            secret.write(Secret(TOKEN))
            assert secret.read() == Secret(TOKEN)

    assert proxy.asked == ["through.vault.azure.net:443"]
    assert vault.credential.scopes == ["https://vault.azure.net/.default"]


def test_a_real_vault_that_names_another_resource_is_given_no_token(
    vault: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.server.resource = "https://vault.azure.cn"  # a gateway would get it
    with serving(ProxyServer(vault.server.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            vault.secret("https://other.vault.azure.net/secrets/token") as secret,
            pytest.raises(SignInError, match="could not be understood"),
        ):
            secret.read()

    assert vault.credential.scopes == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "canary",
        "http://name.vault.azure.net/secrets/token",
        "https://name.vault.azure.net/keys/token",
        "https://name.vault.azure.net/secrets/",
        "https://name.vault.azure.net/secrets/under_score",
        "https://name.vault.azure.net/secrets/token?canary",
        "https://canary:canary@name.vault.azure.net/secrets/token",
        "https://name.vault.azure.net\\@canary/secrets/token",
        "https:///secrets/token",
    ],
)
def test_another_form_of_address_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(SettingsError, match=r"https://NAME\.vault\.azure\.net/secrets/SECRET") as refused:
        KeyVaultSecret(address)

    assert "canary" not in "".join(refused.value.lines())


def test_a_version_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingsError, match="always the newest version") as refused:
        KeyVaultSecret("https://name.vault.azure.net/secrets/token/0123456789abcdef")

    assert refused.value.next_step == "leave the version out: https://name.vault.azure.net/secrets/token"


def test_the_token_is_in_nothing_that_can_be_looked_at(vault: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """At logging's most talkative, after use, and in the objects under it as far as they go."""
    caplog.set_level(logging.DEBUG)

    with vault.secret() as secret:
        secret.write(Secret(TOKEN))
        secret.read()
        assert "canary" not in repr(secret)
        assert not [text for text in _texts(secret, set()) if "canary" in text]

    assert caplog.records
    assert not [record for record in caplog.records if "canary" in str(vars(record)) or "canary" in record.getMessage()]


def _texts(thing: Any, seen: set[int]) -> list[str]:
    """All texts in the object and in what it refers to."""
    if id(thing) in seen or isinstance(thing, Opened | type | types.ModuleType | types.FunctionType | types.MethodType):
        return []
    seen.add(id(thing))
    if isinstance(thing, bytes | str):
        return [thing if isinstance(thing, str) else thing.decode("latin-1")]
    parts = [*getattr(thing, "__dict__", {}).values()]
    if isinstance(thing, dict):
        parts += [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        parts += thing
    return [text for part in parts for text in _texts(part, seen)]


def test_without_the_extra_it_says_what_to_install() -> None:
    done = _python(
        "import sys; sys.modules['azure.core'] = sys.modules['azure.identity'] = None\n"
        "from batchreset.adapters.key_vault import KeyVaultSecret\n"
        "from batchreset.errors import SettingsError\n"
        "try: KeyVaultSecret('https://name.vault.azure.net/secrets/token')\n"
        "except SettingsError as error: print(*error.lines())\n"
    )

    assert "pip install '.[keyvault]'" in done.stdout


def test_microsofts_libraries_are_not_imported_before_they_are_needed() -> None:
    done = _python(
        "import sys, batchreset.adapters.key_vault\n"
        "print([name for name in sys.modules if name.partition('.')[0] in {'azure', 'msal', 'requests'}])\n"
    )

    assert done.stdout == "[]\n"


def test_microsofts_loggers_write_nothing_where_no_logging_is_set_up() -> None:
    done = _python(
        "import logging\n"
        "from batchreset.adapters.key_vault import KeyVaultSecret\n"
        "KeyVaultSecret('https://name.vault.azure.net/secrets/token').close()\n"
        "for name in ('azure.identity', 'azure.core', 'msal.application'): logging.getLogger(name).error(name)\n"
    )

    assert done.stderr == ""


def _python(code: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done
