"""An input, checked and read to its end: what tests look at of it once its room is gone."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from batchreset.adapters.reader import Problem, RawTable, Rules, reading
from batchreset.adapters.reader import check as check_in
from batchreset.adapters.reader.partitions import Sizes
from batchreset.core.outcome import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A checked input whose room is gone: all of it was read."""

    frame: pl.DataFrame
    problems: list[Problem]
    problem_count: int
    reset_count: int
    skipped: Mapping[Reason, int]
    source: str
    sha256: str
    accounts_sha256: str
    named_sha256: str
    left_in_room: frozenset[str]


def check(raw: RawTable, with_rules: Rules, sizes: Sizes | None = None) -> Checked:
    with tempfile.TemporaryDirectory() as room:
        checked = check_in(raw, with_rules, room=Path(room), sizes=sizes or Sizes())
        return Checked(
            frame=pl.concat(checked.batches()),
            problems=checked.problems.first(100_000),
            problem_count=checked.problems.count,
            reset_count=checked.reset_count,
            skipped=checked.skipped,
            source=checked.source,
            sha256=checked.sha256,
            accounts_sha256=checked.accounts_sha256,
            named_sha256=checked.named_sha256,
            left_in_room=frozenset(path.name.partition("-")[0] for path in Path(room).iterdir()),
        )


def check_file(path: Path, with_rules: Rules) -> Checked:
    with reading(str(path), max_rows=with_rules.max_rows) as raw:
        return check(raw, with_rules)
