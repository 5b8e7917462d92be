"""Who is to send: what is refused before anything is sent, what a run keeps of it, and what a session may say anew."""

import datetime as dt
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from batchreset.core.places import ClusterAccess, LocalWorkers, SchedulerAt
from batchreset.errors import SettingsError
from batchreset.settings.model import Settings
from batchreset.wiring.cluster import access_of, fixed_cluster, refuse_unfit, sent_as_given, warnings_of, who_sends
from batchreset.wiring.frozen import FrozenRun, read_frozen
from batchreset.wiring.planning import NewRun, plan_run
from batchreset.wiring.report_facts import settings_that_mattered
from batchreset.wiring.summary import plan_lines
from batchreset.wiring.unchanged import check_plan_is_unchanged

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
NOW = dt.datetime.now(dt.UTC)
FILES = ("ca_file", "cert_file", "key_file")
TLS = "tls://scheduler:8786"


def settings(**cluster: object) -> Settings:
    return Settings.model_validate({"cluster": cluster})


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """The three files, by setting."""
    authority = trustme.CA()
    own = authority.issue_cert("here.example")
    authority.cert_pem.write_to_path(str(tmp_path / "ca_file"))
    own.cert_chain_pems[0].write_to_path(str(tmp_path / "cert_file"))
    own.private_key_pem.write_to_path(str(tmp_path / "key_file"))
    (tmp_path / "key_file").chmod(0o600)
    return {name: str(tmp_path / name) for name in FILES}


def over_tls(certificates: Mapping[str, str]) -> ClusterAccess:
    ca_file, cert_file, key_file = (certificates[name] for name in FILES)
    return ClusterAccess(place=SchedulerAt(TLS), ca_file=ca_file, cert_file=cert_file, key_file=key_file)


def planned(folder: Path, **cluster: object) -> FrozenRun:
    given = Settings.model_validate(
        {
            "input": {"path": "-"},
            "password": {"kind": "discard"},
            "output": {"runs_dir": str(folder / "runs")},
            "cluster": cluster,
        }
    )
    source = io.BytesIO(f"customer-tenant-id,user-id\n{CUSTOMER},{CUSTOMER}\n".encode())
    return plan_run(given, NewRun(run_id="r", now=NOW), environ={}, stdin=source)


def refusal(**cluster: object) -> str:
    with pytest.raises(SettingsError) as caught:
        access_of(settings(**cluster))
    assert caught.value.next_step
    return caught.value.what


def test_without_a_cluster_this_process_sends_whatever_else_is_given() -> None:
    assert access_of(Settings()) is None
    assert access_of(settings(ca_file="/not/there", plain_tcp=True)) is None


def test_local_workers_and_plain_tcp_on_this_machine_need_nothing() -> None:
    assert access_of(settings(scheduler="local:2")) == ClusterAccess(place=LocalWorkers(2))
    loopback = access_of(settings(scheduler="tcp://127.0.0.1:8786"))
    assert loopback == ClusterAccess(place=SchedulerAt("tcp://127.0.0.1:8786"))


def test_tls_is_taken_with_its_three_files_by_their_absolute_paths(
    certificates: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(certificates["ca_file"]).parent)
    access = access_of(settings(scheduler=TLS, **{name: name for name in FILES}))
    assert access == over_tls(certificates)


@pytest.mark.parametrize("name", FILES)
def test_tls_without_one_of_them_is_refused_and_names_it(certificates: dict[str, str], name: str) -> None:
    del certificates[name]
    with pytest.raises(SettingsError) as caught:
        access_of(settings(scheduler=TLS, **certificates))
    assert caught.value.next_step.count("--cluster-") == 1
    assert refusal(scheduler=TLS, **certificates).startswith(f"[cluster] {name} is not given, and {TLS}")


def test_files_that_would_not_be_used_are_refused(certificates: dict[str, str]) -> None:
    """Somebody relies on them."""
    assert "ca_file, cert_file and key_file are given, and local workers" in refusal(
        scheduler="local:2", **certificates
    )
    assert "key_file is given, and tcp://localhost:1 is spoken to by plain TCP" in refusal(
        scheduler="tcp://localhost:1", key_file="k"
    )


def test_files_that_do_not_fit_are_refused(certificates: dict[str, str]) -> None:
    Path(certificates["cert_file"]).write_bytes(Path(certificates["ca_file"]).read_bytes())
    assert "is not that of the certificate" in refusal(scheduler=TLS, **certificates)


