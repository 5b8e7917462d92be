"""Who hears of it: from settings, files, commands and the environment; and what of it a run keeps."""

import shlex
import sys
from pathlib import Path

import pytest

from batchreset.core.secret import Secret
from batchreset.errors import SettingsError
from batchreset.settings.model import OutputSettings, Settings
from batchreset.settings.snapshot import from_snapshot, to_snapshot
from batchreset.wiring.audience import (
    Elsewhere,
    audience_as_far_as_possible,
    audience_of,
    completed,
    exposed,
    fixed_output,
    given_anew,
)

CANARY = "c4n4ry-7f3a"
HOOK = f"jsons://example.org/{CANARY}"
PING = f"https://hc-ping.com/{CANARY}"
NOTIFY = "BATCHRESET_OUTPUT__NOTIFY"


def settings(**output: object) -> Settings:
    return Settings.model_validate({"output": output})


@pytest.fixture
def addresses(tmp_path: Path) -> Path:
    path = tmp_path / "notify.txt"
    path.write_text(f"# Teams\n{HOOK}\n\nmailto://example.org\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_an_entry_is_an_address_or_a_file_of_some(addresses: Path) -> None:
    found = audience_of(settings(notify=[str(addresses), "syslog://"], ping=PING))
    assert found.notify == (Secret(HOOK), Secret("mailto://example.org"), Secret("syslog://"))
    assert found.ping == Secret(PING)
    assert found.warnings == ()


def test_a_file_that_others_may_read_is_read_with_a_warning(addresses: Path) -> None:
    addresses.chmod(0o644)
    (warning,) = audience_of(settings(notify=[str(addresses)])).warnings
    assert "chmod 600" in warning
    assert f"[output] notify names, {addresses}," in warning
    elsewhere = Elsewhere({f"{NOTIFY}_FILE": str(addresses)})
    completed(Settings(), flags={}, elsewhere=elsewhere)
    assert ["chmod 600" in warning for warning in elsewhere.warnings] == [True]


@pytest.mark.parametrize("content", ["", "# nothing\n", "two words://x\n"])
def test_a_file_without_addresses_is_refused_by_its_name(addresses: Path, content: str) -> None:
    addresses.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"\[output\] notify, {addresses}") as caught:
        audience_of(settings(notify=[str(addresses)]))
    assert ("one address a line" in caught.value.next_step) is (not content.startswith("two"))


def test_a_file_of_addresses_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"\[output\] notify names, none\.txt, cannot be read"):
        audience_of(settings(notify=["none.txt"]))


def test_a_command_that_gives_nothing_is_started_once_and_is_a_warning(tmp_path: Path) -> None:
    """A vault that hiccups is no reason not to run."""
    runs = tmp_path / "runs"
    command = shlex.join([sys.executable, "-c", f"open({str(runs)!r}, 'a').write('x'); raise SystemExit(3)"])
    elsewhere = Elsewhere({f"{NOTIFY}_COMMAND": command})
    for _ in range(2):
        assert completed(settings(notify=[HOOK]), flags={}, elsewhere=elsewhere).output.notify == (HOOK,)
    assert runs.read_text(encoding="utf-8") == "x"
    assert [warning.rpartition(" ")[2] for warning in elsewhere.warnings] == ["3"]


@pytest.mark.parametrize("way", ["file", "command"])
def test_the_environment_gives_them_by_file_and_command_over_the_job_file(addresses: Path, way: str) -> None:
    value = str(addresses) if way == "file" else shlex.join([sys.executable, "-c", f"print({HOOK!r})"])
    environ = {
        f"{NOTIFY}_{way.upper()}": value,
        f"BATCHRESET_OUTPUT__PING_{way.upper()}": value.replace("jsons", "https"),
    }
    if way == "file":
        del environ["BATCHRESET_OUTPUT__PING_FILE"]
    whole = completed(settings(notify=["syslog://"]), flags={}, elsewhere=Elsewhere(environ))
    assert whole.output.notify == ((HOOK, "mailto://example.org") if way == "file" else (HOOK,))
    assert whole.output.ping == ("" if way == "file" else f"https://example.org/{CANARY}")


def test_a_flag_goes_over_the_environment(addresses: Path) -> None:
    flags = {"output.notify": ("syslog://",)}
    elsewhere = Elsewhere({f"{NOTIFY}_FILE": str(addresses)})
    whole = completed(settings(notify=["syslog://"]), flags=flags, elsewhere=elsewhere)
    assert whole.output.notify == ("syslog://",)


