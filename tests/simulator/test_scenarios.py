"""Scenarios: those that are shipped, and what is refused in one."""

from pathlib import Path

import pytest

from batchreset.errors import ExitCode, SettingsError
from batchreset.simulator.faults.kinds import ErrorBody
from batchreset.simulator.options import Mfa, SimulatorOptions
from batchreset.simulator.options.about import options_of
from batchreset.simulator.scenario import read_scenario, shipped_scenarios

SHIPPED = {scenario.name: scenario for scenario in shipped_scenarios()}
LINE = 'imitates = "a day"\n'


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_scenario_can_be_had_by_its_name_and_says_what_it_imitates(name: str) -> None:
    scenario = read_scenario(name)
    assert scenario == SHIPPED[name]
    assert 20 < len(scenario.imitates) < 150
    assert scenario.options() != SimulatorOptions()


def test_everything_has_every_fault_there_is() -> None:
    absent = [name for name, share in SHIPPED["everything"].options().fault_shares().items() if share == 0]
    assert absent == []
    assert len(SHIPPED) >= 12


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_keys_are_the_options_names_and_values_of_their_types(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "\ufeff"
        + LINE
        + """
        lost_share = 0.25
        drip_seconds = 3
        huge_bytes = 1000
        mfa = "partly"
        faults_on_reads = true
        error_statuses = [502, 503]
        error_bodies = ["html"]
        missing_users = ["99999999-cccc-4ccc-8ccc-999999999999"]
        outages = ["503 after 1 request for 2 seconds"]
        """,
    )
    assert read_scenario(path).options(seed=3, huge_bytes=7) == SimulatorOptions(
        lost_share=0.25,
        drip_seconds=3.0,
        huge_bytes=7,
        mfa=Mfa.PARTLY,
        faults_on_reads=True,
        error_statuses=frozenset({502, 503}),
        error_bodies=frozenset({ErrorBody.HTML}),
        missing_users=frozenset({"99999999-cccc-4ccc-8ccc-999999999999"}),
        outages=("503 after 1 request for 2 seconds",),
        seed=3,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("lost_shares = 0.5", "lost_shares: there is no such option; did you mean lost_share?"),
        ("lost-share = 0.5", "lost-share: there is no such option; did you mean lost_share?"),
        ("xyzzy = 'perhaps-a-secret'", "xyzzy: there is no such option"),
        ("lost_share = 'half'", "lost_share is 'half', not a number"),
        ("lost_share = true", "lost_share is True, not a number"),
        ("lost_share = 1.5", "lost_share is 1.5; a share is from 0 to 1"),
        ("partner_limit = 1.5", "partner_limit is 1.5, not a whole number"),
        ("faults_on_reads = 1", "faults_on_reads is 1, not true or false"),
        (
            "mfa = 'party'",
            "mfa is 'party', not one of on, off, header-off, partly; did you mean partly?",
        ),
        ("mfa = 3", "mfa is 3, not one of on, off, header-off, partly"),
        ("error_statuses = 503", "error_statuses is 503, not a list"),
        ("error_statuses = ['503']", "error_statuses is '503', not a whole number"),
        ("error_statuses = [200]", "error_statuses: 200 is not a server error, which is 408 or from 500 to 599"),
        ("error_statuses = []", "error_statuses is empty"),
        ("error_bodies = []", "error_bodies is empty"),
        ("outages = ['rain']", "outages: 'rain' is not of the form `refused after 500 requests for 600 seconds`"),
        ("missing_users = ['bob']", "missing_users: 'bob' is not a GUID"),
        ("port = 8443", "port: an address is not for a scenario; give --port on the command line"),
        ("applied_log = 'x'", "applied_log: a path is not for a scenario; give --applied-log on the command line"),
        (
            "refresh_token = 'perhaps-a-secret'",
            "refresh_token: a secret is not for a scenario; give --refresh-token on the command line",
        ),
        ("[faults]\nlost_share = 1", "faults: there is no such option; did you mean faults_on_reads?"),
    ],
)
def test_what_is_wrong_in_a_scenario_is_told_by_its_key_and_the_file(tmp_path: Path, text: str, problem: str) -> None:
    path = written(tmp_path, f"{LINE}{text}")
    with pytest.raises(SettingsError) as raised:
        read_scenario(path)
    assert raised.value.details == (problem,)
    assert str(path) in raised.value.what
    assert raised.value.exit_code is ExitCode.REFUSED
    assert "perhaps-a-secret" not in "\n".join(raised.value.lines())


@pytest.mark.parametrize("text", ["", "imitates = ''", "imitates = 3", "imitates = 'two\\nlines'".replace("'", '"')])
def test_a_scenario_says_in_one_line_what_it_imitates(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_scenario(written(tmp_path, f"{text}\nlost_share = 2.5\nhang_share = 'x'"))
    assert raised.value.details[0].startswith("imitates is missing or not a line of text")
    assert raised.value.details[1:] == (
        "hang_share is 'x', not a number",
        "lost_share is 2.5; a share is from 0 to 1",
    )


def test_of_a_value_that_cannot_be_read_only_that_is_told_and_all_that_is_wrong_beside_it(tmp_path: Path) -> None:
    """With the default for what could not be read, its least would seem to be too much."""
    text = "partner_limit = 'many'\npartner_limit_least = 5\ncustomer_limit_least = 5\nxyzzy = 1\noutages = ['rain']"
    with pytest.raises(SettingsError) as raised:
        read_scenario(written(tmp_path, LINE + text))
    assert [line.split()[0].rstrip(":") for line in raised.value.details] == [
        *("partner_limit", "xyzzy"),
        *("outages", "customer_limit_least"),
    ]


def test_nothing_of_this_machine_and_no_secret_can_be_in_a_scenario(tmp_path: Path) -> None:
    """Whoever adds an option of that kind is reminded here."""
    telling = ("host", "port", "file", "log", "token", "secret", "certificate", "directory", "known", "_id", "name")
    kept_out = [
        name
        for name in options_of(SimulatorOptions)
        if any(name.endswith(word) or name.startswith(word) for word in telling)
    ]
    kept_out = [name for name in kept_out if not name.startswith("token_")]
    with pytest.raises(SettingsError) as raised:
        read_scenario(written(tmp_path, LINE + "\n".join(f"{name} = 1" for name in kept_out)))
    assert len(raised.value.details) == len(kept_out) == 15
    assert all("is not for a scenario" in line for line in raised.value.details)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"lost_share = ", "is not valid TOML"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (None, "cannot be read: No such file"),
    ],
    ids=["not TOML", "not UTF-8", "not there"],
)
def test_what_is_no_scenario_is_refused_by_name(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=what) as raised:
        read_scenario(str(path))
    assert str(path) in raised.value.what


@pytest.mark.parametrize(("name", "meant"), [("evrything", ("did you mean everything?",)), ("qqq", ())])
def test_a_name_that_is_not_shipped_is_refused_with_the_nearest(name: str, meant: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match=f"there is no scenario '{name}'") as raised:
        read_scenario(name)
    assert raised.value.details == meant


def test_a_path_without_a_suffix_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text(LINE, encoding="utf-8")
    assert read_scenario(path).imitates == "a day"