def test_a_certificate_that_ends_before_the_run_begins_is_refused(certificates: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="expired on"):
        access_of(settings(scheduler=TLS, **certificates), now=dt.datetime(9000, 1, 1, tzinfo=dt.UTC))


def test_plain_tcp_to_another_host_needs_a_word() -> None:
    assert "tcp://10.0.0.7:8786 is not known to be this machine" in refusal(scheduler="tcp://10.0.0.7:8786")
    access = access_of(settings(scheduler="tcp://10.0.0.7:8786", plain_tcp=True))
    assert access == ClusterAccess(place=SchedulerAt("tcp://10.0.0.7:8786"), plain_tcp=True)


def test_the_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)  # as an import finds it that is not there
    with pytest.raises(SettingsError) as caught:
        access_of(settings(scheduler="local:2"))
    assert "batchreset[cluster]" in caught.value.next_step


def scheduler_file(folder: Path, address: object) -> str:
    path = folder / "scheduler.json"
    path.write_text(json.dumps({"type": "Scheduler", "address": address, "workers": {}}), encoding="utf-8")
    return str(path)


def test_the_address_in_a_scheduler_file_decides(tmp_path: Path, certificates: dict[str, str]) -> None:
    file = scheduler_file(tmp_path, "tcp://127.0.0.1:8786")
    assert access_of(settings(scheduler=file)) == ClusterAccess(place=SchedulerAt("tcp://127.0.0.1:8786"))
    assert "by plain TCP" in refusal(scheduler=file, **certificates)
    scheduler_file(tmp_path, "tcp://10.0.0.7:8786")
    assert f"tcp://10.0.0.7:8786, which the scheduler file {file} names, is not known" in refusal(scheduler=file)
    scheduler_file(tmp_path, TLS)
    assert "not given" in refusal(scheduler=file)
    access = access_of(settings(scheduler=file, **certificates))
    assert access == over_tls(certificates)


def test_a_scheduler_file_that_says_nothing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    assert refusal(scheduler=str(path)) == f"the scheduler file {path} cannot be read: No such file or directory"
    assert refusal(scheduler=str(tmp_path)).endswith("Is a directory")
    for content, why in (
        (b"", "not JSON"),
        (b"\xff", "not UTF-8 text"),
        (b"{}", '"address"'),
        (b" " * (17 << 20), "JSON"),
    ):
        path.write_bytes(content)
        told = refusal(scheduler=str(path))
        assert told.startswith(f"the scheduler file {path} cannot be used: ")
        assert why in told
    assert "an order" not in refusal(scheduler=scheduler_file(tmp_path, "tls://\x1b]0;an order\x07:1"))


def test_a_home_that_is_nobodys_is_a_file_that_is_not_there() -> None:
    assert "~nobody-here/s.json cannot be read" in refusal(scheduler="~nobody-here/s.json")


def test_a_key_that_others_may_read_is_told(certificates: dict[str, str]) -> None:
    given = settings(scheduler=TLS, **certificates)
    assert warnings_of(given) == ()
    Path(certificates["key_file"]).chmod(0o644)
    (warning,) = warnings_of(given)
    assert warning.endswith("is open to others (mode 0644); chmod 600 it")
    assert certificates["key_file"] in warning
    assert warnings_of(settings(**certificates)) == ()  # nobody reads it
    Path(certificates["key_file"]).unlink()
    assert warnings_of(given) == ()
    Path(certificates["key_file"]).mkdir()
    assert warnings_of(given) == ()


def test_a_plan_keeps_files_by_paths_that_hold_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fixed = fixed_cluster(settings(scheduler="s.json", ca_file="~/ca.pem").cluster)
    assert fixed == {"scheduler": str(tmp_path / "s.json"), "ca_file": str(Path("~/ca.pem").expanduser())}
    assert fixed_cluster(settings(scheduler=TLS).cluster) == {}
    run = planned(tmp_path, scheduler="s.json")
    assert run.settings.cluster.scheduler == str(tmp_path / "s.json")


