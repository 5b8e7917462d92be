"""Secrets of the environment: found in three ways, and never shown."""

import shlex
import sys
import traceback
from pathlib import Path

import pytest

from batchreset.core.secret import Secret
from batchreset.errors import SettingsError
from batchreset.settings.secret_names import SecretName
from batchreset.settings.secrets import FoundSecret, is_open_to_others, read_secret

CANARY = "canary-7f3a"
VARIABLE = "BATCHRESET_AUTH__ACCESS_TOKEN"
FILE = f"{VARIABLE}_FILE"
COMMAND = f"{VARIABLE}_COMMAND"
PEM = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    return path


def python(code: str) -> str:
    """A command line that runs a line of Python."""
    return shlex.join([sys.executable, "-c", code])


def refusal(environ: dict[str, str]) -> SettingsError:
    """The refusal, which shows the canary nowhere, not even in its traceback's causes."""
    with pytest.raises(SettingsError) as caught:
        read_secret("access_token", environ, command_timeout_seconds=5)
    assert CANARY not in "\n".join(caught.value.lines())
    assert CANARY not in "".join(traceback.format_exception(caught.value, limit=0))
    return caught.value


def test_without_a_variable_there_is_no_secret() -> None:
    assert read_secret("access_token", {"BATCHRESET_AUTH__REFRESH_TOKEN": CANARY}) is None


@pytest.mark.parametrize("name", [VARIABLE, VARIABLE.lower()])
def test_a_secret_comes_from_its_variable_in_any_case(name: str) -> None:
    assert read_secret("access_token", {name: CANARY}) == FoundSecret(secret=Secret(CANARY), origin=VARIABLE)


