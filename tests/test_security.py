"""SECURITY.md names the tests that hold its promises; each of them is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:tests/)?[\w/]*(?:/|test_\w+\.py))`", (ROOT / "SECURITY.md").read_text("utf-8"))
    files = {path.name for path in (ROOT / "tests").rglob("*.py")}
    assert len(named) > 40
    missing = [name for name in named if not ((ROOT / name).exists() if name.startswith("tests/") else name in files)]
    assert not missing
