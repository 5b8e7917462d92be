"""Each sample input, tried as sample_inputs/README.md says, gives what lies beside it."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from acceptance_world import World, world
from hatchling.builders.wheel import WheelBuilder
from samples import (
    ALL,
    EXPECTED,
    MESSY_FLAGS,
    REFUSED,
    REFUSED_FLAGS,
    SAMPLES,
    STEADY,
    TOP,
    Sample,
    carry_out,
    damaged,
    missing_users,
    refusals,
    service,
    steady,
    workbooks,
)

from batchreset.adapters.reader import load
from batchreset.core.columns import RESULTS
from batchreset.errors import ExitCode

README = (SAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("samples"), service()) as one:
        yield one


@pytest.mark.parametrize(
    "sample", [sample for sample in ALL if sample.name != "incident.csv"], ids=lambda sample: sample.name
)
def test_a_sample_gives_what_lies_beside_it(sample: Sample, made: World) -> None:
    ended = carry_out(made, sample)
    assert ended.code == sample.exit_code, ended.stderr
    run = made.runs / sample.stem
    assert steady(run / "results.csv") == (EXPECTED / f"{sample.stem}.csv").read_bytes().decode()
    problems, expected = run / "problems.csv", EXPECTED / f"{sample.stem}.problems.csv"
    assert problems.exists() == expected.exists()
    if expected.exists():
        assert problems.read_bytes() == expected.read_bytes()


def test_the_demonstration_is_expected_to_fail_for_the_two_users_that_its_service_does_not_know() -> None:
    given = pl.read_csv(SAMPLES / "incident.csv", infer_schema=False)
    expected = pl.read_csv(EXPECTED / "incident.csv", infer_schema=False)
    assert expected.select(given.columns).equals(given)
    unknown = expected["user-id"].is_in(list(missing_users()))
    assert expected.filter(unknown)["row"].to_list() == ["51", "151"]
    assert set(expected.filter(unknown).select("outcome", "reason", "error_code").rows()) == {
        ("failed", "not_found", "60002")
    }
    assert set(expected.filter(~unknown)["outcome"]) == {"succeeded"}


@pytest.mark.torture
def test_the_demonstration_gives_what_is_expected_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "batchreset", "demo", "--folder", "demo"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    results = tmp_path / "demo" / "runs" / "demo" / "results.csv"
    assert steady(results) == (EXPECTED / "incident.csv").read_bytes().decode()


def test_the_package_holds_all_samples_and_job_files() -> None:
    packed = {file.distribution_path for file in WheelBuilder(str(TOP)).recurse_included_files()}
    for folder in ("sample_inputs", "jobs"):
        there = [path.relative_to(TOP).as_posix() for path in (TOP / folder).rglob("*") if path.is_file()]
        assert {f"batchreset/{name}" for name in there} <= packed


def test_what_is_compared_is_all_of_the_results_but_what_another_run_has_otherwise() -> None:
    header = (EXPECTED / "small.csv").read_text(encoding="utf-8").partition("\n")[0].split(",")
    varying = [name for name in RESULTS if name not in header]
    assert header[: len(STEADY)] == list(STEADY)
    assert all(name.endswith(("_at", "_id")) or name in {"attempts", "error_description"} for name in varying)


def test_every_refused_file_is_refused_with_the_words_that_lie_beside_it(made: World) -> None:
    told = (EXPECTED / "refused.txt").read_text(encoding="utf-8").split("$ batchreset plan ")[1:]
    said = dict(entry.partition("\n")[::2] for entry in told)
    for name, refused in refusals(made):
        assert refused.code == ExitCode.REFUSED, name
        command = f"sample_inputs/refused/{name} {' '.join(REFUSED_FLAGS)}"
        assert refused.stderr.rstrip() == said.pop(command).rstrip()
    assert said == {}


def test_messy_rows_are_all_told_and_nothing_is_sent_unless_they_are_to_be_left_out(made: World) -> None:
    before = made.resets
    refused = made.batchreset("run", "sample_inputs/messy.csv", "--yes", *MESSY_FLAGS[2:])
    problems = pl.read_csv(EXPECTED / "messy.problems.csv")
    assert (refused.code, made.resets) == (ExitCode.REFUSED, before)
    assert f"messy.csv has {problems.height} problems in its rows" in refused.stderr
    assert "\x1b" not in refused.stderr


@pytest.mark.parametrize(
    ("csv", "other"),
    [
        ("incident.csv", "incident.parquet"),
        ("small.csv", "small.ndjson"),
        ("small.csv", "small-from-excel.txt.gz"),
    ],
    ids=["Parquet", "NDJSON", "Excel's Unicode text"],
)
def test_a_sample_of_another_kind_holds_the_same_rows(csv: str, other: str) -> None:
    assert load(str(SAMPLES / csv)).frame.equals(load(str(SAMPLES / other)).frame)


def test_the_workbooks_are_as_they_are_made() -> None:
    made = {path: content for path, content in (*workbooks(), *damaged()) if path.suffix == ".xlsx"}
    assert set(SAMPLES.rglob("*.xlsx")) == made.keys()
    assert all(path.read_bytes() == content for path, content in made.items())


def test_every_sample_stands_in_the_readme_and_nothing_else_does() -> None:
    named = set(re.findall(r"^\| `([\w./-]+)`", README, re.MULTILINE))
    there = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()}
    assert named == there - {"README.md"}


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_the_readme_gives_the_command_that_is_tried(sample: Sample) -> None:
    command = shlex.join(["batchreset", "run", f"sample_inputs/{sample.name}", *sample.flags])
    assert f"$ {command}\n" in README.replace(" \\\n   ", "")


def test_the_readme_names_the_two_users_that_the_demonstration_misses() -> None:
    assert set(re.findall(r"--missing-user (\S+)", README)) == missing_users()


def test_no_sample_names_anybody_who_exists() -> None:
    texts = [path for path in SAMPLES.rglob("*") if path.suffix in {".csv", ".txt", ".ndjson"}]
    domains = {domain for path in texts for domain in re.findall(rb"@[\w-]+(?:\.[\w-]+)+", path.read_bytes())}
    assert domains
    assert all(domain.endswith(b".example") for domain in domains)


def test_the_files_that_are_refused_are_not_taken_for_one_another() -> None:
    contents = [path.read_bytes() for path in REFUSED.iterdir()]
    assert len(set(contents)) == len(contents) == 21
