"""What a report's page says, read from its HTML, and held against the results file line by line."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

_OUTCOMES = ("succeeded", "failed", "in_doubt", "skipped", "not_attempted")
_NEED_A_PERSON = ("in_doubt", "failed", "not_attempted")
_NO_TROUBLE = {"dry_run", "planned"}
_SHOWN_CUSTOMERS = 20
_SHOWN_ROWS = {"in_doubt": 10, "failed": 10, "not_attempted": 3}
_ATTEMPTS = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 9), (10, 19), (20, 49), (50, 1 << 62))
_VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass(slots=True)
class Page(HTMLParser):
    """A page as it is read.

    Attributes:
        figures: by name; a name that comes twice with two values is in `twice`.
        elements: tag and attributes of all of them, in order.
        rows: numbers of the rows that are shown.
        unclosed: tags that are closed in another order than they were opened.
    """

    figures: dict[str, int] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    elements: list[tuple[str, Mapping[str, str | None]]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, html: str) -> "Page":
        page = cls()
        HTMLParser.__init__(page)
        page.feed(html)
        page.close()
        page.unclosed += page._open
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        name = found.get("data-figure")
        if name is not None:
            value = int(found["value"] or "")
            if self.figures.setdefault(name, value) != value:
                self.twice.append(name)
        if found.get("data-row"):
            self.rows.append(int(found["data-row"] or ""))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page_complaints(html: str, results: Sequence[Mapping[str, str]], summary: Mapping[str, Any]) -> Iterator[str]:
    """What the page of a run that has ended says otherwise than its results file and summary do."""
    page = Page.of(html)
    expected = {**expected_figures(results), "settled": _settled(results, summary), "requests": summary["sent"],
                "kind.throttled": summary["throttled"], "exit_code": summary["exit_code"],
                "to_reset": summary["to_reset"]}  # fmt: skip
    for name, value in expected.items():
        if page.figures.get(name) != value:
            yield f"report: {name} is {page.figures.get(name)}, should be {value}"
    of_rows = ("rows", "outcome.", "reason.", "customer", "needs.", "more.", "attempts.")
    yield from (
        f"report: {name} is not expected" for name in page.figures.keys() - expected.keys() if name.startswith(of_rows)
    )
    yield from (f"report: {name} stands there with two values" for name in page.twice)
    yield from (f"report: {tag} is not closed where it should be" for tag in page.unclosed)
    if page.rows != _shown_rows(results):
        yield f"report: rows {page.rows} are shown, should be {_shown_rows(results)}"


def _settled(results: Sequence[Mapping[str, str]], summary: Mapping[str, Any]) -> int:
    """Of the rows that were to be reset."""
    to_come: int = summary["to_reset"]
    return to_come - sum(line["outcome"] == "not_attempted" for line in results)


def expected_figures(results: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Counted from the results file, without the program's own code."""
    figures = {"rows": len(results)}
    outcomes = Counter(line["outcome"] for line in results)
    figures |= {f"outcome.{name}": outcomes[name] for name in _OUTCOMES}
    reasons = Counter((line["outcome"], line["reason"]) for line in results if line["reason"])
    figures |= {f"reason.{outcome}.{reason}": rows for (outcome, reason), rows in reasons.items()}
    for (outcome, reason), rows in _groups(results):
        figures[f"needs.{outcome}.{reason}"] = rows
        if rows > _SHOWN_ROWS[outcome]:
            figures[f"more.{outcome}.{reason}"] = rows - _SHOWN_ROWS[outcome]
    for least, most in _ATTEMPTS:
        rows = sum(least <= int(line["attempts"]) <= most for line in results)
        if rows:
            figures[f"attempts.{least}"] = rows
    return figures | _customers(results)


def _customers(results: Sequence[Mapping[str, str]]) -> dict[str, int]:
    by_customer: dict[str, list[Mapping[str, str]]] = {}
    for line in results:
        customer = line["customer-tenant-id"]
        by_customer.setdefault(customer if _is_guid(customer) else "none", []).append(line)

    def place(item: tuple[str, list[Mapping[str, str]]]) -> tuple[int, int, bool, str]:
        trouble = sum(line["outcome"] in {"failed", "in_doubt"} for line in item[1])
        return -trouble, -len(item[1]), item[0] == "none", item[0]

    ordered = sorted(by_customer.items(), key=place)
    shown = ordered[:_SHOWN_CUSTOMERS]
    rest = [line for _, lines in ordered[_SHOWN_CUSTOMERS:] for line in lines]
    figures = {"customers": len(by_customer.keys() - {"none"})}
    for name, lines in [*shown, *([("others", rest)] if rest else [])]:
        outcomes = Counter(line["outcome"] for line in lines)
        figures[f"customer.{name}.rows"] = len(lines)
        figures[f"customer.{name}.attempts"] = sum(int(line["attempts"]) for line in lines)
        figures |= {f"customer.{name}.{outcome}": outcomes[outcome] for outcome in _OUTCOMES}
    return figures


def _groups(results: Sequence[Mapping[str, str]]) -> list[tuple[tuple[str, str], int]]:
    needed = Counter(
        (line["outcome"], line["reason"])
        for line in results
        if line["outcome"] in _NEED_A_PERSON and line["reason"] not in _NO_TROUBLE
    )
    return sorted(needed.items(), key=lambda item: (_NEED_A_PERSON.index(item[0][0]), -item[1], item[0][1]))


def _shown_rows(results: Sequence[Mapping[str, str]]) -> list[int]:
    """The first of each group, the most urgent group first."""
    shown: list[int] = []
    for (outcome, reason), _ in _groups(results):
        own = [int(line["row"]) for line in results if (line["outcome"], line["reason"]) == (outcome, reason)]
        shown += own[: _SHOWN_ROWS[outcome]]
    return shown


def _is_guid(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(one in "0123456789abcdef-" for one in text)
