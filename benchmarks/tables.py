"""Tables: printed as they are recorded, in Markdown."""

from collections.abc import Iterable, Iterator, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines, all columns as wide as their widest cell; the first one to the left, the others to the right."""
    every = [list(head), *(list(row) for row in rows)]
    widths = [max(3, *(len(row[at]) for row in every)) for at in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for row in (every[0], rule, *every[1:]):
        cells = [
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"| {' | '.join(cells)} |"


def figure(value: float | None, digits: int = 0) -> str:
    """With thousands apart; a dash for what is not known."""
    return "–" if value is None else f"{value:,.{digits}f}"
