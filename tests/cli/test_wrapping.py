"""Lines for people fit their terminal; elsewhere, and where they are copied, they stay as they are."""

import os
import pty
import struct
import sys
import termios
from fcntl import ioctl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.cli.wrapping import NARROWEST_COLUMNS, folded, shown, tell_people

ADVICE = (
    "what to do: look at the reasons in the results file; when the cause is mended, continue the run with"
    " `batchreset apply /srv/runs/2026-11-26T06-43-22Z`."
)


def test_an_error_is_folded_at_its_spaces_and_hangs() -> None:
    assert list(folded(ADVICE, 60)) == [
        "what to do: look at the reasons in the results file; when",
        "  the cause is mended, continue the run with",
        "  `batchreset apply /srv/runs/2026-11-26T06-43-22Z`.",
    ]


def test_a_command_at_a_lines_end_stays_in_one_piece() -> None:
    line = "what to do: look at the plan, then carry it out with: batchreset apply /srv/a run --yes --old-plan"
    assert list(folded(line, 60))[-1] == "  batchreset apply /srv/a run --yes --old-plan"


@pytest.mark.parametrize(
    ("name", "copied"),
    [
        ("  hand-over", "batchreset handover /srv/runs/2026-11-26T06-43-22Z --identity KEY"),
        ("  hand-over", "batchreset handover /srv/runs/2026-11-26T06-43-22Z-a-rather-long-name --identity KEY"),
        ("  results", "/srv/runs/2026-11-26T06-43-22Z-a-rather-long-name-of-a-run/with a space/results.csv"),
    ],
)
def test_what_is_copied_from_a_table_has_a_line_of_its_own_where_the_table_is_too_wide(name: str, copied: str) -> None:
    line = f"{name:<13}{copied}"
    assert list(folded(line, 75)) == [name, f"    {copied}"]
    assert list(folded(line, len(line))) == [line]


def test_a_table_is_folded_within_its_last_column() -> None:
    assert list(folded("  not_attempted       652  planned, nothing was sent for them", 50)) == [
        "  not_attempted       652  planned, nothing was",
        "                           sent for them",
    ]


WORDS = st.lists(st.text("abc`:/-", min_size=1, max_size=30), min_size=1, max_size=30)


@given(words=WORDS, indent=st.sampled_from(["", "  "]), columns=st.integers(1, 200))
def test_nothing_is_lost_and_no_line_is_wider_but_one_word(words: list[str], indent: str, columns: int) -> None:
    line = indent + " ".join(words)
    parts = list(folded(line, columns))
    assert " ".join(part.strip() for part in parts) == line.strip()
    for part in parts:
        piece = part.strip()
        whole = "`" in piece or " " not in piece
        assert len(part) <= max(columns, NARROWEST_COLUMNS) or whole


def test_where_there_is_no_terminal_lines_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    tell_people([ADVICE], err=True)
    assert capsys.readouterr().err == ADVICE + "\n"


def test_on_a_terminal_they_are_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        tell_people([ADVICE], err=True)
        drawn = b""
        while drawn.count(b"\n") < 3:
            drawn += os.read(ours, 4096)
    os.close(ours)
    assert drawn.decode().splitlines() == list(folded(ADVICE, 60))


def test_orders_to_a_terminal_do_not_reach_it() -> None:
    assert shown("runs/\x1b[2J\x9b1m\u202egpj\tnaïve ünï\n") == "runs/?[2J?1m?gpj\tnaïve ünï\n"
