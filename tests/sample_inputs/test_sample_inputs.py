"""Each sample input, tried as sample_inputs/README.md says, gives what lies beside it."""

import re
import shlex
from collections.abc import Iterator

import polars as pl
import pytest
from acceptance_world import World, world
from samples import (
    ALL,
    EXPECTED,
    MESSY_FLAGS,
    REFUSED,
    REFUSED_FLAGS,
    SAMPLES,
    STEADY,
    Sample,
    carry_out,
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
    "sample",
    [
        # As long as all others together; its resets are those of the demonstration, which is tested by itself.
        pytest.param(sample, id=sample.name, marks=[pytest.mark.torture] if sample.name == "incident.csv" else [])
        for sample in ALL
    ],
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


def test_the_parquet_sample_holds_the_same_rows_as_the_csv() -> None:
    csv, parquet = (load(str(SAMPLES / f"incident.{ending}")).frame for ending in ("csv", "parquet"))
    assert csv.equals(parquet)


def test_the_workbooks_are_as_they_are_made() -> None:
    made = dict(workbooks())
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
    assert len(set(contents)) == len(contents) == 17
