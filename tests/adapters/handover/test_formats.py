"""The hand-over as a table and as JSON."""

import csv
import json

import pytest
from given_lines import CUSTOMER, USER, line, written

from batchreset.core.certainty import Certainty
from batchreset.core.columns import HANDOVER
from batchreset.core.password import ALPHABET

LINES = [line(ALPHABET), line("Trout-Ozone-7", sure=Certainty.POSSIBLE)]
VALUES = [
    (CUSTOMER, USER, ALPHABET, "in_force", "succeeded", "2026-11-26T08:10:11.123Z"),
    (CUSTOMER, USER, "Trout-Ozone-7", "possible", "in_doubt", "2026-11-26T08:10:11.123Z"),
]


def test_the_table_has_a_header_and_a_line_for_each_password() -> None:
    assert written("csv", LINES) == "".join(",".join(values) + "\n" for values in (HANDOVER, *VALUES))


def test_json_is_one_list_with_an_object_on_each_line() -> None:
    text = written("json", LINES)
    objects = [dict(zip(HANDOVER, values, strict=True)) for values in VALUES]

    assert json.loads(text) == objects
    assert [json.loads(one.rstrip(",")) for one in text.splitlines()[1:-1]] == objects


@pytest.mark.parametrize(("form", "text"), [("csv", ",".join(HANDOVER) + "\n"), ("json", "[]\n")])
def test_nothing_to_hand_over_is_an_empty_table_or_list(form: str, text: str) -> None:
    assert written(form, []) == text


@pytest.mark.parametrize("count", [999, 1_000, 1_001, 2_500])
def test_long_tables_are_whole(count: int) -> None:
    passwords = [f"p{number}" for number in range(count)]
    read = csv.DictReader(written("csv", map(line, passwords)).splitlines())
    assert [one["password"] for one in read] == passwords
