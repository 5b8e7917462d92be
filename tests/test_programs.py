"""Programs that tests call and no Python package brings: only tests marked `programs` do, and .ci/run installs each."""

import re
from pathlib import Path
from typing import Final

import pytest

TOP: Final = Path(__file__).parents[1]
EVERYWHERE: Final = frozenset({"bash", "sh"})
"""On each machine that the program runs on."""
KNOWN: Final = frozenset({
    "age", "age-keygen", "chromedriver", "chromium", "convert", "ffmpeg", "fish", "git", "groff", "jq", "man", "mandoc",
    "openssl", "podman", "shellcheck", "ssh-keygen", "systemctl", "systemd-analyze", "systemd-run", "tmux", "zsh",
})  # fmt: skip
"""That a test could think of. One more is called? It belongs here."""
_CALL: Final = re.compile(r'(?:which|said|run|Popen|check_output|call)\(\s*(?:\(|\[|f?)?\s*\[?"([a-z][\w-]*)"')
_MARKED: Final = re.compile(r"^pytestmark = pytest\.mark\.programs$|pytest\.mark\.programs\b", re.MULTILINE)
HELPERS: Final = ("tests/support/hardened.py", "tools/pictures/filming.py", "tools/pictures/pages.py")
"""Of those tests."""


def called_in(text: str) -> set[str]:
    return {name for name in _CALL.findall(text) if name in KNOWN | EVERYWHERE}


def sources() -> dict[str, str]:
    return {
        path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8")
        for folder in ("tests", "tools")
        for path in (TOP / folder).rglob("*.py")
        if path != Path(__file__)
    }


def installed() -> set[str]:
    """By .ci/run, on a machine that has none of them."""
    return set(re.findall(r"\b([a-z][a-z-]*):[a-z]", (TOP / ".ci" / "run").read_text(encoding="utf-8")))


def test_each_program_that_a_test_calls_is_installed_for_it_and_stands_in_the_readme() -> None:
    called = set().union(*map(called_in, sources().values())) - EVERYWHERE
    # jq and openssl stand in scripts that tests carry out.
    assert called | {"jq", "openssl"} == installed()
    development = (TOP / "README.md").read_text(encoding="utf-8").partition("\n## Development\n")[2]
    named = re.search(r"`make programs` \((.*?)\)", development, re.DOTALL)
    assert named
    assert set(re.findall(r"`([a-z-]+)`", named[1])) == installed()


def test_no_test_of_the_default_run_calls_one() -> None:
    callers = {name for name, text in sources().items() if called_in(text) - EVERYWHERE}
    marked = {name for name, text in sources().items() if _MARKED.search(text)}
    assert callers <= marked | {*HELPERS, "tools/pictures/__main__.py"}


@pytest.mark.parametrize(
    "text",
    [
        'shutil.which("tmux")',
        'subprocess.run(["tmux", "-L"])',
        'subprocess.run(\n    ["tmux", *words],',
        'run("tmux", "-L")',
        'said("tmux", x)',
        'subprocess.Popen(["tmux"])',
    ],
)
def test_a_call_is_noticed_however_it_is_written(text: str) -> None:
    assert called_in(text) == {"tmux"}
    assert called_in(text.replace("tmux", "no-such")) == set()
