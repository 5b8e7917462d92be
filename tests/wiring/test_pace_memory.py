"""What a run learned of the limits stands in its summary, and a later run of the same partner finds it."""

import dataclasses
import datetime as dt
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from batchreset.adapters.run_folder import RunFolder
from batchreset.core.pacing import Learned, LearnedLimit
from batchreset.settings.model import AuthSettings, PaceSettings, PartnerCenterSettings, Settings
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.pace_memory import (
    LIMITS_KEPT,
    REMEMBERED_FOR,
    SUMMARY_MOST_BYTES,
    Remembered,
    pacing_summary,
    remembered,
)

ONE, OTHER = (f"c0000000-0000-0000-0000-00000000000{number}" for number in (1, 2))
NOW = dt.datetime(2026, 11, 25, 3, 0, tzinfo=dt.UTC)
OF_A_PARTNER = Settings(auth=AuthSettings(tenant_id="partner.example"))


def limit(scope: str, requests: int = 60, *, waited_seconds: float = 1.0) -> LearnedLimit:
    return LearnedLimit(
        scope=scope,
        shape="window",
        limit=requests,
        window_seconds=60.0,
        refused=2,
        waited_seconds=waited_seconds,
    )


LEARNED = Learned(partner=limit("partner", 600), customers=(limit(ONE), limit(OTHER, 30)))


@dataclasses.dataclass
class Runs:
    """A folder of runs; each was planned a minute after the one before."""

    path: Path
    planned: int = 0

    def add(
        self,
        run_id: str,
        learned: Learned | None = None,
        *,
        settings: Settings = OF_A_PARTNER,
        learned_at: dt.datetime = NOW,
        **changes: Any,
    ) -> FrozenRun:
        folder = RunFolder(self.path / run_id)
        folder.path.mkdir()
        folder.run_json.write_text("{}")
        self.planned += 1
        os.utime(folder.run_json, (self.planned * 60.0, self.planned * 60.0))
        if learned is not None:
            pacing = pacing_summary(learned, settings, started_from=(), now=learned_at) | changes
            folder.write_json(folder.summary_json, {"pacing": pacing})
        return FrozenRun(
            folder=folder,
            facts={},
            settings=settings,
            plan_sha256="",
            file_sha256="",
            input_sha256="",
            accounts_sha256="",
            reset_count=0,
            skipped={},
        )


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_the_newest_run_of_the_partner_is_remembered_whole(runs: Runs) -> None:
    runs.add("a", Learned(partner=limit("partner", 1)))
    runs.add("b", LEARNED)
    later = runs.add("c")

    assert remembered(later, now=NOW) == Remembered(run_ids=("b",), learned=LEARNED)


def test_a_run_that_is_carried_on_begins_with_its_own_figures(runs: Runs) -> None:
    carried_on = runs.add("a", Learned(partner=limit("partner", 7)))
    runs.add("b", LEARNED)

    found = remembered(carried_on, now=NOW)
    assert found.run_ids == ("a", "b")
    assert found.learned is not None
    assert found.learned.partner == limit("partner", 7)
    assert found.learned.customers == LEARNED.customers


def test_of_each_scope_the_newest_counts_and_a_small_run_hides_nothing(runs: Runs) -> None:
    runs.add("a", LEARNED)
    runs.add("b", Learned(customers=(limit(ONE, 50),)))

    found = remembered(runs.add("c"), now=NOW)
    assert found.run_ids == ("b", "a")
    assert found.learned is not None
    assert (found.learned.partner, {known.scope: known.limit for known in found.learned.customers}) == (
        LEARNED.partner,
        {ONE: 50, OTHER: 30},
    )


def test_what_a_run_in_one_lane_learned_serves_only_runs_in_one_lane(runs: Runs) -> None:
    one_lane = OF_A_PARTNER.model_copy(update={"pace": PaceSettings(order="input")})
    runs.add("a", Learned(customers=(limit("*", 100),)), settings=one_lane)
    runs.add("b", Learned(customers=(limit(ONE, 50),)))

    assert remembered(runs.add("c"), now=NOW).run_ids == ("b",)
    assert remembered(runs.add("d", settings=one_lane), now=NOW).run_ids == ("a",)


def test_a_run_that_learned_nothing_hides_no_earlier_one(runs: Runs) -> None:
    runs.add("a", LEARNED)
    runs.add("b", Learned())
    runs.add("c", Learned(partner=dataclasses.replace(limit("partner"), shape="", limit=0, window_seconds=0.0)))

    assert remembered(runs.add("d"), now=NOW).run_ids == ("a",)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Settings(auth=AuthSettings(tenant_id="other.example")), id="another partner"),
        pytest.param(
            OF_A_PARTNER.model_copy(update={"partner_center": PartnerCenterSettings(cloud="china")}),
            id="another cloud",
        ),
    ],
)
def test_anothers_limits_are_not_begun_with(runs: Runs, other: Settings) -> None:
    runs.add("a", LEARNED, settings=other)

    assert remembered(runs.add("b"), now=NOW) == Remembered()


