"""Who sends, as settings say it: from every source alike, and wrong ones in words that help."""

from pathlib import Path

import pytest

from batchreset.core.places import LocalWorkers, SchedulerAt, SchedulerFile
from batchreset.errors import SettingsError
from batchreset.settings.names import SETTINGS, flag_of
from batchreset.settings.snapshot import from_snapshot, to_snapshot
from batchreset.settings.sources import load_settings

SCHEDULER = "BATCHRESET_CLUSTER__SCHEDULER"


def refusal(text: str) -> str:
    """What is told of it as a flag."""
    with pytest.raises(SettingsError) as caught:
        load_settings(flags={"cluster.scheduler": text}, environ={}, job_file=None)
    return "\n".join(caught.value.lines())


def test_its_flags_say_cluster_and_take_no_other_settings_name() -> None:
    flags = [flag_of(name) for name in SETTINGS]
    assert [flag for flag in flags if flag and flag.startswith("--cluster")] == [
        "--cluster", "--cluster-ca-file", "--cluster-cert-file", "--cluster-key-file", "--cluster-plain-tcp",
    ]  # fmt: skip
    assert len(set(flags)) == len(flags)


def test_each_source_may_say_it_and_none_takes_a_weaker_ones_word_back(tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text('[cluster]\nscheduler = "tls://scheduler:8786"\nplain_tcp = true\n', encoding="utf-8")
    by_job = load_settings(flags={}, environ={}, job_file=job).cluster
    assert (by_job.place, by_job.plain_tcp) == (SchedulerAt("tls://scheduler:8786"), True)
    by_variable = load_settings(flags={}, environ={SCHEDULER: "s.json"}, job_file=job).cluster
    assert by_variable.place == SchedulerFile("s.json")
    by_flag = load_settings(flags={"cluster.scheduler": "local:2"}, environ={SCHEDULER: "s.json"}, job_file=job).cluster
    assert by_flag.place == LocalWorkers(2)
    for nobody in ("none", "None", ""):
        assert load_settings(flags={"cluster.scheduler": nobody}, environ={}, job_file=job).cluster.place is None


@pytest.mark.parametrize("text", ["", "local:3", "tls://[::1]:8786", "tcp://10.0.0.7:1", "/run/s.json"])
def test_a_run_keeps_it(text: str) -> None:
    settings = load_settings(flags={"cluster.scheduler": text}, environ={}, job_file=None)
    assert from_snapshot(to_snapshot(settings)) == settings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("local:0", 'found "local:0" (local: is followed by a number of workers, 1 to 64, as in local:4)'),
        ("http://scheduler:8786", "begins with tls:// or tcp://"),
        ("tls://scheduler", "it has no port"),
        ("scheduler:8786", "begins with tls://, a file of such a name with ./"),
    ],
)
def test_what_is_wrong_is_shown_with_why_and_what_may_stand_there(text: str, words: str) -> None:
    told = refusal(text)
    assert words in told
    assert told.startswith("error: the settings cannot be used: 1 problem")
    assert "  --cluster: found " in told
    assert "allowed: local:N (N from 1 to 64), tls://host:port" in told


@pytest.mark.parametrize("text", ["tls://a\x1b]0;x\x07:1", "local:\x1b[2J", "a\nb"])
def test_orders_to_a_terminal_do_not_reach_it(text: str) -> None:
    assert all(line.isprintable() for line in refusal(text).splitlines())


def test_a_password_that_somebody_put_into_an_address_is_not_shown() -> None:
    assert "c4n4ry" not in refusal("tls://me:c4n4ry@scheduler:8786")
