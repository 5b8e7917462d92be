"""The refresh token in Azure Key Vault, by Microsoft's own library: machines that keep nothing share one sign-in."""

from collections.abc import Callable
from pathlib import Path

from acceptance_world import World, accounts
from key_vault_server import TOKEN, VaultServer, serving, write_ca_file

from batchreset.simulator.options import Rotation

MakeWorld = Callable[..., World]


def machine(made: World, vault: VaultServer, home: str, **changes: str | None) -> dict[str, str | None]:
    """The environment of one machine: a managed identity, and a home folder of its own."""
    ca_file = made.folder / "both.pem"
    ca_file.write_bytes(Path(write_ca_file(made.folder)).read_bytes() + made.simulator.ca_file.read_bytes())
    return {
        **made.signing_in(KEYVAULT=vault.address, **changes),
        "BATCHRESET_PARTNER_CENTER__CA_FILE": str(ca_file),
        "IDENTITY_ENDPOINT": vault.address.replace("/secrets/token", "/identity"),
        "IDENTITY_HEADER": "header",
        "HOME": str(made.folder / home),
    }


def in_the_vault(vault: VaultServer) -> list[str]:
    """The versions of the secret, oldest first."""
    return [version["value"] for version in vault.secrets.get("token", [])]


def test_machines_share_a_sign_in_in_which_each_token_can_be_used_once(make_world: MakeWorld) -> None:
    made = make_world(rotation=Rotation.ONCE, only_issued_tokens=True, refresh_token=TOKEN)
    with serving(VaultServer()) as vault:
        first = made.batchreset("auth", "status", environ=machine(made, vault, "first"))
        assert first.code == 0, first.stderr
        for number, home in enumerate(("second", "first", "second"), start=1):
            source = made.input(accounts(2, start=number * 10), f"{number}.csv")
            environ = machine(made, vault, home, REFRESH_TOKEN=None)
            ended = made.batchreset("run", source, "--run-id", f"r{number}", "--yes", environ=environ)
            assert ended.code == 0, ended.stderr
        assert in_the_vault(vault) == made.simulator.state.sign_in.refresh_tokens
    assert made.token_requests == ["ok"] * 4


def test_a_person_signs_in_and_the_vault_has_it(make_world: MakeWorld) -> None:
    made = make_world(device_polls=0, refresh_token="", only_issued_tokens=True)
    with serving(VaultServer()) as vault:
        environ = machine(made, vault, "desk", REFRESH_TOKEN=None)
        signed_in = made.batchreset("auth", "login", environ=environ)
        assert signed_in.code == 0, signed_in.stderr
        assert in_the_vault(vault) == made.simulator.state.sign_in.refresh_tokens
        elsewhere = made.batchreset("auth", "status", environ=machine(made, vault, "server", REFRESH_TOKEN=None))
        assert elsewhere.code == 0, elsewhere.stderr


def test_a_sign_in_that_the_vault_did_not_take_is_no_success(make_world: MakeWorld) -> None:
    """The machines that are to share it would have nothing."""
    made = make_world(device_polls=0)
    with serving(VaultServer()) as vault:
        environ = machine(made, vault, "desk", REFRESH_TOKEN=None) | {"IDENTITY_ENDPOINT": None, "PATH": "/nowhere"}
        ended = made.batchreset("auth", "login", environ=environ)
    assert ended.code == 5, ended.stderr
    assert "kept on this machine only" in ended.stderr


def test_a_vault_that_cannot_be_read_is_told(make_world: MakeWorld) -> None:
    made = make_world()
    with serving(VaultServer()) as vault:
        environ = machine(made, vault, "home", REFRESH_TOKEN=None) | {"IDENTITY_ENDPOINT": None, "PATH": "/nowhere"}
        ended = made.batchreset("run", made.input(accounts(2)), "--run-id", "r", "--yes", environ=environ)
    assert ended.code == 5, ended.stderr
    assert "no Azure identity could sign in" in ended.stderr
    assert made.requests == 0
