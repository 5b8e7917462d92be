"""The settings in `run.json`."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.errors import SettingsError
from batchreset.settings.model import Settings
from batchreset.settings.names import SECRET_KEYS, SECTIONS
from batchreset.settings.names import SETTINGS as NAMES
from batchreset.settings.snapshot import from_snapshot, to_snapshot

SETTINGS = st.builds(
    lambda canary, kind, protected, url: Settings.model_validate(
        {
            "safety": {"canary": canary},
            "auth": {"kind": kind},
            "input": {"protected": protected},
            "partner_center": {"base_url": url},
        }
    ),
    st.integers(0, 10_000),
    st.sampled_from([None, "access_token", "refresh_token"]),
    st.lists(st.sampled_from(["a.csv", "b.csv"])),
    st.sampled_from(["", "https://gw.example/"]),
)

KEYS = sorted({name.partition(".")[2] for name in NAMES})
VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=2)),
    max_leaves=4,
)
CONTENT = st.one_of(VALUE, st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text()), VALUE, max_size=4))


@given(settings=SETTINGS)
def test_settings_survive_the_way_through_json(settings: Settings) -> None:
    assert from_snapshot(json.loads(json.dumps(to_snapshot(settings)))) == settings


def details_of_refusal(tree: dict[str, object]) -> tuple[str, ...]:
    """The lines that a person sees; none if the tree is taken."""
    try:
        from_snapshot(tree)
    except SettingsError as error:
        return error.details
    return ()


@given(tree=st.dictionaries(st.one_of(st.sampled_from(list(SECTIONS)), st.text()), CONTENT))
def test_any_tree_of_values_is_taken_or_refused_in_words(tree: dict[str, object]) -> None:
    assert all(line.isprintable() for line in details_of_refusal(tree))


def test_a_snapshot_holds_every_setting_and_no_secret() -> None:
    snapshot = to_snapshot(Settings())
    assert snapshot["pace"]["max_concurrency"] == 64
    assert SECRET_KEYS.isdisjoint(snapshot["auth"])


def test_what_an_older_version_did_not_know_has_its_default() -> None:
    assert from_snapshot({"pace": {"max_attempts": 3}}).safety == Settings().safety


@pytest.mark.parametrize(
    ("snapshot", "line"),
    [
        (
            {"safety": {"omit": []}},
            (
                "run.json: [safety] omit: there is no such setting;"
                " [safety] has canary, max_failure_rate, max_failures, max_duration, check_mfa, skip, refuse"
            ),
        ),
        ({"pace": None}, "run.json: [pace]: found null; allowed: a table of settings"),
        (
            {"pace": {"order": "random"}},
            'run.json: [pace] order: found "random"; allowed: "interleave", "input"',
        ),
    ],
    ids=["key", "section", "value"],
)
def test_a_snapshot_of_a_newer_version_is_refused_with_what_is_unknown(
    snapshot: Mapping[str, object], line: str
) -> None:
    with pytest.raises(SettingsError, match="this version does not know") as caught:
        from_snapshot(snapshot)
    assert caught.value.details == (line,)
    assert "version that planned the run" in caught.value.next_step
