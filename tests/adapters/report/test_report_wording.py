"""Figures as people say them."""

import pytest

from batchreset.adapters.report.wording import clock, css_text, duration, milliseconds, share, span


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 1_000_000, "0.1 %"),
        (999_999, 1_000_000, "99.9 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_something_is_never_nothing_and_never_all(part: int, whole: int, words: str) -> None:
    assert share(part, whole) == words


def test_times_are_as_long_as_they_are() -> None:
    assert [milliseconds(value) for value in (0, 999, 1_250, 61_000)] == ["0 ms", "999 ms", "1.25 s", "61.0 s"]
    long = [duration(value) for value in (12.34, 59.96, 245, 11_220)]
    assert long == ["12.3 s", "1 min 00 s", "4 min 05 s", "3 h 07 min"]
    assert [span(value) for value in (5, 90, 120, 7_200)] == ["5 s", "90 s", "2 min", "2 h"]
    assert [clock(value) for value in (0, 65, 3_661)] == ["0:00", "1:05", "1:01:01"]


def test_a_name_ends_neither_the_string_nor_the_style_it_stands_in() -> None:
    assert css_text("run-7_b.2 x") == "run-7_b.2 x"
    hostile = str(css_text('a"b</style>\\é\n'))
    assert hostile == "a\\000022b\\00003c\\00002fstyle\\00003e\\00005c\\0000e9\\00fffd"
