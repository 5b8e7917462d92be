"""What can end a run early, as the operator reads it."""

import re

import pytest

import batchreset.errors
from batchreset.errors import BatchresetError, ExitCode, RefusedError, sentence

CLASSES = [
    value
    for value in vars(batchreset.errors).values()
    if isinstance(value, type) and issubclass(value, BatchresetError)
]


def test_the_exit_codes_are_the_documented_numbers() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "UNEXPECTED": 1,
        "REFUSED": 2,
        "ROWS_FAILED": 3,
        "STOPPED_BY_SAFETY": 4,
        "SIGN_IN": 5,
        "RUN_HELD": 11,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


@pytest.mark.parametrize("error", [kind for kind in CLASSES if kind is not BatchresetError], ids=lambda e: e.__name__)
def test_the_tree_in_the_docstring_is_the_tree(error: type[BatchresetError]) -> None:
    """A subclass's line bears the number of the branch it stands on."""
    tree = batchreset.errors.__doc__ or ""
    branch = RefusedError if issubclass(error, RefusedError) else error
    while branch.__base__ is not BatchresetError:
        branch = branch.__base__  # type: ignore[assignment]
    line = re.search(rf"── {branch.__name__} +(\d+) ", tree)

    assert re.search(rf"── {error.__name__}\b", tree)
    assert line is not None
    assert error.exit_code == int(line[1])


@pytest.mark.parametrize("error", CLASSES, ids=lambda e: e.__name__)
def test_an_error_says_what_happened_then_details_then_what_to_do(error: type[BatchresetError]) -> None:
    raised = error("no such file", next_step="check the path", details=("row 1", "row 2"))

    assert raised.lines() == ["error: no such file.", "  row 1", "  row 2", "what to do: check the path."]
    assert str(raised) == raised.what == "no such file"
    assert (raised.next_step, raised.details) == ("check the path", ("row 1", "row 2"))


def test_an_error_of_no_class_of_its_own_is_unexpected() -> None:
    assert BatchresetError.exit_code is ExitCode.UNEXPECTED


def test_an_error_without_details_has_two_lines() -> None:
    assert BatchresetError("a", next_step="b").lines() == ["error: a.", "what to do: b."]


@pytest.mark.parametrize(
    ("text", "written"),
    [("x", "x."), ("x.", "x."), ("x?", "x?"), ("x!", "x!"), ("x…", "x…"), ("`y`", "`y`"), ("x)", "x)."), ("", ".")],
)
def test_a_sentence_ends_once(text: str, written: str) -> None:
    assert sentence(text) == written
    assert sentence(written) == written
