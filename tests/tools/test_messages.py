"""Every message of the program, found in its source, says what happened and what to do, in one voice."""

import re
from pathlib import Path

import pytest

from batchreset.errors import ExitCode
from tools.messages import Message, as_markdown, breaches, messages
from tools.messages.sites import Kind

PACKAGE = Path(__file__).parents[2] / "batchreset"
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found() -> list[Message]:
    return messages()


def test_no_message_breaks_a_house_rule(found: list[Message]) -> None:
    """Whoever writes a new one is told here how it reads; `make messages` shows them all."""
    assert [breach for message in found for breach in breaches(message)] == []


def test_they_are_found_at_all(found: list[Message]) -> None:
    kinds = {kind: sum(message.kind is kind for message in found) for kind in Kind}
    assert kinds[Kind.ERROR] > 190, kinds
    assert kinds[Kind.ADVICE] > 90, kinds
    assert kinds[Kind.STOP] > 8, kinds
    assert kinds[Kind.ASIDE] > 3, kinds


def test_every_exit_code_of_a_message_is_explained_in_the_readme(found: list[Message]) -> None:
    codes = {message.exit_code for message in found if message.exit_code is not None}
    assert {ExitCode.UNEXPECTED, ExitCode.REFUSED, ExitCode.SIGN_IN, ExitCode.RUN_HELD} <= codes
    table = README.partition("## Exit codes")[2].partition("\n## ")[0]
    assert [code for code in codes if not re.search(rf"(\| |, ){int(code)}\b", table)] == []


def test_the_table_shows_each_message_with_code_cause_and_advice(found: list[Message]) -> None:
    table = as_markdown(found)
    assert "| 11 | another process holds the run {run_id}" in table
    assert "| 2 | no input was given, so there is nobody to reset. | name the file of accounts:" in table
    assert "| 700082 | it was not used for 90 days" in table
    assert all(line.count(" | ") >= 1 for line in table.splitlines() if line.startswith("| "))


def test_what_troubleshooting_quotes_is_what_the_program_says(found: list[Message]) -> None:
    """Somebody looks there for the words on the screen; `…` stands for what is put in."""
    table = README.partition("## Troubleshooting")[2].partition("\n## ")[0]
    quoted = [text for line in table.splitlines() for text in re.findall(r'"([^"]+)"', line.split(" | ")[0])]
    sources = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    said = re.sub(r'"\s*f?"', "", "\n".join(sources))  # a text that goes on in the next line
    said += "\n".join(re.sub(r"\[([^|\]]*)\|?[^\]]*\]", r"\1", message.what or "") for message in found)
    assert len(quoted) > 12
    assert [part for text in quoted for part in text.split("…") if part.strip() not in said] == []


def of_source(folder: Path, source: str) -> list[Message]:
    """The messages of a program of one file."""
    package = folder / "batchreset"
    package.mkdir()
    (package / "made.py").write_text(source, encoding="utf-8")
    return messages(package)


GOOD = 'raise InputError(f"{path} is empty", next_step="give another file")'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param(GOOD, None, id="good"),
        pytest.param('raise InputError("x")', "what to do is missing", id="no next step"),
        pytest.param('raise InputError("x is empty", next_step="")', "what to do is missing", id="empty next step"),
        pytest.param(GOOD.replace("{path} is", "The file is"), "in lower case", id="capital"),
        pytest.param(GOOD.replace("{path} is", "Partner Center is"), None, id="name"),
        pytest.param(GOOD.replace("empty", "empty."), "full stop", id="full stop"),
        pytest.param(GOOD.replace("another file", "another file."), "full stop", id="full stop in the next step"),
        pytest.param(GOOD.replace("is empty", "is  empty"), "two spaces", id="two spaces"),
        pytest.param(GOOD.replace("empty", "an invalid file"), "say what would be right", id="invalid"),
        pytest.param(GOOD.replace("empty", "a ValueError"), "programmer's word", id="class"),
        pytest.param(GOOD.replace("give", "please give"), "does not help", id="please"),
        pytest.param(GOOD.replace("give another file", "another file is needed"), "a verb", id="no order"),
        pytest.param(GOOD.replace("give another", "if it is not, give another"), None, id="if"),
        pytest.param(GOOD.replace("another file", "another: batchreset plan x"), "backticks", id="command"),
        pytest.param(GOOD.replace("another file", "another: `batchreset plan x`"), None, id="command in backticks"),
        pytest.param(GOOD.replace("{path}", "{password}"), "is it a secret", id="secret"),
        pytest.param(GOOD.replace("{path}", "{row.password}"), "is it a secret", id="secret of something"),
        pytest.param(GOOD.replace("empty", "e" * 400), "at most", id="long"),
        pytest.param('raise OwnError("The x", next_step="give y")', None, id="no error of ours"),
        pytest.param('class OwnError(InputError): ...\nraise OwnError("The x", next_step="give y")', "lower", id="own"),
        pytest.param('STEP = "Give y"\nraise InputError("x is z", next_step=STEP)', "lower case", id="constant"),
        pytest.param('stop_for(Reason.X, "The run ended")', "lower case", id="stop"),
        pytest.param('print("warning: it is full.")', "full stop", id="warning"),
        pytest.param('_ADVICE = {1: "The user is gone."}', "a verb", id="advice"),
        pytest.param('_ADVICE = {1: "The user is gone; restore it."}', None, id="good advice"),
    ],
)
def test_a_bad_message_is_found_and_a_good_one_let_be(tmp_path: Path, source: str, said: str | None) -> None:
    found = [breach for message in of_source(tmp_path, source) for breach in breaches(message)]
    assert found == [] if said is None else any(said in breach for breach in found), found
