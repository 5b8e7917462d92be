"""Where settings come from, and how a wrong one is named."""

import json
import tempfile
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.errors import ExitCode, SettingsError
from batchreset.settings.model import Settings
from batchreset.settings.names import SECRET_NAMES, SETTINGS, variable
from batchreset.settings.sources import load_settings

SECRETS_ELSEWHERE = "secrets come only from the environment, a file or a command"

VALUES: dict[str, st.SearchStrategy[object]] = {
    "input.max_rows": st.integers(1, 1_000_000),
    "safety.max_failure_rate": st.floats(0, 1).map(lambda rate: round(rate, 6)),
    "safety.check_mfa": st.booleans(),
    "pace.order": st.sampled_from(["interleave", "input"]),
    "output.runs_dir": st.sampled_from(["runs", "/var/lib/resets", "a b"]),
    "input.protected": st.lists(st.sampled_from(["a.csv", "b.csv", "c d.csv"]), min_size=1, max_size=3),
}
SOURCE = st.fixed_dictionaries({}, optional=VALUES)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job.toml"


def as_toml(values: dict[str, object]) -> str:
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())


def as_variable(value: object) -> str:
    """As a person writes it: plain decimals, commas in lists."""
    match value:
        case list():
            return ",".join(map(str, value))
        case float():
            return f"{value:.6f}"
        case _:
            return str(value)


def problems(
    *, flags: dict[str, object] | None = None, environ: dict[str, str] | None = None, job_file: Path | None = None
) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags=flags or {}, environ=environ or {}, job_file=job_file)
    return caught.value.details


def problems_of_job(job: Path, text: str) -> list[str]:
    """The problem lines, each without the job file's path."""
    job.write_text(text, encoding="utf-8")
    lines = problems(job_file=job)
    assert all(line.startswith(f"{job}: ") for line in lines)
    return [line.removeprefix(f"{job}: ") for line in lines]


def text_of_refusal(environ: dict[str, str]) -> str:
    """All that a person sees; empty if the environment is taken."""
    try:
        load_settings(flags={}, environ=environ, job_file=None)
    except SettingsError as error:
        return "\n".join(error.lines())
    return ""


@given(file=SOURCE, environment=SOURCE, flags=SOURCE)
def test_a_flag_wins_over_the_environment_over_the_job_file_over_the_default(
    file: dict[str, object], environment: dict[str, object], flags: dict[str, object]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.toml"
        job.write_text(as_toml(file), encoding="utf-8")
        settings = load_settings(
            flags=dict.fromkeys(VALUES) | flags,
            environ={variable(name): as_variable(value) for name, value in environment.items()},
            job_file=job,
        )
    default = Settings()
    for name in SETTINGS:
        section, key = name.split(".")
        sources = [source[name] for source in (flags, environment, file) if name in source]
        expected = sources[0] if sources else getattr(getattr(default, section), key)
        actual = getattr(getattr(settings, section), key)
        assert actual == (tuple(expected) if isinstance(expected, list) else expected), name


ANY_TEXT = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[-+]?[0-9]{0,20}\.?[0-9]{0,20}", fullmatch=True),
    st.sampled_from(
        ["[", '["a"', "[1]", '[["a"]]', "2h", "1e9", "nan", "NO", ",", "https://a", "ssh-rsa ", "[" * 5000]
    ),
)
ANY_KEYS = st.tuples(
    st.sampled_from([*SETTINGS, *SECRET_NAMES, "pace", "pace.x", "a b.c"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["path", "a"]), inner, max_size=2),
        max_leaves=3,
    ),
)