def test_what_cannot_go_together_is_not_frozen_and_files_may_come_later(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not known to be this machine"):
        planned(tmp_path, scheduler="tcp://10.0.0.7:1")
    assert list(tmp_path.iterdir()) == []
    assert planned(tmp_path, scheduler="not-there-yet.json").reset_count == 1


def test_who_sends_is_said_where_it_is_not_this_process(tmp_path: Path) -> None:
    run = planned(tmp_path, scheduler="local:4")
    assert "  sends:     4 worker processes of this machine" in plan_lines(run)
    assert dict(settings_that_mattered(run.settings))["Sent by"] == "4 worker processes of this machine"
    own = sent_as_given(run, flags={"cluster.scheduler": "none"}, environ={})
    assert "  sends:     this process" in plan_lines(own)
    (tmp_path / "other").mkdir()
    usual = planned(tmp_path / "other")
    assert not any("sends:" in line for line in plan_lines(usual))
    assert "Sent by" not in dict(settings_that_mattered(usual.settings))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("local:1", "1 worker process of this machine"),
        (TLS, f"the cluster at {TLS}"),
        ("tcp://[::1]:1", "the cluster at tcp://[::1]:1, without TLS"),
        ("/run/s.json", "the cluster of the scheduler file /run/s.json"),
        ("none", "this process"),
    ],
)
def test_each_place_has_its_words(text: str, words: str) -> None:
    assert who_sends(settings(scheduler=text)) == words


def anew(run: FrozenRun, *, environ: dict[str, str] | None = None, **flags: object) -> FrozenRun:
    return sent_as_given(run, flags={f"cluster.{name}": value for name, value in flags.items()}, environ=environ or {})


def test_a_session_may_say_it_anew_and_the_run_stays_as_it_was_frozen(tmp_path: Path) -> None:
    run = planned(tmp_path, scheduler=TLS, ca_file="/ca", cert_file="/cert", key_file="/key")
    before = run.folder.run_json.read_bytes()
    assert anew(run) is run
    assert anew(run, scheduler=None, environ={"BATCHRESET_PACE__ORDER": "input"}) is run
    other = anew(run, scheduler="tls://other:1")
    assert other.settings.cluster == replace_cluster(run, scheduler="tls://other:1")
    assert anew(run, environ={"batchreset_cluster__key_file": "/new"}).settings.cluster == replace_cluster(
        run, key_file="/new"
    )
    check_plan_is_unchanged(other)
    assert run.folder.run_json.read_bytes() == before
    assert read_frozen(run.folder).settings == run.settings
    assert other.settings.model_copy(update={"cluster": run.settings.cluster}) == run.settings


def replace_cluster(run: FrozenRun, **changes: object) -> object:
    return run.settings.cluster.model_copy(update=changes)


@pytest.mark.parametrize("text", ["local:2", "none", "", "tcp://127.0.0.1:1"])
def test_what_another_place_has_no_use_for_is_left_out(tmp_path: Path, text: str) -> None:
    run = planned(tmp_path, scheduler=TLS, ca_file="/ca", cert_file="/cert", key_file="/key")
    now = anew(run, scheduler=text).settings
    assert (now.cluster.ca_file, now.cluster.cert_file, now.cluster.key_file) == ("", "", "")
    refuse_unfit(now)
    # What is given beside it is not: it would not be used either, and somebody relies on it.
    if text.startswith(("local", "tcp")):
        with pytest.raises(SettingsError, match="key_file is given"):
            refuse_unfit(anew(run, scheduler=text, key_file="/key").settings)


def test_that_one_network_is_safe_says_nothing_of_another(tmp_path: Path) -> None:
    run = planned(tmp_path, scheduler="tcp://10.0.0.7:1", plain_tcp=True)
    with pytest.raises(SettingsError, match="is not known to be this machine"):
        refuse_unfit(anew(run, scheduler="tcp://10.9.9.9:1").settings)
    refuse_unfit(anew(run, scheduler="tcp://10.9.9.9:1", plain_tcp=True).settings)
    assert not anew(run, scheduler="s.json").settings.cluster.plain_tcp


def test_what_is_said_anew_has_to_be_right(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        anew(planned(tmp_path), scheduler="http://x")


def test_a_run_of_a_version_that_knew_no_cluster_is_sent_by_this_process(tmp_path: Path) -> None:
    run = planned(tmp_path)
    facts = json.loads(run.folder.run_json.read_text(encoding="utf-8"))
    del facts["settings"]["cluster"]
    run.folder.run_json.write_text(json.dumps(facts), encoding="utf-8")
    old = read_frozen(run.folder)
    assert access_of(old.settings) is None
    assert "  sends:     2 worker processes of this machine" in plan_lines(anew(old, scheduler="local:2"))
    assert not any("sends:" in line for line in plan_lines(replace(old, settings=Settings())))
