"""Pacing decides as it did: a change of it is made on purpose.

Each small regime is played through the real pacer in virtual time; its figures, and a digest of every send, pause and
lesson, are compared with the record beside this file. Whether the new decisions are good is not said here: the regimes
and the benchmark do. `python -m benchmarks.pacing --record` makes the record anew, and prints what changed.
"""

from pathlib import Path

import pytest

from benchmarks.pacing.decisions import RECORD, Small, decided, record, recorded
from benchmarks.pacing.small import SMALL


@pytest.mark.parametrize("regime", SMALL, ids=lambda regime: regime.name)
def test_pacing_decides_as_it_did_and_a_change_of_it_is_made_on_purpose(regime: Small) -> None:
    assert decided(regime) == recorded(RECORD)[regime.name], "if meant: python -m benchmarks.pacing --record"


def test_the_record_is_of_these_regimes_and_no_others() -> None:
    assert list(recorded(RECORD)) == [regime.name for regime in SMALL]


def test_every_row_of_a_small_regime_is_sent() -> None:
    sent = {regime.name: recorded(RECORD)[regime.name]["succeeded"] for regime in SMALL}

    assert sent == {regime.name: sum(sum(rows.values()) for rows in (regime.rows, *regime.later)) for regime in SMALL}


def test_a_new_record_tells_what_is_another_than_before(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    one, other = SMALL[0], SMALL[1]
    list(record((one,), path))
    path.write_text(path.read_text().replace('"pauses": 4', '"pauses": 5'))

    told = list(record((one, other), path))

    assert told[0].split() == ["window", "pauses", "5", "→", "4"]
    assert told[1].split()[:2] == [other.name, "makespan_seconds"]
    assert told[-1] == "0 of 2 regimes as before; decisions.json is written"
    assert list(record((one, other), path)) == ["2 of 2 regimes as before; decisions.json is written"]