def is_taken(*, environ: dict[str, str] | None = None, content: bytes | None = None) -> bool:
    """Whether it is; otherwise it is refused in one way, with something to do."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.toml" if content is not None else None
        if job is not None:
            job.write_bytes(content or b"")
        refused = None
        try:
            load_settings(flags={}, environ=environ or {}, job_file=job)
        except SettingsError as error:
            refused = error
    if refused is None:
        return True
    assert refused.next_step
    assert all(line.startswith((f"{job}: ", "environment: BATCHRESET_")) for line in refused.details)
    return False


@hypothesis.settings(max_examples=40)
@given(environ=st.dictionaries(st.sampled_from(sorted(map(variable, SETTINGS))), ANY_TEXT, min_size=1, max_size=3))
def test_any_environment_is_taken_or_refused_for_one_of_its_variables(environ: dict[str, str]) -> None:
    one_by_one = [is_taken(environ={name: text}) for name, text in environ.items()]

    if not all(one_by_one):
        assert not is_taken(environ=environ)


@hypothesis.settings(max_examples=60)
@given(content=st.binary(max_size=60) | st.lists(ANY_KEYS, max_size=3).map(lambda some: as_toml(dict(some)).encode()))
def test_any_job_file_is_taken_or_refused_as_one(content: bytes) -> None:
    is_taken(content=content)


def test_without_any_source_everything_has_its_default() -> None:
    assert load_settings(flags={}, environ={"PATH": "/bin"}, job_file=None) == Settings()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a.csv, b.csv", ("a.csv", "b.csv")),
        ('["a,b.csv", "c.csv"]', ("a,b.csv", "c.csv")),
        (" []", ()),
    ],
    ids=["commas", "json", "empty-json"],
)
def test_a_list_in_the_environment_is_separated_by_commas_or_json(text: str, read: tuple[str, ...]) -> None:
    settings = load_settings(flags={}, environ={"BATCHRESET_INPUT__PROTECTED": text}, job_file=None)
    assert settings.input.protected == read


@pytest.mark.parametrize(
    ("text", "read"), [("true", True), ("Yes", True), ("1", True), ("FALSE", False), ("no", False), ("0", False)]
)
def test_a_truth_value_in_the_environment_may_be_written_in_three_ways(text: str, *, read: bool) -> None:
    settings = load_settings(flags={}, environ={"BATCHRESET_SAFETY__CHECK_MFA": text}, job_file=None)
    assert settings.safety.check_mfa is read


def test_a_variable_counts_in_any_case() -> None:
    settings = load_settings(flags={}, environ={"BATCHRESET_Pace__max_Concurrency": "7"}, job_file=None)
    assert settings.pace.max_concurrency == 7


def test_a_flag_may_be_a_path_or_several() -> None:
    flags = {"input.path": Path("a.csv"), "input.protected": (Path("b.csv"), "c.csv")}
    settings = load_settings(flags=flags, environ={}, job_file=None)
    assert (settings.input.path, settings.input.protected) == ("a.csv", ("b.csv", "c.csv"))


def test_relative_paths_of_a_job_file_stay_as_they_are(job: Path) -> None:
    job.write_text('[output]\nruns_dir = "../runs"\n[partner_center]\nca_file = "ca.pem"\n', encoding="utf-8")
    settings = load_settings(flags={}, environ={}, job_file=job)
    assert (settings.output.runs_dir, settings.partner_center.ca_file) == ("../runs", "ca.pem")


def test_a_job_file_may_begin_with_a_byte_order_mark(job: Path) -> None:
    job.write_text("[pace]\nmax_attempts = 3\n", encoding="utf-8-sig")
    assert load_settings(flags={}, environ={}, job_file=job).pace.max_attempts == 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            "[pace]\nmax_concurency = 1",
            "[pace] max_concurency: there is no such setting; did you mean [pace] max_concurrency?",
            id="misspelt-key",
        ),
        pytest.param(
            "[pace]\ncanary = 1",
            "[pace] canary: there is no such setting; did you mean [safety] canary?",
            id="key-of-another-section",
        ),
        pytest.param(
            "[pace]\nmax-attempts = 1",
            "[pace] max-attempts: there is no such setting; did you mean [pace] max_attempts?",
            id="dash-for-underscore",
        ),
        pytest.param(
            "[pace]\nCheck-MFA = true",
            "[pace] Check-MFA: there is no such setting; did you mean [safety] check_mfa?",
            id="key-of-another-section-in-another-spelling",
        ),
        pytest.param(
            "[output]\nkind = 1",
            "[output] kind: there is no such setting; [output] has runs_dir, results, report, notify, ping,"
            " metrics_file",
            id="key-of-several-other-sections",
        ),
        pytest.param(
            "[output]\nzzz = 1",
            "[output] zzz: there is no such setting; [output] has runs_dir, results, report, notify, ping,"
            " metrics_file",
            id="nothing-near",
        ),
        pytest.param(
            '[output]\n"\\u001b[2J" = 1',
            '[output] "\\u001b[2J": there is no such setting; [output] has runs_dir, results, report, notify, ping,'
            " metrics_file",
            id="control-characters-in-a-key",
        ),
        pytest.param("[pase]", "[pase]: there is no such section; did you mean [pace]?", id="misspelt-section"),
        pytest.param(
            "max_rows = 1",
            "max_rows: there is no such setting here; did you mean [input] max_rows?",
            id="key-without-section",
        ),
        pytest.param(
            "recipient = 1",
            "recipient: there is no such setting here; did you mean [password] recipients?",
            id="misspelt-key-without-section",
        ),
        pytest.param(
            "[zzz]",
            "[zzz]: there is no such section; there are input, password, partner_center, auth, pace, safety, cluster,"
            " output",
            id="no-section-near",
        ),
        pytest.param("pace = 5", "[pace]: found 5; allowed: a table of settings", id="section-is-no-table"),
        pytest.param("[[pace]]", "[pace]: found a list; allowed: a table of settings", id="section-is-a-list"),
        pytest.param(
            "[pace]\nmax_concurrency = 0",
            "[pace] max_concurrency: found 0; allowed: a whole number from 1 to 1000",
            id="out-of-bounds",
        ),
        pytest.param(
            f"[pace]\nmax_concurrency = 0x{'f' * 5000}",
            "[pace] max_concurrency: found a very large number; allowed: a whole number from 1 to 1000",
            id="enormous-number",
        ),
        pytest.param(
            "[pace]\nmax_per_second = nan",
            "[pace] max_per_second: found nan; allowed: a number from 0 to 1000",
            id="not-a-number",
        ),
        pytest.param(
            '[partner_center]\ntimeout_seconds = "60"',
            '[partner_center] timeout_seconds: found "60"; allowed: a number from 0.1 to 600',
            id="text-for-a-number",
        ),
        pytest.param(
            '[safety]\ncheck_mfa = "yes"',
            '[safety] check_mfa: found "yes"; allowed: true or false',
            id="text-for-a-truth-value",
        ),
        pytest.param("[input]\npath = true", "[input] path: found true; allowed: a path", id="truth-value-for-a-text"),
        pytest.param("[input]\npath = {a = 1}", "[input] path: found a table; allowed: a path", id="table-for-a-text"),
        pytest.param("[input]\npath = 1979-05-27", "[input] path: found a date; allowed: a path", id="date-for-a-text"),
        pytest.param(
            '[input]\nprotected = "a.csv"',
            '[input] protected: found "a.csv"; allowed: a list of paths, GUIDs and userPrincipalNames',
            id="text-for-a-list",
        ),
        pytest.param(
            '[input]\nprotected = ["a.csv", 2]',
            "[input] protected: item 2: found 2; allowed: a list of paths, GUIDs and userPrincipalNames",
            id="wrong-item",
        ),
        pytest.param(
            '[input]\nprotected = [""]',
            "[input] protected: item 1: found the empty text; allowed: a list of paths, GUIDs and userPrincipalNames",
            id="empty-item",
        ),
        pytest.param(
            f'[input]\nprotected = "{"p" * 99}"',
            f'[input] protected: found "{"p" * 60}…"; allowed: a list of paths, GUIDs and userPrincipalNames',
            id="long-text",
        ),
        pytest.param(
            '[pace]\norder = "INTERLEAV"',
            '[pace] order: found "INTERLEAV"; allowed: "interleave", "input"; did you mean "interleave"?',
            id="misspelt-word",
        ),
        pytest.param(
            '[auth]\nkind = "device"',
            '[auth] kind: found "device"; allowed: "refresh_token", "device_code", "access_token";'
            ' did you mean "device_code"?',
            id="misspelt-word-without-default",
        ),
        pytest.param(
            '[partner_center]\nbase_url = "http://127.0.0.1"',
            '[partner_center] base_url: found "http://127.0.0.1" (over plain http secrets would travel in clear);'
            " allowed: an address that begins with https:// and a host, or the empty text for the default",
            id="plain-http",
        ),
        pytest.param(
            '[safety]\nmax_duration = "2 hours"',
            '[safety] max_duration: found "2 hours" (not a length of time); allowed: a length of time such as 2h,'
            " 90m, 1h30m or 45s, or the empty text for none",
            id="duration",
        ),
    ],
)
def test_a_problem_of_a_job_file_names_key_value_and_remedy(job: Path, text: str, line: str) -> None:
    assert problems_of_job(job, text) == [line]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        pytest.param(
            "BATCHRESET_PACE__MAX_CONCURENCY",
            "1",
            "there is no such setting; did you mean BATCHRESET_PACE__MAX_CONCURRENCY?",
            id="misspelt",
        ),
        pytest.param(
            "BATCHRESET_MAX_CONCURRENCY",
            "1",
            "there is no such setting; did you mean BATCHRESET_PACE__MAX_CONCURRENCY?",
            id="no-section",
        ),
        pytest.param(
            "BATCHRESET_ACCESS_TOKEN",
            "x",
            "there is no such setting; did you mean BATCHRESET_AUTH__ACCESS_TOKEN?",
            id="secret-without-section",
        ),
        pytest.param(
            "BATCHRESET_PASWORD__KIND",
            "x",
            "there is no such setting; did you mean BATCHRESET_PASSWORD__KIND?",
            id="misspelt-section",
        ),
        pytest.param(
            "BATCHRESET_PACE_MAX_CONCURENCY",
            "1",
            "there is no such setting; did you mean BATCHRESET_PACE__MAX_CONCURRENCY?",
            id="one-underscore",
        ),
        pytest.param(
            "BATCHRESET_QQQ",
            "x",
            "there is no such setting; settings are named BATCHRESET_SECTION__KEY",
            id="nothing-near",
        ),
        pytest.param(
            "BATCHRESET_PACE__MAX_ATTEMPTS",
            "",
            "found the empty text; allowed: a whole number from 1 to 100",
            id="empty-number",
        ),
        pytest.param(
            "BATCHRESET_PACE__MAX_ATTEMPTS",
            "1_0",
            'found "1_0"; allowed: a whole number from 1 to 100',
            id="no-underscores",
        ),
        pytest.param(
            "BATCHRESET_PACE__MAX_PER_SECOND",
            "1,5",
            'found "1,5"; allowed: a number from 0 to 1000',
            id="decimal-comma",
        ),
        pytest.param(
            "BATCHRESET_SAFETY__CHECK_MFA", "", "found the empty text; allowed: true or false", id="empty-truth-value"
        ),
        pytest.param(
            "BATCHRESET_INPUT__PROTECTED",
            "",
            "found the empty text; allowed: a list of paths, GUIDs and userPrincipalNames, separated by commas or as a"
            " JSON array",
            id="empty-list",
        ),
        pytest.param(
            "BATCHRESET_INPUT__PROTECTED",
            "[a.csv]",
            'found "[a.csv]"; allowed: a list of paths, GUIDs and userPrincipalNames, separated by commas or as a JSON'
            " array",
            id="broken-json",
        ),
        pytest.param(
            "BATCHRESET_PARTNER_CENTER__CLOUD",
            "",
            'found the empty text; allowed: "global", "china"',
            id="empty-word",
        ),
        pytest.param(
            "BATCHRESET_OUTPUT__RUNS_DIR",
            "a\udcff",
            'found "a\\udcff"; allowed: the path of a folder',
            id="not-utf-8",
        ),
        pytest.param(
            "BATCHRESET_PASSWORD__LENGTH",
            "canary",
            "found a value that is not shown; allowed: a whole number from 8 to 256",
            id="name-looks-secret",
        ),
    ],
)
def test_a_problem_of_the_environment_names_the_variable_and_the_remedy(name: str, value: str, line: str) -> None:
    assert problems(environ={name: value}) == (f"environment: {name}: {line}",)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("pace.max_concurency", 1, "there is no such setting; did you mean pace.max_concurrency?"),
        ("qqq", 1, "there is no such setting; settings are named section.key"),
    ],
)
def test_a_flag_that_there_is_not_comes_with_the_remedy(name: str, value: object, line: str) -> None:
    assert problems(flags={name: value}) == (f"flag: {name}: {line}",)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [("pace.max_attempts", "--max-attempts"), ("password.kind", "--password-kind"), ("input.path", "INPUT")],
)
def test_a_problem_of_a_flag_names_it_as_it_is_typed(name: str, spelled: str) -> None:
    (line,) = problems(flags={name: 0})
    assert line.startswith(f"{spelled}: found 0; allowed: ")


def test_an_empty_variable_of_notices_is_nobody_as_that_of_the_ping_is() -> None:
    empty = {"BATCHRESET_OUTPUT__NOTIFY": "", "BATCHRESET_OUTPUT__PING": ""}
    output = load_settings(flags={}, environ=empty, job_file=None).output
    assert (output.notify, output.ping) == ((), "")


def test_an_empty_text_is_no_secret() -> None:
    """Also of what is never shown otherwise."""
    (line,) = problems(flags={"output.notify": ("",)})
    assert "item 1: found the empty text" in line


def test_one_variable_in_two_cases_is_refused() -> None:
    lines = problems(environ={"BATCHRESET_PACE__ORDER": "input", "batchreset_pace__order": "interleave"})
    assert lines == (
        "environment: BATCHRESET_PACE__ORDER: given 2 times, in different case; keep BATCHRESET_PACE__ORDER",
        "environment: batchreset_pace__order: given 2 times, in different case; keep BATCHRESET_PACE__ORDER",
    )


def test_all_problems_of_all_sources_come_at_once_and_sorted(job: Path) -> None:
    job.write_text("[pace]\norder = 1\nmax_attempts = 0\nzzz = 1\n[zzz]\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(flags={"pace.order": 7}, environ={"BATCHRESET_X": "", "BATCHRESET_Y": ""}, job_file=job)
    assert len(caught.value.details) == 7
    assert list(caught.value.details) == sorted(caught.value.details)
    assert "7 problems" in caught.value.what
    assert caught.value.exit_code is ExitCode.REFUSED


def test_a_wrong_value_is_named_even_where_a_stronger_source_overrides_it(job: Path) -> None:
    job.write_text("[pace]\nmax_attempts = 0\n", encoding="utf-8")
    assert len(problems(flags={"pace.max_attempts": 3}, job_file=job)) == 1


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_the_variables_of_secrets_are_known(name: str) -> None:
    assert load_settings(flags={}, environ={variable(name): "x"}, job_file=None) == Settings()


@pytest.mark.parametrize("name", [*SECRET_NAMES, "auth.acces_token", "pace.client_secret"])
def test_a_secret_in_a_job_file_or_a_flag_is_refused_unseen(job: Path, name: str) -> None:
    section, _, key = name.partition(".")
    (in_section,) = problems_of_job(job, f'[{section}]\n{key} = "canary-7f3a"')
    (at_top,) = problems_of_job(job, f'{key} = "canary-7f3a"')
    (flag,) = problems(flags={name: "canary-7f3a"})
    for line in (in_section, at_top, flag):
        assert SECRETS_ELSEWHERE in line
        assert "canary-7f3a" not in line


@pytest.mark.parametrize(
    "text",
    [
        '[auth]\ntenant_id = "{}"',
        '[auth]\nclient_id = "{}"',
        '[auth]\nkind = "{}"',
        '[auth]\nauthority = "https://me:{}@host"',
        '[auth]\naccess_tokn = "{}"',
        '[auth]\ntenant_id = ["{}"]',
        '[auth]\ntenant_id = {{token = "{}"}}',
        '[auth]\napi_key = "{}"',
        "[auth]\naccess_token = {}",
        '[auth]\naccess_token = "{}',
        '[partner_center]\nbase_url = "https://host/?code={}"',
        '[password]\nrecipients = ["AGE-SECRET-KEY-1{}"]',
        'token = "{}"',
    ],
)
def test_a_secret_in_the_wrong_place_of_a_job_file_is_never_shown(job: Path, text: str) -> None:
    canary = "canary-7f3a-canary-7f3a"
    job.write_text(text.format(canary), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(flags={}, environ={}, job_file=job)
    assert canary not in "\n".join(caught.value.lines())


@given(name=st.sampled_from(sorted(map(variable, [*SETTINGS, *SECRET_NAMES]))), suffix=st.sampled_from(["", "S", "_"]))
def test_the_value_of_a_variable_that_looks_secret_is_never_shown(name: str, suffix: str) -> None:
    looks_secret = any(mark in name for mark in ("SECRET", "TOKEN", "PASSWORD", "KEY"))
    shown = text_of_refusal({name + suffix: "canary-7f3a"})
    assert "canary-7f3a" not in shown or not (looks_secret or suffix)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"[pace]\nmax_attempts = \n", "not valid TOML: Invalid value (at line 2", id="syntax"),
        pytest.param(b"[pace]\n[pace]\n", "at line 2", id="section-twice"),
        pytest.param(b"a = \xff", "is not UTF-8 text", id="encoding"),
        pytest.param(b"a = " + b"9" * 5000, "not valid TOML", id="endless-number"),
    ],
)
def test_a_job_file_that_is_not_toml_is_named_with_its_line(job: Path, content: bytes, words: str) -> None:
    job.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(flags={}, environ={}, job_file=job)
    assert str(job) in caught.value.what
    assert words in caught.value.what
    assert caught.value.next_step


@pytest.mark.parametrize(("name", "why"), [("missing.toml", "No such file"), (".", "Is a directory")])
def test_a_job_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        load_settings(flags={}, environ={}, job_file=tmp_path / name)
    assert str(tmp_path) in caught.value.what


def test_what_is_left_out_and_what_refuses_a_plan_may_not_be_the_same(job: Path) -> None:
    """Also across sources, and where `skip` has its default; what is given in one place overrides the other's."""
    job.write_text('[safety]\nrefuse = ["synced", "federated"]', encoding="utf-8")
    with pytest.raises(SettingsError, match="skip and refuse both name federated:"):
        load_settings(flags={}, environ={}, job_file=job)
    safety = load_settings(flags={"safety.skip": ("deleted",)}, environ={}, job_file=job).safety
    assert (safety.skip, safety.refuse) == (("deleted",), ("synced", "federated"))
    safety = load_settings(flags={}, environ={"BATCHRESET_SAFETY__SKIP": "[]"}, job_file=job).safety
    assert safety.skip == ()


def test_a_finding_that_there_is_not_is_refused_with_those_that_there_are(job: Path) -> None:
    job.write_text('[safety]\nskip = ["guest"]', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(flags={}, environ={}, job_file=job)
    assert "deleted, federated, synced, privileged, not_found" in caught.value.details[0]