def test_two_variables_of_one_setting_are_refused(addresses: Path) -> None:
    with pytest.raises(SettingsError, match="only one of them may be"):
        completed(Settings(), flags={}, elsewhere=Elsewhere({NOTIFY: HOOK, f"{NOTIFY}_FILE": str(addresses)}))


def test_what_a_file_gives_for_a_ping_is_checked_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "ping"
    path.write_text(f"http://example.org/{CANARY}", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        completed(Settings(), flags={}, elsewhere=Elsewhere({"BATCHRESET_OUTPUT__PING_FILE": str(path)}))
    lines = "\n".join(caught.value.lines())
    assert "travel in clear" in lines
    assert CANARY not in lines


def test_a_run_keeps_files_by_their_paths_and_addresses_without_their_secrets(addresses: Path) -> None:
    whole = settings(notify=[str(addresses), HOOK, "syslog://"], ping=PING, metrics_file="x.prom")
    kept = whole.model_copy(update={"output": whole.output.model_copy(update=fixed_output(whole.output))})
    again = from_snapshot(to_snapshot(kept))
    assert CANARY not in str(to_snapshot(kept))
    assert again.output.notify == (str(addresses), "jsons://example.org/********", "syslog://")
    assert again.output.ping == "https://hc-ping.com/********"
    assert again.output.metrics_file == str(Path("x.prom").absolute())
    found = audience_of(settings(notify=again.output.notify, ping=again.output.ping))
    assert found.notify == (Secret(HOOK), Secret("mailto://example.org"), Secret("syslog://"))
    assert found.ping is None
    assert [word for warning in found.warnings for word in warning.split() if "********" in word] == [
        "jsons://example.org/********:", "https://hc-ping.com/********",
    ]  # fmt: skip


def test_what_is_given_now_takes_the_place_of_what_a_run_kept() -> None:
    kept = settings(notify=["jsons://example.org/********"], ping="https://hc-ping.com/********", metrics_file="a.prom")
    assert given_anew(kept, flags={}, elsewhere=Elsewhere({"BATCHRESET_PACE__MAX_ATTEMPTS": "none"})) is None
    anew = given_anew(kept, flags={"output.ping": PING}, elsewhere=Elsewhere({NOTIFY: HOOK}))
    assert anew is not None
    assert (anew.output.notify, anew.output.ping, anew.output.metrics_file) == ((HOOK,), PING, "a.prom")


@pytest.mark.parametrize(
    ("flags", "environ", "words"),
    [
        ({"output.notify": (HOOK,)}, {}, "--notify: other users"),
        ({}, {}, "whoever reads the job file"),
        ({}, {NOTIFY.lower(): HOOK}, None),
        ({}, {f"{NOTIFY}_FILE": "x"}, None),
    ],
)
def test_a_secret_in_a_flag_or_a_job_file_is_warned_of(
    flags: dict[str, object], environ: dict[str, str], words: str | None
) -> None:
    warnings = exposed(settings(notify=[HOOK, "syslog://"]), flags=flags, environ=environ)
    assert len(warnings) == (words is not None)
    assert all((words or "") in warning and CANARY not in warning for warning in warnings)
    assert exposed(settings(notify=["json://127.0.0.1:8000/"]), flags=flags, environ=environ) == []


def test_a_ping_may_stand_in_a_file_that_the_run_keeps_the_path_of(tmp_path: Path) -> None:
    path = tmp_path / "ping"
    path.write_text(f"{PING}\n", encoding="utf-8")
    path.chmod(0o600)
    given = settings(ping=str(path))
    assert audience_of(given).ping == Secret(PING)
    assert fixed_output(given.output)["ping"] == str(path)
    assert exposed(given, flags={"output.ping": str(path)}, environ={}) == []


@pytest.mark.parametrize("content", ["", f"hc-ping.com/{CANARY}", f"http://example.org/{CANARY}"])
def test_a_file_without_a_ping_is_refused_and_not_shown(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ping"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        audience_of(settings(ping=str(path)))
    told = "\n".join(caught.value.lines())
    assert "[output] ping" in told
    assert CANARY not in told


def test_a_metrics_file_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no folder"):
        audience_of(settings(metrics_file=str(tmp_path / "none" / "x.prom")))


def test_of_wrong_settings_as_many_as_possible_hear(tmp_path: Path) -> None:
    wrong = settings(notify=[str(tmp_path / "none"), HOOK], ping=PING, metrics_file=str(tmp_path / "none" / "x.prom"))
    found = audience_as_far_as_possible(wrong)
    assert (found.notify, found.ping, found.metrics_file) == ((Secret(HOOK),), Secret(PING), None)


def test_addresses_are_not_in_the_settings_own_text() -> None:
    assert CANARY not in repr(OutputSettings(notify=(HOOK,), ping=PING))