@pytest.mark.parametrize("content", [CANARY, f"{CANARY}\n", f"{CANARY}\r\n", f"\ufeff{CANARY}\n"])
def test_a_secret_comes_from_a_file_without_its_last_line_break(secret_file: Path, content: str) -> None:
    secret_file.write_bytes(content.encode())
    found = read_secret("access_token", {FILE: str(secret_file)})
    assert found == FoundSecret(secret=Secret(CANARY), origin=FILE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_is_open_to_others_is_read_with_a_warning(secret_file: Path, mode: int) -> None:
    secret_file.write_text(CANARY, encoding="utf-8")
    secret_file.chmod(mode)
    found = read_secret("access_token", {FILE: str(secret_file)})
    assert found is not None
    assert (
        found.warning == f"the file that {FILE} names, {secret_file}, is open to others (mode 0{mode:o}); chmod 600 it"
    )


def test_a_secret_comes_from_the_first_line_that_a_command_prints() -> None:
    command = python(f"print(' {CANARY} '); print('second line')")
    found = read_secret("access_token", {COMMAND: command})
    assert found == FoundSecret(secret=Secret(CANARY), origin=COMMAND)


def test_a_command_sees_the_environment_and_no_standard_input() -> None:
    command = python("import os, sys; print(os.environ['VAULT'] + sys.stdin.read())")
    found = read_secret("access_token", {COMMAND: command, "VAULT": CANARY})
    assert found is not None
    assert found.secret == Secret(CANARY)


@pytest.mark.parametrize("name", ["CLIENT_SECRET", "CLIENT_CERTIFICATE", "REFRESH_TOKEN", "access_token"])
def test_a_command_does_not_see_the_other_secrets(name: str) -> None:
    """Whoever runs as the same user can read a child's environment; this process's own is closed to them."""
    command = python("import os; print('seen:' + ','.join(sorted(n for n in os.environ if 'BATCH' in n.upper())))")
    environ = {"BATCHRESET_AUTH__CLIENT_ID": "x", f"BATCHRESET_AUTH__{name}": CANARY}
    wanted: SecretName = "client_secret" if name != "CLIENT_SECRET" else "refresh_token"
    asked = {**environ, f"BATCHRESET_AUTH__{wanted.upper()}_COMMAND": command}
    found = read_secret(wanted, asked)
    assert found is not None
    assert found.secret.open() == f"seen:BATCHRESET_AUTH__CLIENT_ID,{found.origin}"


def test_a_certificate_may_have_several_lines_from_a_command_too() -> None:
    environ = {"BATCHRESET_AUTH__CLIENT_CERTIFICATE_COMMAND": python(f"print({PEM!r})")}
    found = read_secret("client_certificate", environ)
    assert found is not None
    assert found.secret == Secret(PEM)


def test_a_certificate_with_control_characters_is_refused() -> None:
    with pytest.raises(SettingsError, match="CLIENT_CERTIFICATE gave a text with"):
        read_secret("client_certificate", {"BATCHRESET_AUTH__CLIENT_CERTIFICATE": f"{PEM}\x00"})


def test_a_found_secret_is_masked_where_it_is_printed() -> None:
    assert CANARY not in repr(read_secret("access_token", {VARIABLE: CANARY}))


@pytest.mark.parametrize(
    ("environ", "what"),
    [
        pytest.param(
            {VARIABLE: CANARY, FILE: CANARY},
            f"{VARIABLE} and {FILE} are set at once, and only one of them may be",
            id="two",
        ),
        pytest.param(
            {VARIABLE: CANARY, FILE: CANARY, COMMAND: CANARY},
            f"{VARIABLE} and {FILE} and {COMMAND} are set at once, and only one of them may be",
            id="three",
        ),
        pytest.param({VARIABLE: ""}, f"{VARIABLE} is empty", id="empty"),
        pytest.param({FILE: " "}, f"{FILE} is empty", id="empty-path"),
        pytest.param({COMMAND: ""}, f"{COMMAND} is empty", id="empty-command"),
        pytest.param(
            {FILE: CANARY},
            f"the file that {FILE} names cannot be read: No such file or directory",
            id="secret-for-a-path",
        ),
        pytest.param(
            {FILE: f"{CANARY}\0"},
            f"the file that {FILE} names cannot be read: that is not a path",
            id="not-a-path",
        ),
        pytest.param(
            {COMMAND: CANARY},
            f"the command of {COMMAND} cannot be started: No such file or directory",
            id="secret-for-a-command",
        ),
        pytest.param(
            {COMMAND: f"echo '{CANARY}"},
            f"the command of {COMMAND} cannot be started: it is not a command line (check its quotes)",
            id="open-quote",
        ),
        pytest.param(
            {COMMAND: python(f"import sys; print('{CANARY}'); sys.exit('{CANARY}')")},
            f"the command of {COMMAND} ({Path(sys.executable).name}) failed with exit code 1",
            id="failing-command",
        ),
        pytest.param(
            {COMMAND: python(f"'{CANARY}'")}, f"{COMMAND} gave an empty text", id="command-that-prints-nothing"
        ),
        pytest.param(
            {COMMAND: python(f"import sys; sys.stdout.buffer.write(b'{CANARY}' + bytes([255]))")},
            f"{COMMAND} did not give UTF-8 text",
            id="not-utf-8",
        ),
    ],
)
def test_a_secret_that_cannot_be_had_is_refused_unseen(environ: dict[str, str], what: str) -> None:
    assert refusal(environ).what == what


@pytest.mark.parametrize(
    "text", [f"Bearer {CANARY}", f"{CANARY}\n", f"\t{CANARY}", f"{CANARY}\x00", f"{CANARY}é", f"{CANARY}\u00a0"]
)
def test_a_token_with_blanks_or_control_characters_is_refused_unseen(text: str) -> None:
    assert refusal({VARIABLE: text}).what == (
        f"{VARIABLE} gave a text with a blank, a line break or another character that it cannot hold"
    )


def test_a_file_with_a_second_line_is_refused_unseen(secret_file: Path) -> None:
    secret_file.write_text(f"{CANARY}\n{CANARY}\n", encoding="utf-8")
    assert "line break" in refusal({FILE: str(secret_file)}).what


def test_an_empty_file_is_refused(secret_file: Path) -> None:
    assert refusal({FILE: str(secret_file)}).what == f"{FILE} gave an empty text"


def test_a_command_that_does_not_end_is_ended() -> None:
    command = python(f"import threading; print('{CANARY}', flush=True); threading.Event().wait()")
    with pytest.raises(SettingsError, match=r"did not end in 0\.3 seconds") as caught:
        read_secret("access_token", {COMMAND: command}, command_timeout_seconds=0.3)
    assert CANARY not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize(
    ("mode", "owner", "reader", "warned"),
    [
        pytest.param(0o600, 1000, 1000, False, id="its own"),
        pytest.param(0o640, 1000, 1000, True, id="its own, and a group's"),
        pytest.param(0o440, 0, 1000, False, id="handed over by root"),
        pytest.param(0o444, 0, 1000, True, id="by root to everybody"),
        pytest.param(0o460, 0, 1000, True, id="by root, and a group writes it"),
        pytest.param(0o440, 0, 0, True, id="root's own, and a group's"),
    ],
)
def test_a_file_that_root_hands_to_a_service_by_its_group_is_not_open_to_others(
    mode: int, owner: int, reader: int, *, warned: bool
) -> None:
    assert is_open_to_others(mode, owner=owner, reader=reader) is warned
