"""Whatever the figures are, a chart stays within its frame, and its axis counts in steps that people count in."""

import dataclasses
import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from made_reports import PARTNERS, report

from batchreset.adapters.report.charts import draw
from batchreset.adapters.report.drawing import HEIGHT, Drawing, Upright
from batchreset.core.reporting.report import Throughput
from batchreset.core.reporting.traffic import Bar, Kind, histogram

WIDTHS = {"wide": 760, "narrow": 300}
COUNTS = st.dictionaries(st.sampled_from(Kind), st.integers(1, 10**7))
BARS = st.lists(COUNTS, min_size=1, max_size=60).filter(any)
ANSWERS = st.dictionaries(st.tuples(st.sampled_from(Kind), st.integers(0, 600_000)), st.integers(1, 10**7), min_size=1)


def elements(drawing: Drawing) -> list[ET.Element]:
    return list(ET.fromstring(f'<svg viewBox="{drawing.view_box}">{drawing.inside}</svg>').iter())


def rectangles(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    """Left, top, right, bottom of each bar."""
    boxes = ([float(one.attrib[name]) for name in ("x", "y", "width", "height")] for one in elements(drawing)
             if one.tag == "rect")  # fmt: skip
    return [(x, y, x + width, y + height) for x, y, width, height in boxes]


@given(counts=BARS, seconds=st.integers(1, 86_400), limit=st.none() | st.integers(1, 10**6))
def test_requests_over_time_stay_within_the_frame(
    counts: list[dict[Kind, int]], seconds: int, limit: int | None
) -> None:
    made = report()
    bars = tuple(Bar(session=1, at=number * seconds, counts=count) for number, count in enumerate(counts))
    found = dataclasses.replace(PARTNERS, requests=limit) if limit else None
    whole = Throughput(limit=found, bar_seconds=seconds, bars=bars, begins={1: 0})
    drawn = draw(dataclasses.replace(made, traffic=dataclasses.replace(made.traffic, whole=whole, slowest=None)))
    assert drawn.whole is not None
    assert drawn.slowest is None
    for size, width in WIDTHS.items():
        boxes = rectangles(getattr(drawn.whole, size))
        assert len(boxes) == sum(len(count) for count in counts)
        assert all(-0.01 <= x < right <= width + 0.01 for x, _, right, _ in boxes)
        assert all(0 <= top <= bottom <= HEIGHT + 0.02 for _, top, _, bottom in boxes)


@given(answers=ANSWERS)
def test_each_bin_of_answer_times_has_its_bar_as_high_as_it_holds(answers: dict[tuple[Kind, int], int]) -> None:
    made, bins = report(), histogram(answers)
    drawn = draw(dataclasses.replace(made, traffic=dataclasses.replace(made.traffic, histogram=bins)))
    assert drawn.answers is not None
    for size in WIDTHS:
        heights = [bottom - top for _, top, _, bottom in rectangles(getattr(drawn.answers, size))]
        highest = max(one.answers for one in bins)
        assert len(heights) == len(bins)
        assert all(
            abs(tall / max(heights) - one.answers / highest) < 0.01 for tall, one in zip(heights, bins, strict=True)
        )


@given(top=st.floats(1e-6, 1e9), whole=st.booleans())
def test_an_axis_counts_from_nothing_in_ones_twos_or_fives(top: float, *, whole: bool) -> None:
    axis = Upright(title="a second", top=top, whole=whole)
    digits = f"{axis.step:.0e}"[0]
    assert digits in "125"
    assert axis.numbers[0] == 0
    assert len(axis.numbers) <= 11
    assert axis.numbers[-1] <= top * (1 + 1e-6) <= axis.rounded.top * (1 + 1e-5)
    texts = [axis.text(number) for number in axis.numbers]
    assert len(set(texts)) == len(texts)
    assert not whole or not any(re.search(r"\.", text) for text in texts)


def test_words_in_a_chart_are_text() -> None:
    """Nothing but figures of our own is in them: and whatever it is, it is no element."""
    drawn = draw(report())
    assert drawn.whole is not None
    texts = [one.text for one in elements(drawn.whole.wide) if one.tag == "text"]
    assert {"session 1", "session 2", "requests a second", "0:00"} <= set(texts)
    assert {one.tag for one in elements(drawn.whole.wide)} == {"svg", "g", "rect", "line", "text"}
