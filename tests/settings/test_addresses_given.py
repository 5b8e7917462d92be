"""Addresses among the settings: their forms, and that none is ever shown or handed on."""

from pathlib import Path

import pytest

from batchreset.errors import SettingsError
from batchreset.settings.secret_names import without_secrets
from batchreset.settings.sources import load_settings, readable_settings

CANARY = "c4n4ry-7f3a"
READABLE = frozenset({"output.notify", "output.ping", "output.metrics_file"})


def refusals(name: str, value: str, folder: Path) -> list[str]:
    """What each source is told of it."""
    job = folder / "job.toml"
    key = name.partition(".")[2]
    job.write_text(f"[output]\n{key} = {[value] if key == 'notify' else value!r}\n", encoding="utf-8")
    variable = f"BATCHRESET_OUTPUT__{key.upper()}"
    told = []
    for flags, environ, job_file in (
        ({name: (value,) if key == "notify" else value}, {}, None),
        ({}, {variable: value}, None),
        ({}, {}, job),
    ):
        with pytest.raises(SettingsError) as caught:
            load_settings(flags=flags, environ=environ, job_file=job_file)
        told.append("\n".join(caught.value.lines()))
    return told


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("output.ping", f"http://example.org/{CANARY}", "travel in clear"),
        ("output.ping", CANARY, "not an https address"),
        ("output.ping", f"hc-ping.com/{CANARY}", "not an https address"),
        ("output.ping", f"https://[{CANARY}/", "not an https address"),
        ("output.ping", f"https://host:99999/{CANARY}", "not an https address"),
        ("output.ping", f"https://example.org/{CANARY} x", "not an https address"),
        ("output.ping", f"https://example.org/{CANARY}?a={{b:c}}", "START:SUCCESS:FAILURE"),
        ("output.metrics_file", "x.txt", "end in .prom"),
    ],
)
def test_what_cannot_be_is_refused_from_every_source_and_no_address_shown(
    name: str, value: str, words: str, tmp_path: Path
) -> None:
    for told in refusals(name, value, tmp_path):
        assert words in told
        assert CANARY not in told


def test_an_address_with_a_control_character_is_not_shown_either() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags={}, environ={"BATCHRESET_OUTPUT__NOTIFY": f"json://x/{CANARY}\x07"}, job_file=None)
    assert CANARY not in "\n".join(caught.value.lines())


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/x", "http://localhost/x", "http://[::1]:8000/x"])
def test_plain_http_is_for_this_machine(address: str) -> None:
    assert load_settings(flags={"output.ping": address}, environ={}, job_file=None).output.ping == address


def test_programs_that_are_started_get_no_address() -> None:
    environ = {"BATCHRESET_OUTPUT__NOTIFY": "a", "batchreset_output__ping": "b", "BATCHRESET_OUTPUT__PING_FILE": "c"}
    assert without_secrets(environ) == {"BATCHRESET_OUTPUT__PING_FILE": "c"}


@pytest.mark.parametrize(
    "content", ["[output]\nping = 'https://a/'\n[pace]\nx = 1\n", "[output]\nping = 'https://a/'\nnotify = 3\n"]
)
def test_of_wrong_settings_the_right_ones_are_still_read(content: str, tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text(content, encoding="utf-8")
    found = readable_settings(
        READABLE, flags={"output.metrics_file": "x.txt"}, environ={"BATCHRESET_X": ""}, job_file=job
    )
    assert (found.output.ping, found.output.notify, found.output.metrics_file) == ("https://a/", (), "")


def test_of_a_job_file_that_cannot_be_read_the_environment_still_counts(tmp_path: Path) -> None:
    environ = {"BATCHRESET_OUTPUT__PING": "https://a/"}
    found = readable_settings(READABLE, flags={}, environ=environ, job_file=tmp_path / "none.toml")
    assert found.output.ping == "https://a/"