def test_who_does_not_want_it_begins_with_nothing(runs: Runs) -> None:
    runs.add("a", LEARNED)
    settings = OF_A_PARTNER.model_copy(update={"pace": PaceSettings(remember=False)})

    assert remembered(runs.add("b", settings=settings), now=NOW) == Remembered()


def test_figures_grow_old(runs: Runs) -> None:
    runs.add("a", LEARNED, learned_at=NOW - REMEMBERED_FOR)
    run = runs.add("b")

    assert remembered(run, now=NOW).run_ids == ("a",)
    assert remembered(run, now=NOW + dt.timedelta(seconds=1)) == Remembered()


@pytest.mark.parametrize(
    "summary",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="not an object"),
        pytest.param("{}", id="without pacing"),
        pytest.param('{"pacing": null}', id="nothing sent"),
        pytest.param('{"pacing": 7}', id="a number"),
        pytest.param('{"pacing": {"partner": "x"}}', id="no address"),
        pytest.param('{"pacing": ' + "[" * 200_000, id="deep"),
        pytest.param(" " * (SUMMARY_MOST_BYTES + 1), id="huge"),
    ],
)
def test_a_summary_that_cannot_be_read_is_passed_over(runs: Runs, summary: str) -> None:
    runs.add("a", LEARNED)
    runs.add("b").folder.summary_json.write_text(summary)

    assert remembered(runs.add("c"), now=NOW).run_ids == ("a",)


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param("many", id="no list"),
        pytest.param([{"scope": "partner"}], id="half a limit"),
        pytest.param([dataclasses.asdict(limit("partner")) | {"limit": 10**400}], id="enormous"),
        pytest.param([dataclasses.asdict(limit("partner")) | {"limit": True}], id="true"),
        pytest.param([dataclasses.asdict(limit("partner")) | {"limit": -1}], id="negative"),
        pytest.param([dataclasses.asdict(limit("partner")) | {"window_seconds": math.nan}], id="NaN"),
        pytest.param([dataclasses.asdict(limit("partner")) | {"window_seconds": 1e9}], id="a window of years"),
        pytest.param([dataclasses.asdict(limit("partner")) | {"shape": "round"}], id="no shape"),
        pytest.param([dataclasses.asdict(limit("evil\x1b[2J"))], id="no scope"),
        pytest.param([dataclasses.asdict(limit("partner"))] * (LIMITS_KEPT + 1), id="too many"),
        pytest.param([dataclasses.asdict(limit("partner")) | {"limit": "as you like"}], id="no number"),
    ],
)
def test_limits_that_are_none_are_passed_over(runs: Runs, limits: object) -> None:
    runs.add("a", LEARNED)
    runs.add("b", LEARNED, limits=limits)

    assert remembered(runs.add("c"), now=NOW).run_ids == ("a",)


def test_runs_that_cannot_be_listed_are_nothing_to_begin_with(tmp_path: Path) -> None:
    run = Runs(tmp_path).add("a")
    gone = dataclasses.replace(run, folder=RunFolder(tmp_path / "nowhere" / "a"))

    assert remembered(gone, now=NOW) == Remembered()


def test_a_summary_lists_the_partner_and_those_who_waited_longest() -> None:
    many = tuple(limit(f"c-{number}", waited_seconds=float(number)) for number in range(150))
    summary = pacing_summary(
        Learned(partner=limit("partner"), customers=many), OF_A_PARTNER, started_from=("earlier",), now=NOW
    )

    assert summary["partner"] == {
        "address": "https://api.partnercenter.microsoft.com",
        "tenant_id": "partner.example",
    }
    assert summary["started_from"] == ["earlier"]
    assert summary["learned_at"] == "2026-11-25T03:00:00.000Z"
    assert summary["refused"] == 2 * 151
    assert len(summary["limits"]) == LIMITS_KEPT
    assert [found["scope"] for found in summary["limits"][:3]] == ["partner", "c-149", "c-148"]
    assert summary["limits"][1] == {
        "scope": "c-149",
        "shape": "window",
        "limit": 60,
        "window_seconds": 60.0,
        "refused": 2,
        "waited_seconds": 149.0,
    }
    assert summary["limits_left_out"] == 51
    json.dumps(summary)
